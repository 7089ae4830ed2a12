"""How answers of a model were rated, wherever that stands."""

from __future__ import annotations

from typing import NamedTuple

from tui.catalog.measured import Measured
from tui.catalog.registry import RegistryEntry


class KnownRating(NamedTuple):
    """A rating and where it comes from."""

    rating: float | None
    """Mean of accuracy, fluency and relevance, 1 to 5."""
    source: str
    """`rated here`, `models.json`, or ''."""


def rating_of(measured: Measured | None, entry: RegistryEntry | None) -> KnownRating:
    """Return the rating that was given here, else the one that the team's registry holds."""
    if measured is not None and measured.rating is not None:
        return KnownRating(measured.rating, "rated here")
    held = entry.extra.get("measured") if entry is not None else None
    rating = held.get("rating") if isinstance(held, dict) else None
    if isinstance(rating, int | float) and not isinstance(rating, bool) and 1 <= rating <= 5:
        return KnownRating(float(rating), "models.json")
    return KnownRating(None, "")
