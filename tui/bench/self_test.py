"""One model against itself: what this machine and this way of measuring see where nothing is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from tui.bench.pairs import Metric
from tui.bench.plan import LEAST_MARGIN, BenchPlan, PlanError
from tui.bench.summary import Summary

ROUNDS = 20
LABELS = ("A", "B")
WHAT = (
    "One loaded copy was asked under two names: this is the noise of machine and method. Two "
    "copies of one model differed by up to 1 % more where that was measured, which is why the "
    "margin is never below 1 %."
)


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One metric of a model against itself."""

    metric: Metric
    low: float
    """Interval of the ratio, which is 1 in truth."""
    high: float
    needed: float | None
    """The margin that keeps this from being told as a difference, 0.02 is 2 %; None where the
    conditions do not allow to say."""
    reason: str = ""
    """Why it cannot be said."""

    @property
    def text(self) -> str:
        """What may be said."""
        interval = f"{100 * (self.low - 1):+.1f} to {100 * (self.high - 1):+.1f} %"
        name = self.metric.removesuffix("_s").upper()
        if self.needed is None:
            return f"{name}: not told, {self.reason} (95 % interval {interval})."
        if self.needed <= LEAST_MARGIN:
            return f"{name}: the usual margin of 1 % is enough here (95 % interval {interval})."
        return (
            f"{name}: this machine needs a margin of {100 * self.needed:.1f} % (the model seemed "
            f"to differ from itself by {interval}): bench --margin {100 * self.needed:.1f}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "metric": self.metric,
            "ci95": [self.low, self.high],
            "margin_needed": self.needed,
            "text": self.text,
        }


def self_test_plan(plan: BenchPlan) -> BenchPlan:
    """Return the plan that asks its one target under two labels. Raises `PlanError`."""
    if len(plan.targets) != 1:
        raise PlanError(
            f"A self-test takes one model, not {len(plan.targets)}.", "bench --self-test --models A"
        )
    target = plan.targets[0]
    return replace(plan, targets=tuple(replace(target, label=label) for label in LABELS))


def is_self_test(plan: BenchPlan) -> bool:
    """Tell whether a plan asks one model under two labels."""
    return plan.labels == LABELS and len({one.variant_id for one in plan.targets}) == 1


def self_test(summary: Summary) -> tuple[SelfTest, ...]:
    """Return the margin that each metric needs; a metric without enough rounds is left out."""
    found = []
    for one in summary.verdicts:
        low, high = one.verdict.low, one.verdict.high
        if low is None or high is None:
            continue
        # The end of the interval that is nearer to 'no difference', if that is not inside.
        near = max(math.log(low), -math.log(high), 0.0)
        # Rounded up: a margin that is cut off would be too small.
        needed = max(LEAST_MARGIN, math.ceil(1000 * (math.exp(near) - 1)) / 1000)
        unstable = one.verdict.kind == "unstable"
        reason = one.verdict.reason if unstable else ""
        found.append(SelfTest(one.metric, low, high, None if unstable else needed, reason))
    return tuple(found)
