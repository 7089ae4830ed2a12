"""One run against an earlier one: what changed, and what was not alike.

There is no verdict: the same model's level moves by about 12 % from one start of the runtime to
the next (coefficient of variation over ten restarts), and two runs share no rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tui.bench.context import differences
from tui.bench.summary import METRICS, Metric, Summary, TargetSummary
from tui.foundry.ids import same_variant

LEVELS_MOVE = (
    "Two runs share no rounds, and the same model's level moves by about 12 % from one start of "
    "the runtime to the next: small changes say nothing."
)
_PLAN_KEYS = (
    "max_tokens", "temperature", "top_p", "seed", "concurrency", "api", "order", "memory",
    "prompt_set", "prompt_set_sha256",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """The median of one metric of one target, before and now."""

    target: str
    metric: Metric
    before: float | None
    now: float | None

    @property
    def ratio(self) -> float | None:
        """Now over before."""
        if not self.before or self.now is None:
            return None
        return self.now / self.before

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "target": self.target,
            "metric": self.metric,
            "before": self.before,
            "now": self.now,
            "ratio": self.ratio,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs."""

    now_id: str
    before_id: str
    unlike: tuple[str, ...]
    """In what their conditions differ; empty where they are alike."""
    only_now: tuple[str, ...]
    """Labels of targets that the earlier run does not have."""
    only_before: tuple[str, ...]
    changes: tuple[Change, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "run_id": self.before_id,
            "unlike": list(self.unlike),
            "only_now": list(self.only_now),
            "only_before": list(self.only_before),
            "changes": [one.as_dict() for one in self.changes],
            "note": LEVELS_MOVE,
        }


def compare_runs(now: Summary, before: Summary) -> Comparison:
    """Compare two runs, target by target, and say in what they were not alike."""
    pairs = [(one, matching(one, before)) for one in now.targets]
    matched = {other.facts.target for _, other in pairs if other is not None}
    unlike = differences(now.context, before.context)
    unlike += differences(now.context, before.context, _PLAN_KEYS)
    power = ("power_source",)
    unlike += differences(
        now.context.get("conditions", {}), before.context.get("conditions", {}), power
    )
    for one, other in pairs:
        if other is not None:
            unlike += _facts_unlike(one, other)
    changes = [
        Change(one.facts.target, metric, other.metrics[metric].median, one.metrics[metric].median)
        for one, other in pairs
        if other is not None
        for metric in METRICS
        if metric != "ttfa_s" or _thinks(one) or _thinks(other)
    ]
    return Comparison(
        now.run_id,
        before.run_id,
        tuple(unlike),
        tuple(one.facts.target for one, other in pairs if other is None),
        tuple(one.facts.target for one in before.targets if one.facts.target not in matched),
        tuple(changes),
    )


def matching(one: TargetSummary, before: Summary) -> TargetSummary | None:
    """Return the earlier run's target of the same label, else its only one of the same variant."""
    label = one.facts.target
    for other in before.targets:
        if other.facts.target == label:
            return other
    variant = one.facts.variant_id or label
    found = [
        other
        for other in before.targets
        if same_variant(other.facts.variant_id or other.facts.target, variant)
    ]
    return found[0] if len(found) == 1 else None


def _thinks(one: TargetSummary) -> bool:
    """Tell whether a model reasons before it answers; else TTFA is TTFT once more."""
    return one.metrics["ttfa_s"].median != one.metrics["ttft_s"].median


def _facts_unlike(one: TargetSummary, other: TargetSummary) -> list[str]:
    found = []
    for name in ("variant_id", "device", "execution_provider", "endpoint", "api"):
        now, before = getattr(one.facts, name), getattr(other.facts, name)
        # The embedded runtime takes a free port at each start.
        if now and before and now != before and not (name == "endpoint" and _loopback(now, before)):
            found.append(f"{one.facts.target}: {name.replace('_', ' ')} {now} / {before}")
    return found


def _loopback(*addresses: str) -> bool:
    return all("//127.0.0.1:" in one for one in addresses)
