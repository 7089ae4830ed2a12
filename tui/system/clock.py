"""From the clock of the samples to the time of day and back."""

from __future__ import annotations

import time


def wall_clock(at_s: float) -> float:
    """Return seconds since the epoch for a time of `time.perf_counter()`."""
    return time.time() + (at_s - time.perf_counter())


def sample_clock(epoch_s: float) -> float:
    """Return the time of `time.perf_counter()` for seconds since the epoch."""
    return time.perf_counter() + (epoch_s - time.time())
