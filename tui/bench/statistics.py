"""The few statistics that the verdicts need, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

ALPHA = 0.05


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile with linear interpolation (Hyndman and Fan's type 7)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return quantile(values, 0.5)


def order_interval(
    values: Sequence[float], share: float = 0.5, alpha: float = ALPHA
) -> tuple[float | None, float | None]:
    """Return an interval for a quantile from order statistics; needs no distribution.

    Bounds are the values between which the true quantile lies with at least 1 - alpha, by the
    binomial distribution (Hahn and Meeker). A bound that so few values cannot give is None.
    """
    ordered, count = sorted(values), len(values)
    below = 0.0
    low = 0
    chances = [_binomial(count, k, share) for k in range(count + 1)]
    for k, chance in enumerate(chances):
        below += chance
        if below > alpha / 2:
            break
        low = k + 1
    above = 0.0
    high = count + 1
    for k in range(count, -1, -1):
        above += chances[k]
        if above > alpha / 2:
            break
        high = k
    return (
        ordered[low - 1] if low >= 1 else None,
        ordered[high - 1] if high <= count else None,
    )


def _binomial(count: int, hits: int, share: float) -> float:
    if share in (0.0, 1.0):
        return 1.0 if hits == count * share else 0.0
    log = (
        math.lgamma(count + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(count - hits + 1)
        + hits * math.log(share)
        + (count - hits) * math.log1p(-share)
    )
    return math.exp(log)


@lru_cache(maxsize=256)
def t_critical(alpha: float, degrees: int) -> float:
    """Return the two-sided critical value of Student's t, by bisection."""
    low, high = 0.0, 1.0
    while _two_sided(high, degrees) > alpha:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        if _two_sided(middle, degrees) > alpha:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _two_sided(t: float, degrees: int) -> float:
    return _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    tiny = 1e-300
    c, d, result = 1.0, 0.0, 1.0
    for step in range(400):
        m = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + numerator * d or tiny)
        c = 1 + numerator / c or tiny
        result *= c * d
        if abs(1 - c * d) < 1e-15:
            break
    return front * (result - 1) / a
