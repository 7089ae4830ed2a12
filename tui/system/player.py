"""Where one is in a recording that is being played."""

from __future__ import annotations

from dataclasses import dataclass, replace

SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0, 60.0)


@dataclass(frozen=True, slots=True)
class Player:
    """Position, speed and pause. Each change returns a new one."""

    start_s: float
    """Time of the first sample."""
    end_s: float
    """Time of the last sample."""
    position_s: float
    speed: float = 1.0
    paused: bool = False

    @property
    def ended(self) -> bool:
        """Whether the last sample shows."""
        return self.position_s >= self.end_s

    def played(self, span_s: float) -> Player:
        """Return where one is after some time in front of the screen."""
        if self.paused:
            return self
        return self.moved(span_s * self.speed)

    def moved(self, span_s: float) -> Player:
        """Return where one is after going forward, or back, in the recording's own time."""
        place = min(self.end_s, max(self.start_s, self.position_s + span_s))
        return replace(self, position_s=place)

    def toggled(self) -> Player:
        """Return the same paused or going on; at the end it goes back to the beginning."""
        if self.ended and not self.paused:
            return replace(self, position_s=self.start_s)
        return replace(self, paused=not self.paused)

    def faster(self, steps: int) -> Player:
        """Return the same at the next higher (1) or lower (-1) speed."""
        place = SPEEDS.index(self.speed) + steps
        return replace(self, speed=SPEEDS[max(0, min(len(SPEEDS) - 1, place))])
