"""The state of the machine during a run: clock, heat, power, memory, and who else was busy."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from typing import Any

from tui.system.readings import ProcessGone, read_memory, read_process

_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz", "soc_thermal")


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

    def look(self) -> None:
        """Read what changes slowly. Some milliseconds: between rounds, off the event loop."""
        memory = read_memory()
        self._note("ram_available_bytes", memory.available_bytes)
        self._note("load_average_1min", os.getloadavg()[0] if hasattr(os, "getloadavg") else None)
        self._note("cpu_frequency_mhz", _frequency())
        self._note("temperature_c", _temperature())
        power = _power()
        self._switched |= None not in (power, self._power) and power != self._power
        self._power = power or self._power

    def as_dict(self) -> dict[str, Any]:
        """Return what was seen: first, least and most of each, and the background load."""
        found: dict[str, Any] = {
            name: {"first": values[0], "least": min(values), "most": max(values)}
            for name, values in self._seen.items()
        }
        found["power_source"] = self._power
        found["power_source_changed"] = self._switched
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


def _temperature() -> float | None:
    """Return the hottest of the sensors that belong to the processor."""
    import psutil

    with contextlib.suppress(OSError, AttributeError, RuntimeError, ValueError):
        found = psutil.sensors_temperatures()
        hot = [one.current for name in _CPU_SENSORS for one in found.get(name, ()) if one.current]
        return max(hot, default=None)
    return None


def _power() -> str | None:
    import psutil

    with contextlib.suppress(OSError, AttributeError, RuntimeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        battery = psutil.sensors_battery()
        if battery is not None and battery.power_plugged is not None:
            return "mains" if battery.power_plugged else "battery"
    return None
