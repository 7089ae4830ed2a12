"""Reading the small files of sysfs: one number or word each, and any of them may be missing."""

from __future__ import annotations

from pathlib import Path

SYSFS = Path("/sys")
PROC = Path("/proc")
LONGEST = 4096


def word(path: Path) -> str | None:
    """Return what a file says; None where it is not there or may not be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(LONGEST).decode("utf-8", "replace").strip("\x00 \t\r\n")
    except (OSError, ValueError):
        return None


def number(path: Path, scale: float = 1.0) -> float | None:
    """Return a file's number times `scale`; None where there is none."""
    text = word(path)
    if text is None:
        return None
    try:
        return int(text, 0) * scale
    except ValueError:
        return None


def size(path: Path) -> int | None:
    """Return a file's number of bytes; None where there is none."""
    value = number(path)
    return None if value is None else int(value)


def first(*values: float | None) -> float | None:
    """Return the first value that is known."""
    return next((value for value in values if value is not None), None)


def entries(folder: Path, pattern: str) -> list[Path]:
    """Return what is in a folder, in order; nothing where it cannot be read."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


class Counter:
    """Turns a counter that only grows into a rate.

    Args:
        wraps_at: Value after which it starts at 0 again; None where it does not.
    """

    def __init__(self, wraps_at: float | None = None) -> None:
        self._wraps_at = wraps_at
        self._before: tuple[float, float] | None = None

    def rate(self, value: float | None, now_s: float) -> float | None:
        """Return growth per second since the last call; None in the first, or when set back."""
        before, self._before = self._before, None if value is None else (value, now_s)
        if value is None or before is None or now_s <= before[1]:
            return None
        grown = value - before[0]
        if grown < 0 and self._wraps_at is not None:
            grown += self._wraps_at
        return grown / (now_s - before[1]) if grown >= 0 else None
