"""The host's own memory. Child process only."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def resident_bytes() -> int | None:
    """Return the resident memory of this process; None where the system does not tell."""
    import psutil

    try:
        return int(psutil.Process().memory_info().rss)
    except psutil.Error:
        return None


def give_memory_back() -> None:
    """Let the C library hand freed memory to the system; glibc keeps it otherwise."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
