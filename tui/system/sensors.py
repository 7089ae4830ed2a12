"""Temperature, throttling, power and battery of the machine, as far as it tells.

On Linux from sysfs (hwmon, thermal, thermal_throttle, powercap, power_supply and the Raspberry Pi's
firmware); elsewhere psutil knows the battery, and the rest is not available.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from tui.foundry.text import clean_text
from tui.system.sample import SensorSample
from tui.system.sysfs import SYSFS, Counter, entries, first, number, word

CPU_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal")
CPU_ZONES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "cpu0")
PACKAGE_LABELS = ("Package id 0", "Tdie", "Tctl")
PI_FIRMWARE = "devices/platform/soc/soc:firmware/get_throttled"
PI_SLOWED = 0b1111
"""Under-voltage, frequency capped, throttled, soft temperature limit: what holds now."""

Reasons = dict[str, str]


class SensorReader:
    """Reads the sensors; what is there is looked up once.

    Args:
        sysfs: Root of sysfs.
    """

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._sysfs = sysfs
        self._temperature = self._find_temperature()
        self._throttle_counts = [
            path
            for name in ("core_throttle_count", "package_throttle_count")
            for path in entries(sysfs / "devices/system/cpu", f"cpu[0-9]*/thermal_throttle/{name}")
        ]
        self._throttle_count: float | None = None
        self._rapl = sorted(
            path
            for path in entries(sysfs / "class/powercap", "intel-rapl:*")
            if (word(path / "name") or "").startswith("package")
        )
        self._energy = [Counter(number(path / "max_energy_range_uj", 1e-6)) for path in self._rapl]
        self._supplies = entries(sysfs / "class/power_supply", "*")

    def read(self, now_s: float) -> tuple[SensorSample, Reasons]:
        """Return the sensors now, and why each missing one is missing.

        Args:
            now_s: `time.perf_counter()`, for what is measured between two calls.
        """
        reasons: Reasons = {}
        temperature = number(self._temperature, 0.001) if self._temperature else None
        if temperature is None:
            reasons["temperature"] = (
                "no sensor of the processor in /sys/class/hwmon or thermal; virtual machines and "
                "containers seldom have one"
            )
        throttled = self._throttled()
        if throttled is None:
            reasons["throttling"] = "this processor's driver keeps no thermal_throttle counters"
        on_battery, percent, battery_w = self._battery()
        if percent is None:
            reasons["battery"] = "no battery in /sys/class/power_supply"
        power, source = self._power(now_s, battery_w if on_battery else None)
        if power is None:
            reasons["power"] = (
                "the processor's energy counter may be read by root only "
                "(/sys/class/powercap/*/energy_uj)"
                if self._rapl
                else "no power sensor (RAPL, hwmon or a battery that is in use)"
            )
        sample = SensorSample(temperature, throttled, power, source, on_battery, percent)
        return sample, reasons

    def _find_temperature(self) -> Path | None:
        found: list[tuple[int, Path]] = []
        for chip in entries(self._sysfs / "class/hwmon", "hwmon*"):
            if word(chip / "name") not in CPU_CHIPS:
                continue
            for path in entries(chip, "temp*_input"):
                label = word(path.with_name(path.name.replace("_input", "_label")))
                found.append((0 if label in PACKAGE_LABELS else 1, path))
        for zone in entries(self._sysfs / "class/thermal", "thermal_zone*"):
            if word(zone / "type") in CPU_ZONES:
                found.append((2, zone / "temp"))
        readable = [one for one in found if number(one[1]) is not None]
        return min(readable)[1] if readable else None

    def _throttled(self) -> bool | None:
        if text := word(self._sysfs / PI_FIRMWARE):
            with contextlib.suppress(ValueError):
                return bool(int(text, 16) & PI_SLOWED)
        if not self._throttle_counts:
            return None
        count = sum(number(path) or 0 for path in self._throttle_counts)
        before, self._throttle_count = self._throttle_count, count
        return before is not None and count > before

    def _power(self, now_s: float, battery_w: float | None) -> tuple[float | None, str]:
        watts = [
            counter.rate(number(path / "energy_uj", 1e-6), now_s)
            for path, counter in zip(self._rapl, self._energy, strict=True)
        ]
        known = [one for one in watts if one is not None]
        if known:
            return sum(known), "package"
        if battery_w is not None:
            return battery_w, "battery"
        for chip in entries(self._sysfs / "class/hwmon", "hwmon*"):
            name = word(chip / "name") or ""
            if name == "amdgpu" or "BAT" in name:  # counted elsewhere
                continue
            value = first(
                number(chip / "power1_average", 1e-6), number(chip / "power1_input", 1e-6)
            )
            if value:
                return value, clean_text(name, False)
        return None, ""

    def _battery(self) -> tuple[bool | None, float | None, float | None]:
        """Return whether a battery feeds the machine, how full it is, and the watts it gives."""
        on_mains: bool | None = None
        percent = watts = None
        discharging = False
        for supply in self._supplies:
            kind = word(supply / "type")
            if kind in ("Mains", "USB") and (online := number(supply / "online")) is not None:
                on_mains = bool(on_mains) or online > 0
            elif kind == "Battery" and word(supply / "scope") != "Device":
                percent = first(percent, number(supply / "capacity"))
                discharging = discharging or word(supply / "status") == "Discharging"
                watts = first(watts, _battery_watts(supply))
        if percent is None:
            return (None if on_mains is None else not on_mains), None, None
        return (discharging and not on_mains), percent, watts


class PortableSensorReader:
    """The battery through psutil, for systems without sysfs."""

    def read(self, now_s: float) -> tuple[SensorSample, Reasons]:
        """Return the battery, and why nothing else is known."""
        import psutil

        reasons = {
            name: "this program reads it on Linux only"
            for name in ("temperature", "throttling", "power")
        }
        try:
            battery = psutil.sensors_battery()
        except (AttributeError, OSError, RuntimeError, psutil.Error):
            battery = None
        if battery is None:
            return SensorSample(), {**reasons, "battery": "the system tells of no battery"}
        plugged = battery.power_plugged
        on_battery = None if plugged is None else not plugged
        return SensorSample(on_battery=on_battery, battery_percent=battery.percent), reasons


def _battery_watts(supply: Path) -> float | None:
    power = number(supply / "power_now", 1e-6)
    if power is not None:
        return abs(power)
    current, voltage = number(supply / "current_now", 1e-6), number(supply / "voltage_now", 1e-6)
    return None if current is None or voltage is None else abs(current * voltage)
