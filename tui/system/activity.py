"""What the models do for this program right now: tokens per second and times to first token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FORGOTTEN_AFTER_S = 120.0
"""An answer that has not moved for as long is dropped: its end was never told."""

LiveSource = Literal["chat", "bench"]


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """How far one answer has come. Times are `time.perf_counter()`."""

    stream: int
    """Tells answers apart; the same in all that is told about one."""
    variant_id: str
    source: LiveSource
    tokens: int = 0
    """Pieces that arrived so far; nearly every server sends one for each token."""
    counted: int | None = None
    """What the server counted; told at the end, where it tells."""
    first_s: float | None = None
    last_s: float | None = None
    ttft_s: float | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class LiveSample:
    """What the models did since the last sample."""

    tok_s: float | None = None
    """Tokens over the time in which they came; None while nothing is generated."""
    ttft_s: float | None = None
    """Of the newest answer that began since the last sample."""
    answering: tuple[str, ...] = ()
    """Variants that answer now or did since the last sample."""


class Activity:
    """Keeps the answers that are being written, and turns them into samples."""

    def __init__(self) -> None:
        self._streams: dict[int, LiveFigures] = {}
        self._seen: dict[int, tuple[int, float]] = {}
        """Tokens and time up to which each answer is in a sample already."""
        self._began: list[LiveFigures] = []
        self.last_ttft_s: float | None = None
        self.last_tok_s: float | None = None
        """Of the last sample in which anything was generated."""
        self.by_variant: dict[str, tuple[float | None, float | None]] = {}
        """Tokens a second and TTFT of each variant's newest answer."""

    @property
    def answering(self) -> tuple[str, ...]:
        """Variants that answer now, each once."""
        return tuple(dict.fromkeys(one.variant_id for one in self._streams.values()))

    def take(self, figures: LiveFigures) -> bool:
        """Take in how far an answer has come; tells whether its first token is news."""
        before = self._streams.get(figures.stream)
        self._streams[figures.stream] = figures
        first = figures.first_s is not None and (before is None or before.first_s is None)
        if first:
            self._began.append(figures)
            if figures.ttft_s is not None:
                self.last_ttft_s = figures.ttft_s
        return first

    def sample(self, now_s: float) -> LiveSample:
        """Return what was done since the last call, and forget what has ended.

        The rate counts only the time in which tokens came: of two answers one after the other
        it is the mean, of two at once the sum.
        """
        tokens, spans, names = 0, [], []
        for stream, one in list(self._streams.items()):
            names.append(one.variant_id)
            if one.first_s is not None and one.last_s is not None:
                # The first token ends the wait for it, and begins the time of the others.
                seen_tokens, seen_s = self._seen.get(stream, (1, one.first_s))
                known = one.tokens if stream in self._seen else one.counted or one.tokens
                if one.last_s > seen_s and known > seen_tokens:
                    tokens += known - seen_tokens
                    spans.append((seen_s, one.last_s))
                    self._seen[stream] = (one.tokens, one.last_s)
            self._note(one)
            if one.ended or now_s - (one.last_s or now_s) > FORGOTTEN_AFTER_S:
                del self._streams[stream]
                self._seen.pop(stream, None)
        ttfts = [one.ttft_s for one in self._began if one.ttft_s is not None]
        self._began.clear()
        busy_s = _covered(spans)
        tok_s = tokens / busy_s if busy_s > 0 else None
        if tok_s is not None:
            self.last_tok_s = tok_s
        return LiveSample(tok_s, ttfts[-1] if ttfts else None, tuple(dict.fromkeys(names)))

    def _note(self, one: LiveFigures) -> None:
        tok_s, ttft_s = self.by_variant.get(one.variant_id, (None, None))
        newest = (_rate(one) or tok_s, ttft_s if one.ttft_s is None else one.ttft_s)
        if newest != (None, None):
            self.by_variant[one.variant_id] = newest


def _rate(one: LiveFigures) -> float | None:
    """Return the tokens a second of an answer so far, the first token left out."""
    if one.first_s is None or one.last_s is None or one.last_s <= one.first_s:
        return None
    return ((one.counted or one.tokens) - 1) / (one.last_s - one.first_s)


def _covered(spans: list[tuple[float, float]]) -> float:
    """Return the length of the union of spans."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
