"""How long a run will still take, from what it took so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean


class Forecast:
    """Takes in what each target needs for a burst and for coming into memory."""

    def __init__(self) -> None:
        self._bursts_s: dict[str, list[float]] = {}
        self._loads_s: dict[str, list[float]] = {}

    def burst(self, target: str, took_s: float) -> None:
        """A target answered."""
        self._bursts_s.setdefault(target, []).append(took_s)

    def load(self, target: str, took_s: float) -> None:
        """A target was brought into memory and warmed up."""
        self._loads_s.setdefault(target, []).append(took_s)

    def left_s(self, bursts: Mapping[str, int], loads: Iterable[str] = ()) -> float | None:
        """Return the seconds left; None before every target was measured once.

        Args:
            bursts: How many bursts are left of each target.
            loads: Targets that will be brought into memory again, as often as they are named.
        """
        if any(target not in self._bursts_s for target, count in bursts.items() if count):
            return None
        answering_s = sum(
            fmean(self._bursts_s[target]) * count for target, count in bursts.items() if count
        )
        return answering_s + sum(fmean(self._loads_s.get(target, [0.0])) for target in loads)
