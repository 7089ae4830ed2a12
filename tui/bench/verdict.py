"""Who is faster, by how much, and whether one may say so.

Values of the same prompt in the same round are compared as ln(time A / time B); what disturbs a
whole round hits both and cancels out. The unit of the statistics is the round, never the request.

1. Per prompt: m = median over the rounds, s = b_n * 1.4826 * median |d - m|; values outside
   m -+ 3 s are pulled in to that limit; c is the share pulled in.
2. Per round: x = mean of the m + mean of (pulled-in d - m) over the prompts present.
3. ratio = exp(mean x), interval exp(mean x -+ t * sd(x) / sqrt(n) / (1 - c)).
4. Faster or slower: the whole interval lies beyond `MARGIN`, as two loaded copies of the same model
   really differ by up to that.

The factors were validated together on real and simulated runs: change one, validate again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from tui.bench.statistics import ALPHA, median, quantile, t_critical

MARGIN = math.log(1.01)
LEAST_ROUNDS = 6
SPREAD_LIMIT = 1.8
WIDTH_LIMIT = 0.25
UNEQUAL_ANSWERS = 0.10
_MAD_FACTORS = {6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}

Times = Sequence[Sequence[float | None]]
"""Seconds by round and prompt; None for a failed request."""
Kind = Literal["faster", "slower", "no difference", "unstable", "too few"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A against B."""

    kind: Kind
    """Of A."""
    ratio: float | None = None
    """Time of A over time of B."""
    low: float | None = None
    high: float | None = None
    rounds: int = 0
    """Rounds that count."""
    prompts: int = 0
    prompts_faster: int = 0
    """Prompts on which A needs less time, beyond the margin."""
    prompts_slower: int = 0
    under_load: bool = False
    """The comparison holds, but conditions changed: the single numbers are not reproducible."""
    reason: str = ""
    """Why it is unstable, or what is missing."""
    alpha: float = ALPHA

    @property
    def ruled_out(self) -> float | None:
        """The difference above which 'no difference shown' rules all out: 0.04 is 4 %."""
        if self.low is None or self.high is None:
            return None
        return math.exp(max(abs(math.log(self.low)), abs(math.log(self.high)))) - 1


def compare(
    a: Times,
    b: Times,
    *,
    pairs: int = 1,
    spread: float | None = None,
    margin: float = MARGIN,
) -> Verdict:
    """Compare the times of two targets.

    Args:
        a: Times of A by round and prompt.
        b: Times of B in the same rounds and prompts.
        pairs: How many pairs of targets are compared in this run; the error is shared among them.
        spread: How much the run's conditions changed, from `spread_of`.
        margin: Natural logarithm of the ratio that a difference has to lie beyond.
    """
    logs = _pairs(a, b)
    prompts = _counting_prompts(logs)
    rounds = [
        row
        for row in logs
        if prompts and sum(row[p] is not None for p in prompts) >= len(prompts) / 2
    ]
    alpha = ALPHA / max(1, pairs)
    if len(rounds) < LEAST_ROUNDS or not prompts:
        missing = f"{len(rounds)} valid rounds; a verdict needs {LEAST_ROUNDS}"
        if len(logs) >= LEAST_ROUNDS and not prompts:
            missing = f"no prompt has answers of both in half of the {len(logs)} rounds"
        return Verdict("too few", rounds=len(rounds), prompts=len(prompts), reason=missing)
    middles = [median([d for row in logs if (d := row[p]) is not None]) for p in prompts]
    values, clipped = _round_values(logs, rounds, prompts, middles)
    mean = fmean(values)
    error = stdev(values) / math.sqrt(len(values)) / (1 - clipped)
    half = t_critical(alpha, len(values) - 1) * error
    kind, under_load, reason = _kind(mean, half, spread, margin)
    return Verdict(
        kind,
        math.exp(mean),
        math.exp(mean - half),
        math.exp(mean + half),
        len(values),
        len(prompts),
        sum(middle < -margin for middle in middles),
        sum(middle > margin for middle in middles),
        under_load,
        reason,
        alpha,
    )


def spread_of(series: Sequence[Sequence[float]]) -> float | None:
    """Return p90/p10 over all values, each divided by its series' median: 1 is steady.

    Args:
        series: E2E times, one series for each target and prompt.
    """
    relative = [value / median(one) for one in series if one for value in one]
    if not relative:
        return None
    return quantile(relative, 0.9) / quantile(relative, 0.1)


def unequal_answers(tokens_a: Sequence[float], tokens_b: Sequence[float]) -> bool:
    """Tell whether answers differ so much in length that E2E says nothing about speed.

    Args:
        tokens_a: Median output tokens of A for each prompt.
        tokens_b: The same of B.
    """
    return any(
        max(one, other) > (1 + UNEQUAL_ANSWERS) * min(one, other)
        for one, other in zip(tokens_a, tokens_b, strict=True)
    )


def _pairs(a: Times, b: Times) -> list[list[float | None]]:
    return [
        [
            math.log(one / other) if one and other and one > 0 and other > 0 else None
            for one, other in zip(row_a, row_b, strict=True)
        ]
        for row_a, row_b in zip(a, b, strict=True)
    ]


def _counting_prompts(logs: Sequence[Sequence[float | None]]) -> list[int]:
    if not logs:
        return []
    return [
        p for p in range(len(logs[0])) if sum(row[p] is not None for row in logs) >= len(logs) / 2
    ]


def _round_values(
    logs: Sequence[Sequence[float | None]],
    rounds: Sequence[Sequence[float | None]],
    prompts: Sequence[int],
    middles: Sequence[float],
) -> tuple[list[float], float]:
    """Return one value a round, and the share of single values that were pulled in."""
    limits = []
    for p, middle in zip(prompts, middles, strict=True):
        distances = [abs(d - middle) for row in logs if (d := row[p]) is not None]
        count = len(distances)
        factor = _MAD_FACTORS.get(count, count / (count - 0.8))
        limits.append(3 * factor * 1.4826 * median(distances))
    level = fmean(middles)
    pulled = total = 0
    values = []
    for row in logs:
        offsets = []
        for p, middle, limit in zip(prompts, middles, limits, strict=True):
            value = row[p]
            if value is None:
                continue
            offset = value - middle
            total += 1
            if limit > 0 and abs(offset) > limit:
                pulled += 1
                offset = math.copysign(limit, offset)
            offsets.append(offset)
        if any(row is one for one in rounds):
            values.append(level + fmean(offsets))
    return values, pulled / total


def _kind(mean: float, half: float, spread: float | None, margin: float) -> tuple[Kind, bool, str]:
    loaded = spread is not None and spread > SPREAD_LIMIT
    if mean + half < -margin:
        return "faster", loaded, ""
    if mean - half > margin:
        return "slower", loaded, ""
    if loaded:
        return "unstable", True, f"conditions changed (spread {spread:.1f}x)"
    if math.exp(half) - 1 > WIDTH_LIMIT:
        width = f"+-{math.exp(half) - 1:.0%}".replace("%", " %")
        return "unstable", False, f"too imprecise ({width}), more rounds or prompts"
    return "no difference", False, ""
