"""Reads memory and processes: on Linux straight from /proc, elsewhere through psutil.

psutil opens three files for a process and takes apart all fifty lines of /proc/meminfo; one file
and four lines hold what is needed here, at a third of the cost.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from dataclasses import dataclass

_MEMORY_LINE = re.compile(rb"^(MemTotal|MemAvailable|SwapTotal|SwapFree): +(\d+) kB", re.MULTILINE)
_ENDED_STATES = (b"Z", b"X", b"x")


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """Memory of the machine in bytes."""

    total_bytes: int
    available_bytes: int
    swap_used_bytes: int | None
    swap_total_bytes: int | None


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """What a process has used so far."""

    cpu_s: float
    """User and system time."""
    rss_bytes: int
    threads: int
    started: float
    """In the system's own unit: another value means another process with the same number."""


class ProcessGone(Exception):
    """The process has ended."""


def read_memory() -> MemoryReading:
    """Return the machine's memory now."""
    return _linux_memory() or _psutil_memory()


def read_process(pid: int) -> ProcessReading | None:
    """Return what a process has used; None where the system does not let us look.

    Raises:
        ProcessGone: It has ended, or only its parent's notice of that is missing.
    """
    return _linux_process(pid) if sys.platform == "linux" else _psutil_process(pid)


def read_highest(pid: int) -> int | None:
    """Return the most memory that a process ever held; None where the system does not tell."""
    if sys.platform == "win32":
        import psutil

        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_info().peak_wset)
        return None
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as file:
            found = re.search(rb"^VmHWM:\s+(\d+) kB", file.read(8192), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _linux_memory() -> MemoryReading | None:
    try:
        with open("/proc/meminfo", "rb", buffering=0) as file:
            values = {name: int(kib) * 1024 for name, kib in _MEMORY_LINE.findall(file.read(8192))}
        total, available = values[b"MemTotal"], values[b"MemAvailable"]
    except (OSError, KeyError):  # another system, or a kernel before 3.14
        return None
    swap_total, swap_free = values.get(b"SwapTotal"), values.get(b"SwapFree")
    known = swap_total is not None and swap_free is not None
    swap_used = swap_total - swap_free if known else None  # type: ignore[operator]
    return MemoryReading(total, available, swap_used, swap_total)


def _psutil_memory() -> MemoryReading:
    import psutil

    memory = psutil.virtual_memory()
    used: int | None = None
    total: int | None = None
    with contextlib.suppress(OSError, RuntimeError), warnings.catch_warnings():
        # psutil warns on standard error, which is the screen, where a counter is missing.
        warnings.simplefilter("ignore")
        swap = psutil.swap_memory()
        used, total = swap.used, swap.total
    return MemoryReading(memory.total, memory.available, used, total)


def _linux_process(pid: int) -> ProcessReading | None:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            data = file.read(4096)
    except PermissionError:
        return None
    except (FileNotFoundError, ProcessLookupError) as error:
        raise ProcessGone from error
    # The name stands in parentheses and may hold blanks and parentheses itself. Fields are
    # numbered from 1 in proc_pid_stat(5); what follows the name begins with field 3.
    fields = data[data.rindex(b")") + 2 :].split()
    if fields[0] in _ENDED_STATES:
        raise ProcessGone
    ticks_per_s, page_bytes = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return ProcessReading(
        cpu_s=(int(fields[11]) + int(fields[12])) / ticks_per_s,
        rss_bytes=int(fields[21]) * page_bytes,
        threads=int(fields[17]),
        started=float(fields[19]),
    )


def _psutil_process(pid: int) -> ProcessReading | None:
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                raise ProcessGone
            times = process.cpu_times()
            return ProcessReading(
                cpu_s=times.user + times.system,
                rss_bytes=process.memory_info().rss,
                threads=process.num_threads(),
                started=process.create_time(),
            )
    except psutil.NoSuchProcess as error:
        raise ProcessGone from error
    except psutil.AccessDenied:
        return None
