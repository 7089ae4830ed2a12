"""What is known of each request and each target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        figures = self.figures or AnswerFigures()
        return {
            "sequence": self.step.sequence,
            "target": self.step.target,
            "round": self.step.round_index + 1,
            "prompt": self.step.prompt_index,
            "started_at": self.started_at,
            **{name: getattr(figures, name) for name in _NUMBERS},
            "itl_s": list(figures.itl_s),
            "text": figures.text,
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RequestResult:
        """Read what `as_dict` wrote."""
        step = Step(values["sequence"], values["round"] - 1, values["prompt"], values["target"])
        figures = AnswerFigures(
            **{name: values[name] for name in _NUMBERS},
            itl_s=tuple(values["itl_s"]),
            text=values["text"],
        )
        return cls(step, values["started_at"], figures, values["error"])


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What is known of a target beside its requests."""

    target: str
    load_s: float | None = None
    load_bytes: int | None = None
    """Growth of the runtime's memory at the load; None where it was loaded before."""
    warm_up_requests: int = 0
    steady: bool = True
    """Whether the times had settled when measuring began."""
    rss_peak_bytes: int | None = None
    """Of the whole runtime, while this target answered."""
    rss_mean_bytes: int | None = None
    error: str | None = None
    """Why it could not be measured at all."""
