"""What is known of each request and each target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tui.bench.plan import Step
from tui.chat.figures import AnswerFigures

_NUMBERS = (
    "ttft_s",
    "ttfa_s",
    "tpot_s",
    "decode_tok_s",
    "e2e_s",
    "e2e_tok_s",
    "input_tokens",
    "output_tokens",
    "tokens_estimated",
    "finish_reason",
)


@dataclass(frozen=True, slots=True)
class RequestResult:
    """One measured request, done or failed."""

    step: Step
    started_at: str
    """ISO 8601 with zone."""
    figures: AnswerFigures | None
    error: str | None = None
    """Why it failed, for people; its times do not count then."""
    error_code: str | None = None
    """The same as a stable word: `timed_out`, `stream_broken`, `backend_unavailable` ..."""
    took_s: float | None = None
    """From before the connection to the end, whatever that was. Requests of one burst begin
    together, so that the largest of these is what they took together."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        figures = self.figures or AnswerFigures()
        return {
            "sequence": self.step.sequence,
            "target": self.step.target,
            "round": self.step.round_index + 1,
            "prompt": self.step.prompt_index,
            "lane": self.step.lane,
            "started_at": self.started_at,
            **{name: getattr(figures, name) for name in _NUMBERS},
            "took_s": self.took_s,
            "itl_s": list(figures.itl_s),
            "text": figures.text,
            "reasoning": figures.reasoning_text,
            "error": self.error,
            "error_code": self.error_code,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RequestResult:
        """Read what `as_dict` wrote, also in earlier versions."""
        step = Step(
            values["sequence"],
            values["round"] - 1,
            values["prompt"],
            values["target"],
            values.get("lane", 0),
        )
        figures = AnswerFigures(
            **{name: values[name] for name in _NUMBERS},
            itl_s=tuple(values["itl_s"]),
            text=values["text"],
            reasoning_text=values.get("reasoning", ""),
        )
        return cls(
            step,
            values["started_at"],
            figures,
            values["error"],
            values.get("error_code"),
            values.get("took_s"),
        )


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What is known of a target beside its requests."""

    target: str
    """Its label."""
    load_s: float | None = None
    """Median, where it was loaded more than once."""
    load_bytes: int | None = None
    """Growth of the runtime's memory at the load; None where it was loaded before."""
    warm_up_requests: int = 0
    """In all."""
    steady: bool = True
    """Whether the times had settled each time that measuring began."""
    rss_peak_bytes: int | None = None
    """Of the whole runtime, while this target answered."""
    rss_mean_bytes: int | None = None
    error: str | None = None
    """Why it could not be measured at all."""
    variant_id: str = ""
    device: str = ""
    execution_provider: str = ""
    size_bytes: int | None = None
    """On disk."""
    endpoint: str = ""
    """Where it was asked."""
    load_times_s: tuple[float, ...] = ()
    cpu_percent: float | None = None
    """Of one core, of the whole runtime, while this target answered."""
    api: str = "chat"
    """The route that was asked: `chat` or `completions`."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TargetFacts:
        """Read what was kept, also by other versions."""
        known = {one.name for one in fields(cls)}
        plain = {key: value for key, value in values.items() if key in known}
        if "load_times_s" in plain:
            plain["load_times_s"] = tuple(plain["load_times_s"])
        return cls(**plain)
