"""One look at the machine: CPU, memory, disk, and a few processes. Cheap, and never blocks."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from tui.foundry.text import clean_text
from tui.system.readings import ProcessGone, ProcessReading, read_memory, read_process
from tui.system.sample import DeviceSample, ProcessSample, Sample
from tui.system.traffic import TrafficReading, rate, read_traffic

SLOW_EVERY_S = 5.0
"""How often the values that change slowly or cost more are read: frequency and disk."""


class Sampler:
    """Takes samples; everything that can be kept between two of them is kept.

    Use it from one thread at a time.

    Args:
        pids: Processes to follow beside this one.
        disk_path: A directory on the disk whose free space counts; need not exist yet.
    """

    def __init__(self, *pids: int, disk_path: Path | None = None) -> None:
        import psutil

        self._psutil = psutil
        self._disk_path = disk_path
        self._own = _Followed(os.getpid(), own=True)
        self._followed: dict[int, _Followed] = {}
        self._core_times: list[tuple[float, float]] = []
        self._cores: tuple[float, ...] = ()
        self._slow_at_s = -SLOW_EVERY_S
        self._frequency_mhz: float | None = None
        self._disk_free_bytes: int | None = None
        self._traffic: tuple[float, TrafficReading] = (0.0, TrafficReading())
        self.devices: DeviceSample | None = None
        """What each sample says about devices; whoever reads them puts it here."""
        self.follow(*pids)

    def follow(self, *pids: int) -> None:
        """Follow exactly these processes beside this one; those known before keep their history."""
        known = self._followed
        self._followed = {}
        for pid in pids:
            if pid != os.getpid():
                self._followed[pid] = known.get(pid) or _Followed(pid)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are followed and have not ended."""
        return tuple(self._followed)

    def sample(self) -> Sample:
        """Read the machine now; takes a fraction of a millisecond."""
        start_s = time.perf_counter()
        if start_s - self._slow_at_s >= SLOW_EVERY_S:
            self._slow_at_s = start_s
            self._read_slow()
        cores = self._read_cores()
        memory = read_memory()
        (before_s, before), self._traffic = self._traffic, (start_s, read_traffic())
        span_s, traffic = start_s - before_s, self._traffic[1]
        processes = [self._own.sample()]
        for pid, followed in list(self._followed.items()):
            one = followed.sample()
            if one is None:
                del self._followed[pid]
            processes.append(one)
        return Sample(
            at_s=start_s,
            cpu_percent=sum(cores) / len(cores) if cores else None,
            per_core=cores,
            cpu_frequency_mhz=self._frequency_mhz,
            load_average=_load_average(),
            ram_total_bytes=memory.total_bytes,
            ram_used_bytes=memory.total_bytes - memory.available_bytes,
            ram_available_bytes=memory.available_bytes,
            swap_used_bytes=memory.swap_used_bytes,
            swap_total_bytes=memory.swap_total_bytes,
            disk_free_bytes=self._disk_free_bytes,
            disk_read_bytes_s=rate(traffic.disk_read_bytes, before.disk_read_bytes, span_s),
            disk_write_bytes_s=rate(traffic.disk_written_bytes, before.disk_written_bytes, span_s),
            net_received_bytes_s=rate(
                traffic.net_received_bytes, before.net_received_bytes, span_s
            ),
            net_sent_bytes_s=rate(traffic.net_sent_bytes, before.net_sent_bytes, span_s),
            devices=self.devices,
            processes=tuple(one for one in processes if one is not None),
            cost_s=time.perf_counter() - start_s,
        )

    def _read_cores(self) -> tuple[float, ...]:
        """Return each core's share of busy time since the last call; nothing in the first."""
        times = [_busy_and_total(one) for one in self._psutil.cpu_times(percpu=True)]
        before, self._core_times = self._core_times, times
        if len(before) != len(times):  # the first sample, or a core was switched on or off
            self._cores = ()
            return self._cores
        spans = [
            (busy - old_busy, total - old_total)
            for (busy, total), (old_busy, old_total) in zip(times, before, strict=True)
        ]
        if sum(total for _, total in spans) <= 0:
            # Faster than the system's clock ticks: what was true a tick ago still is.
            self._core_times = before
            return self._cores
        self._cores = tuple(
            min(100.0, max(0.0, 100 * busy / total)) if total > 0 else 0.0 for busy, total in spans
        )
        return self._cores

    def _read_slow(self) -> None:
        psutil = self._psutil
        self._frequency_mhz = None
        # Missing in many virtual machines, and with an error of its own on each of them.
        with contextlib.suppress(OSError, NotImplementedError, AttributeError, RuntimeError):
            frequency = psutil.cpu_freq()
            self._frequency_mhz = (frequency.current or None) if frequency else None
        self._disk_free_bytes = free_bytes(self._disk_path) if self._disk_path else None


class _Followed:
    """A process with what is kept of it between samples."""

    def __init__(self, pid: int, own: bool = False) -> None:
        self._pid = pid
        self._own = own
        self._name = _process_name(pid)
        self._before: tuple[float, ProcessReading | None] = (0.0, None)

    def sample(self) -> ProcessSample | None:
        """Read the process; None when it has ended."""
        try:
            reading = read_process(self._pid)
        except ProcessGone:
            return None
        if reading is None:
            return ProcessSample(self._pid, self._name, None, None, None, self._own)
        now_s = time.perf_counter()
        (before_s, before), self._before = self._before, (now_s, reading)
        percent = None
        if before is not None:
            if before.started != reading.started:
                return None  # The number went on to another process.
            if now_s > before_s:
                percent = max(0.0, 100 * (reading.cpu_s - before.cpu_s) / (now_s - before_s))
        return ProcessSample(
            self._pid, self._name, percent, reading.rss_bytes, reading.threads, self._own
        )


def _process_name(pid: int) -> str:
    import psutil

    try:
        return clean_text(psutil.Process(pid).name(), False)
    except psutil.Error:
        return "?"


def free_bytes(path: Path) -> int | None:
    """Return the free bytes on the disk that holds `path`, or will hold it; None if unreadable."""
    for place in (path, *path.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _busy_and_total(times: object) -> tuple[float, float]:
    values: dict[str, float] = times._asdict()  # type: ignore[attr-defined]
    # Guest time is counted in user time already.
    total = sum(values.values()) - values.get("guest", 0.0) - values.get("guest_nice", 0.0)
    return total - values.get("idle", 0.0) - values.get("iowait", 0.0), total


def _load_average() -> float | None:
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):  # Windows has none
        return None
