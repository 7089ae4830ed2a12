"""GPUs, NPUs and sensors together. Reading blocks for milliseconds: call it off the event loop."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from pathlib import Path

from tui.system.drm import DrmReader
from tui.system.npu import NpuReader
from tui.system.nvml import NvmlReader
from tui.system.sample import DeviceSample, GpuSample
from tui.system.sensors import PortableSensorReader, SensorReader
from tui.system.sysfs import PROC, SYSFS

READINGS = ("gpu", "npu", "temperature", "throttling", "power", "battery")
"""What a machine may or may not tell, in the order in which help lists it."""


class DeviceReader:
    """Reads all devices; what is there is looked up once. Use it from one thread at a time.

    Args:
        sysfs: Root of sysfs.
        proc: Root of the proc file system.
    """

    def __init__(self, sysfs: Path = SYSFS, proc: Path = PROC) -> None:
        self._nvml = NvmlReader()
        self._drm = DrmReader(sysfs, proc)
        self._npu = NpuReader(sysfs)
        linux = sys.platform == "linux" or sysfs != SYSFS
        self._sensors = SensorReader(sysfs) if linux else PortableSensorReader()

    def read(self, pids: Collection[int] = (), now_s: float | None = None) -> DeviceSample:
        """Return all of it now.

        Args:
            pids: The runtime's processes.
            now_s: `time.perf_counter()`; None for now.
        """
        now_s = time.perf_counter() if now_s is None else now_s
        gpus = self.gpus(pids, now_s)
        npus = self._npu.read(now_s)
        sensors, reasons = self._sensors.read(now_s)
        if not gpus:
            reasons["gpu"] = f"NVIDIA: {self._nvml.reason}; {self._drm.reason}"
        if not npus:
            reasons["npu"] = self._npu.reason
        ordered = tuple((name, reasons[name]) for name in READINGS if name in reasons)
        return DeviceSample(gpus, npus, sensors, ordered)

    def gpus(self, pids: Collection[int] = (), now_s: float = 0.0) -> tuple[GpuSample, ...]:
        """Return one sample for each GPU."""
        return (*self._nvml.read(pids), *self._drm.read(pids, now_s))
