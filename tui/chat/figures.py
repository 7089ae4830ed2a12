"""What an answer cost: the metrics of a stream, from its events.

t0 request sent, t1 first generated text, tn last, n output tokens:
TTFT = t1 - t0; TTFA = first text that is no reasoning - t0; TPOT = (tn - t1) / (n - 1);
decode tok/s = 1 / TPOT; ITL = the single gaps; E2E = last byte - t0; E2E tok/s = n / E2E.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from tui.foundry.types import ChatDelta, ChatEvent, ChatFinished, ChatStarted, FinishReason


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """The metrics of one answer; None where there is not enough to say."""

    ttft_s: float | None = None
    ttfa_s: float | None = None
    tpot_s: float | None = None
    decode_tok_s: float | None = None
    itl_s: tuple[float, ...] = ()
    e2e_s: float | None = None
    e2e_tok_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    tokens_estimated: bool = False
    """Whether tokens were counted by the pieces that arrived, as the server sent no usage."""
    finish_reason: FinishReason | None = None
    text: str = ""
    reasoning_text: str = ""
    reasoning_s: float | None = None
    """From the first text of the reasoning to the first of the answer, or to now without one."""


class AnswerMeter:
    """Takes the events of one stream as they come; its figures may be asked for at any time."""

    def __init__(self) -> None:
        self._started_s: float | None = None
        self._first_answer_s: float | None = None
        self._first_reasoning_s: float | None = None
        self._arrivals_s: list[float] = []
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._finished: ChatFinished | None = None

    def feed(self, event: ChatEvent) -> None:
        """Take in the next event."""
        match event:
            case ChatStarted():
                self._started_s = event.at_s
            case ChatDelta():
                self._arrivals_s.append(event.at_s)
                if event.reasoning:
                    self._reasoning.append(event.text)
                    if self._first_reasoning_s is None:
                        self._first_reasoning_s = event.at_s
                else:
                    self._text.append(event.text)
                    if self._first_answer_s is None:
                        self._first_answer_s = event.at_s
            case ChatFinished():
                self._finished = event

    def figures(self) -> AnswerFigures:
        """Return the metrics so far."""
        return replace(
            self.live(),
            itl_s=tuple(later - before for before, later in pairwise(self._arrivals_s)),
            text="".join(self._text),
            reasoning_text="".join(self._reasoning),
        )

    def live(self) -> AnswerFigures:
        """Return the metrics so far without texts and gaps; costs the same for any length."""
        start, arrivals, end = self._started_s, self._arrivals_s, self._finished
        counted = end.output_tokens if end is not None else None
        tokens = counted if counted is not None else (len(arrivals) or None)
        span = arrivals[-1] - arrivals[0] if len(arrivals) > 1 else None
        tpot = span / (tokens - 1) if span and tokens and tokens > 1 else None
        e2e = end.at_s - start if end is not None and start is not None else None
        return AnswerFigures(
            ttft_s=arrivals[0] - start if arrivals and start is not None else None,
            ttfa_s=self._first_answer_s - start
            if self._first_answer_s is not None and start is not None
            else None,
            tpot_s=tpot,
            decode_tok_s=1 / tpot if tpot else None,
            e2e_s=e2e,
            e2e_tok_s=tokens / e2e if tokens and e2e else None,
            input_tokens=end.input_tokens if end is not None else None,
            output_tokens=tokens,
            tokens_estimated=counted is None and tokens is not None,
            finish_reason=end.finish_reason if end is not None else None,
            reasoning_s=self._reasoning_s(),
        )

    def _reasoning_s(self) -> float | None:
        if self._first_reasoning_s is None:
            return None
        until_s = self._arrivals_s[-1] if self._first_answer_s is None else self._first_answer_s
        return max(0.0, until_s - self._first_reasoning_s)
