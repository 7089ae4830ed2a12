"""Whose answers are better, and whether one may say so: a t interval over the prompts.

Per prompt D = mean over raters and criteria of (score of A - score of B). The unit is the prompt:
more raters do not replace prompts, and a bootstrap names false winners with so few of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from tui.bench.statistics import ALPHA, t_critical

LEAST_PROMPTS = 6
FEW_PROMPTS = 12
Better = Literal["better", "worse", "no difference", "too few"]


@dataclass(frozen=True, slots=True)
class RatingVerdict:
    """A against B."""

    kind: Better
    """Of A."""
    mean: float | None = None
    """Mean difference of the scores, in points of 1 to 5."""
    low: float | None = None
    high: float | None = None
    prompts: int = 0
    """Prompts that were rated for both."""
    alpha: float = ALPHA

    @property
    def few(self) -> bool:
        """Whether it rests on few prompts, which is said beside it."""
        return LEAST_PROMPTS <= self.prompts < FEW_PROMPTS


def judge(differences: Sequence[float], pairs: int = 1) -> RatingVerdict:
    """Judge the scores of two targets.

    Args:
        differences: For each prompt the mean difference of the scores, A - B.
        pairs: How many pairs are compared in this run; the error is shared among them.
    """
    alpha = ALPHA / max(1, pairs)
    count = len(differences)
    mean = fmean(differences) if differences else None
    if mean is None or count < 2:
        return RatingVerdict("too few", mean, prompts=count, alpha=alpha)
    half = t_critical(alpha, count - 1) * stdev(differences) / math.sqrt(count)
    low, high = mean - half, mean + half
    if count < LEAST_PROMPTS:
        return RatingVerdict("too few", mean, low, high, count, alpha)
    kind: Better = "better" if low > 0 else "worse" if high < 0 else "no difference"
    return RatingVerdict(kind, mean, low, high, count, alpha)


def rating_verdict_text(a: str, b: str, verdict: RatingVerdict) -> str:
    """Write the verdict as a sentence, with the interval and what it rests on."""
    prompts = f"{verdict.prompts} prompt{'' if verdict.prompts == 1 else 's'}"
    if verdict.kind == "too few":
        return f"rating of {a} and {b}: {prompts} rated; a verdict needs {LEAST_PROMPTS}"
    low, high, mean = verdict.low or 0.0, verdict.high or 0.0, verdict.mean or 0.0
    if verdict.kind == "worse":
        a, b = b, a
        low, high, mean = -high, -low, -mean
    over = f" over all {round(ALPHA / verdict.alpha)} pairs" if verdict.alpha < ALPHA else ""
    interval = f"95 % interval{over} {low:+.2f} to {high:+.2f}"
    few = ", few prompts" if verdict.few else ""
    if verdict.kind == "no difference":
        return f"rating of {a} and {b}: no difference shown ({interval}, {prompts}{few})"
    return f"{a} is rated {mean:.2f} points better than {b} ({interval}, {prompts}{few})"
