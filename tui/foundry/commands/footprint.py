"""How much memory the service takes, as the system tells it."""

from __future__ import annotations


def growth(before: int | None, after: int | None) -> int | None:
    """Return what a process grew by; None where that is not known, or where it did not grow."""
    return None if before is None or after is None or after <= before else after - before


def resident_bytes(pid: int | None) -> int | None:
    """Return the resident memory of a process; None where it cannot be read."""
    if pid is None:
        return None
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
