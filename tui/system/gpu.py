"""NVIDIA GPUs through NVML, where the optional extra `gpu` and a driver are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tui.foundry.text import clean_text


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU at one moment."""

    name: str
    busy_percent: float
    """Share of the last sample period in which a kernel ran."""
    used_bytes: int
    total_bytes: int


class GpuReader:
    """Reads the GPUs; says why where there are none.

    Source: NVIDIA Management Library, nvmlDeviceGetUtilizationRates and nvmlDeviceGetMemoryInfo.
    """

    def __init__(self) -> None:
        self._nvml: Any = None
        self.reason = ""
        """Why nothing can be read; empty where it can."""
        try:
            import pynvml
        except ImportError:
            self.reason = "GPU not available: nvidia-ml-py is not installed"
            return
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError:
            self.reason = "GPU not available: no NVIDIA driver answers"
            return
        self._nvml = pynvml

    def read(self) -> tuple[GpuSample, ...]:
        """Return one sample for each GPU; nothing where they cannot be read."""
        nvml = self._nvml
        if nvml is None:
            return ()
        try:
            return tuple(self._one(index) for index in range(nvml.nvmlDeviceGetCount()))
        except nvml.NVMLError as error:
            self.reason = f"GPU not readable: {clean_text(str(error), False)}"
            return ()

    def _one(self, index: int) -> GpuSample:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu
        name = clean_text(str(nvml.nvmlDeviceGetName(handle)), False)
        return GpuSample(name, float(busy), int(memory.used), int(memory.total))
