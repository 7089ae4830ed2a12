"""Whether a server goes on generating after its answer was stopped, told by its processor time."""

from __future__ import annotations

from collections.abc import Iterable

GRACE_S = 1.5
"""A server may take as long to hear that nobody listens; the embedded runtime takes no time."""
WATCH_S = 12.0
BUSY_PERCENT = 40.0
"""Of one core. One that generates keeps at least one core busy; one that waits needs next to
nothing."""
BUSY_SAMPLES = 2


class AfterStop:
    """Looks at the server's processes for some seconds after a stop.

    Args:
        stopped_s: When the connection was closed, on the clock of the samples.
    """

    def __init__(self, stopped_s: float) -> None:
        self._stopped_s = stopped_s
        self._before_s: float | None = None
        self._busy = 0
        self.over = False
        """Whether there is nothing more to find out."""

    def look(self, at_s: float, cpu_percents: Iterable[float | None]) -> tuple[float, float] | None:
        """Take in a sample.

        Args:
            at_s: When it was taken.
            cpu_percents: Of one core, since the sample before; of each process of the server.

        Returns:
            The percentage and how many seconds after the stop, once the server is proven to go on.
        """
        before_s, self._before_s = self._before_s, at_s
        after_s = at_s - self._stopped_s
        if after_s > WATCH_S:
            self.over = True
            return None
        if before_s is None or before_s < self._stopped_s + GRACE_S:
            return None  # some of this time was before the stop, or may have been
        percent = sum(one for one in cpu_percents if one is not None)
        if percent < BUSY_PERCENT:
            self.over = True
            return None
        self._busy += 1
        if self._busy < BUSY_SAMPLES:
            return None
        self.over = True
        return percent, after_s
