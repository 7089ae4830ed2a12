"""How far raters agree: Krippendorff's alpha for ordered scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_UNITS = 20
"""With fewer units rated by two, alpha is anything: 0.26 to 0.90 at 12, with good raters."""
LOW = 0.67


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the raters agree on one criterion."""

    units: int
    """Answers that at least two people rated."""
    alpha: float | None = None
    """None below `LEAST_UNITS`, and where all scores are the same."""

    @property
    def low(self) -> bool:
        """Whether the scores say more about the raters than about the answers."""
        return self.alpha is not None and self.alpha < LOW

    @property
    def text(self) -> str:
        """What may be said of it."""
        if self.units < LEAST_UNITS:
            return f"not told: {self.units} answers rated by two, {LEAST_UNITS} are needed"
        if self.alpha is None:
            return f"not defined: all scores are the same (n {self.units})"
        return f"{self.alpha:.2f}{' low' if self.low else ''} (n {self.units})"


def agreement(units: Sequence[Sequence[int]]) -> Agreement:
    """Judge the agreement on one criterion.

    Args:
        units: The scores that each answer got, one from each of its raters.
    """
    doubly = [unit for unit in units if len(unit) >= 2]
    if len(doubly) < LEAST_UNITS:
        return Agreement(len(doubly))
    return Agreement(len(doubly), ordinal_alpha(doubly))


def ordinal_alpha(units: Sequence[Sequence[int]]) -> float | None:
    """Return Krippendorff's alpha with the ordinal difference; None where nothing varies.

    Units may have any number of scores; those with fewer than two do not count.
    """
    doubly = [unit for unit in units if len(unit) >= 2]
    totals = Counter(score for unit in doubly for score in unit)
    count = sum(totals.values())
    if len(totals) < 2:
        return None
    distance = _ordinal_distances(totals)
    observed = sum(
        distance[one, other] / (len(unit) - 1) for unit in doubly for one in unit for other in unit
    )
    expected = sum(
        totals[one] * totals[other] * distance[one, other] for one in totals for other in totals
    ) / (count - 1)
    return 1 - observed / expected


def _ordinal_distances(totals: Mapping[int, int]) -> dict[tuple[int, int], float]:
    """Two scores are as far apart as there are scores between them, squared."""
    distances = {}
    for one in totals:
        for other in totals:
            low, high = min(one, other), max(one, other)
            between = sum(n for score, n in totals.items() if low <= score <= high)
            distances[one, other] = (between - (totals[one] + totals[other]) / 2) ** 2
    return distances
