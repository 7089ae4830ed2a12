"""One way to write numbers for people, everywhere.

Bytes are decimal (1 MB = 1,000,000 bytes), on disk, in memory and on the wire alike: catalog and
download sizes are decimal, and two meanings of 'GB' on one screen would invite wrong sums. The one
exception is the registry's `min_ram_gb`, which counts GiB as the course's script does and says so.
What is not known is `UNKNOWN`, never 0.
"""

from __future__ import annotations

import math
from typing import TypeGuard

UNKNOWN = "-"
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


def format_bytes(size_bytes: float | None) -> str:
    """Write a size with two to three digits: `812 B`, `1.2 MB`, `23.4 GB`, `520 MB`."""
    if not _is_number(size_bytes):
        return UNKNOWN
    sign, size = ("-", -size_bytes) if size_bytes < 0 else ("", float(size_bytes))
    unit = 0
    while size >= (999.5 if unit else 1000) and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{sign}{size:.{0 if size >= 99.95 or not unit else 1}f} {_UNITS[unit]}"


def format_duration(seconds: float | None) -> str:
    """Write a time span: `16 µs`, `1.4 ms`, `340 ms`, `1.9 s`, `1 min 12 s`, `2 h 05 min`."""
    if not _is_number(seconds):
        return UNKNOWN
    sign, span = ("-", -seconds) if seconds < 0 else ("", float(seconds))
    if span < 0.9995:
        ms = span * 1000
        if 0 < ms < 0.9995:
            return f"{sign}{ms * 1000:.0f} µs"
        return f"{sign}{ms:.{1 if 0 < ms < 9.95 else 0}f} ms"
    if span < MINUTE_S - 0.05:
        return f"{sign}{span:.1f} s"
    whole = round(span)
    if whole < HOUR_S:
        return f"{sign}{whole // 60} min {whole % 60:02d} s"
    return f"{sign}{whole // HOUR_S} h {whole % HOUR_S // 60:02d} min"


def format_age(age_s: float | None) -> str:
    """Write how long ago something was: `now`, `5 min ago`, `3 h ago`, `yesterday`, `8 days ago`.

    Args:
        age_s: Seconds since then; a clock that was set back counts as now.
    """
    if not _is_number(age_s):
        return UNKNOWN
    if age_s < MINUTE_S:
        return "now"
    if age_s < HOUR_S:
        return f"{int(age_s // MINUTE_S)} min ago"
    if age_s < DAY_S:
        return f"{int(age_s // HOUR_S)} h ago"
    days = int(age_s // DAY_S)
    return "yesterday" if days == 1 else f"{days} days ago"


def format_rate(bytes_per_s: float | None) -> str:
    """Write a transfer rate: `11.4 MB/s`."""
    return f"{format_bytes(bytes_per_s)}/s" if _is_number(bytes_per_s) else UNKNOWN


def format_speed(tokens_per_s: float | None) -> str:
    """Write a decode rate: `4,120 tok/s`, `38 tok/s`, `3.4 tok/s`."""
    if not _is_number(tokens_per_s):
        return UNKNOWN
    return f"{tokens_per_s:,.{1 if abs(tokens_per_s) < 9.95 else 0}f} tok/s"


def format_count(count: int | None) -> str:
    """Write a whole number: `4,120`."""
    return UNKNOWN if count is None else f"{count:,}"


def format_context(tokens: int | None) -> str:
    """Write a context length: `512`, `4 k`, `32 k`, `128 k`, both for 131,072 and 128,000."""
    if tokens is None:
        return UNKNOWN
    if tokens < 1000:
        return str(tokens)
    # 128,000 divides by both.
    binary = tokens % 1024 == 0 and tokens % 1000 != 0
    return f"{tokens / (1024 if binary else 1000):.3g} k"


def format_percent(percent: float | None) -> str:
    """Write a share of 100: `23 %`, `0.7 %`."""
    if not _is_number(percent):
        return UNKNOWN
    return f"{percent:.{1 if 0 < abs(percent) < 0.95 else 0}f} %"


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)
