"""The runtime's resident memory, several times a second while something loads or unloads."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

KEPT = 2_400
"""Two minutes at twenty a second."""
AIR_S = 0.3
"""A little earlier and later than the time asked for: messages take their time."""


@dataclass(frozen=True, slots=True)
class MemoryTrace:
    """What the runtime held before, at most while, and after something happened."""

    before_bytes: int
    peak_bytes: int
    after_bytes: int
    highest_bytes: int | None = None
    """The most that it held since it started; None where the system does not tell."""

    @property
    def growth_bytes(self) -> int:
        """What stayed; negative where it gave back."""
        return self.after_bytes - self.before_bytes


@dataclass(frozen=True, slots=True)
class _Reading:
    at_s: float
    rss_bytes: int
    highest_bytes: int | None


class RssTrace:
    """Keeps readings of the last minutes."""

    def __init__(self) -> None:
        self._readings: deque[_Reading] = deque(maxlen=KEPT)

    def clear(self) -> None:
        """Forget everything: another process holds the models now."""
        self._readings.clear()

    def add(self, at_s: float, rss_bytes: int, highest_bytes: int | None = None) -> None:
        """Add a reading.

        Args:
            at_s: `time.perf_counter()`.
            rss_bytes: Of all processes of the runtime.
            highest_bytes: The most that it held since it started, where the system tells.
        """
        self._readings.append(_Reading(at_s, rss_bytes, highest_bytes))

    def between(self, start_s: float, end_s: float) -> MemoryTrace | None:
        """Return what happened in a time; None where nothing was read before it.

        The system's own high-water mark counts where it moved: readings miss what lies between.
        """
        before: _Reading | None = None
        inside: list[_Reading] = []
        for reading in self._readings:
            if reading.at_s <= start_s or (before is None and reading.at_s <= start_s + AIR_S):
                before = reading
            elif reading.at_s <= end_s + AIR_S:
                inside.append(reading)
        if before is None or not inside:
            return None
        last = inside[-1]
        peak = max(before.rss_bytes, *(one.rss_bytes for one in inside))
        if last.highest_bytes is not None and last.highest_bytes > (before.highest_bytes or peak):
            peak = max(peak, last.highest_bytes)
        return MemoryTrace(before.rss_bytes, peak, last.rss_bytes, last.highest_bytes)
