"""The state of the machine during a run: clock, heat, power, memory, and who else was busy."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Any

from tui.system.readings import ProcessGone, read_memory, read_process
from tui.system.sensors import PortableSensorReader, SensorReader


class Conditions:
    """Looks at the machine now and then; what a system does not tell stays None.

    Args:
        pid: The runtime's process, whose work is no background load; None where it is not known.
    """

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._started = self._usage()
        self._seen: dict[str, list[float]] = {}
        self._power: str | None = None
        self._switched = False
        self._throttled: bool | None = None
        linux = sys.platform == "linux"
        self._sensors = SensorReader() if linux else PortableSensorReader()

    def look(self) -> None:
        """Read what changes slowly. Some milliseconds: between rounds, off the event loop."""
        memory = read_memory()
        self._note("ram_available_bytes", memory.available_bytes)
        self._note("load_average_1min", os.getloadavg()[0] if hasattr(os, "getloadavg") else None)
        self._note("cpu_frequency_mhz", _frequency())
        sensors, _ = self._sensors.read(time.perf_counter())
        self._note("temperature_c", sensors.temperature_c)
        self._note("power_w", sensors.power_w)
        if sensors.throttled is not None:
            self._throttled = bool(self._throttled) or sensors.throttled
        if sensors.on_battery is not None:
            power = "battery" if sensors.on_battery else "mains"
            self._switched |= self._power not in (None, power)
            self._power = power

    def as_dict(self) -> dict[str, Any]:
        """Return what was seen: first, least and most of each, and the background load."""
        found: dict[str, Any] = {
            name: {"first": values[0], "least": min(values), "most": max(values)}
            for name, values in self._seen.items()
        }
        found["power_source"] = self._power
        found["power_source_changed"] = self._switched
        found["throttled"] = self._throttled
        found["background_cpu_percent"] = self._background_percent()
        return found

    def follow(self, pid: int | None) -> None:
        """The runtime came back as another process; background load counts anew from here."""
        self._pid = pid
        self._started = self._usage()

    def _note(self, name: str, value: float | None) -> None:
        if value is not None:
            self._seen.setdefault(name, []).append(value)

    def _usage(self) -> tuple[float, float, float]:
        """Return the clock, the machine's busy CPU seconds, and those of the runtime and us."""
        import psutil

        times = psutil.cpu_times()._asdict()
        idle = times.get("idle", 0.0) + times.get("iowait", 0.0)
        guests = times.get("guest", 0.0) + times.get("guest_nice", 0.0)
        own_s = 0.0
        for pid in {os.getpid(), self._pid} - {None}:
            with contextlib.suppress(ProcessGone):
                reading = read_process(int(pid or 0))
                own_s += reading.cpu_s if reading is not None else 0.0
        return time.perf_counter(), sum(times.values()) - idle - guests, own_s

    def _background_percent(self) -> float | None:
        """Return the share of all cores that other programs used since the start."""
        began_s, busy_before, own_before = self._started
        now_s, busy_now, own_now = self._usage()
        wall_s = (now_s - began_s) * (os.cpu_count() or 1)
        if wall_s <= 0 or own_now < own_before:
            return None
        others_s = (busy_now - busy_before) - (own_now - own_before)
        return round(min(100.0, max(0.0, 100 * others_s / wall_s)), 1)


def _frequency() -> float | None:
    import psutil

    # Missing in many virtual machines, and with an error of its own on each of them.
    with contextlib.suppress(OSError, NotImplementedError, AttributeError, RuntimeError):
        frequency = psutil.cpu_freq()
        return round(frequency.current, 1) if frequency and frequency.current else None
    return None
