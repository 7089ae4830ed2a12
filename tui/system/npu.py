"""NPUs, from what Linux drivers put into /sys/class/accel."""

from __future__ import annotations

from pathlib import Path

from tui.foundry.text import clean_text
from tui.system.sample import NpuSample
from tui.system.sysfs import SYSFS, Counter, entries, number, size, word

NAMES = {
    "intel_vpu": "Intel NPU",
    "amdxdna": "AMD NPU",
    "qaic": "Qualcomm AI 100",
    "habanalabs": "Intel Gaudi",
    "rocket": "Rockchip NPU",
    "ethosu": "Arm Ethos-U",
}


class NpuReader:
    """Reads the accelerators that the kernel lists.

    Args:
        sysfs: Root of sysfs.
    """

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._devices = [path / "device" for path in entries(sysfs / "class/accel", "accel[0-9]*")]
        self._busy_us = {device: Counter() for device in self._devices}
        self.found = bool(self._devices)
        self.reason = "" if self.found else "no NPU in /sys/class/accel"

    def read(self, now_s: float) -> tuple[NpuSample, ...]:
        """Return one sample for each NPU.

        Args:
            now_s: `time.perf_counter()`, for what is measured between two calls.
        """
        return tuple(self._one(device, now_s) for device in self._devices)

    def _one(self, device: Path, now_s: float) -> NpuSample:
        driver = (device / "driver").resolve().name if (device / "driver").exists() else ""
        name = NAMES.get(driver) or clean_text(f"NPU {driver}".strip(), False)
        if word(device / "power/runtime_status") == "suspended" and driver != "intel_vpu":
            return NpuSample(name, note="asleep")
        # intel_vpu keeps this counter itself: reading it does not wake the device.
        total_us = number(device / "npu_busy_time_us")
        rate = self._busy_us[device].rate(total_us, now_s)
        note = "" if total_us is not None else "this driver does not tell how busy it is"
        return NpuSample(
            name,
            busy_percent=None if rate is None else min(100.0, 100 * rate * 1e-6),
            used_bytes=size(device / "npu_memory_utilization"),
            clock_mhz=number(device / "npu_current_frequency_mhz"),
            note=note,
        )
