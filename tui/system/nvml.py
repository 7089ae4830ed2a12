"""NVIDIA GPUs through NVML, where the optional extra `gpu` and a driver are there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from tui.foundry.text import clean_text
from tui.system.sample import GpuSample

SLOWED: tuple[tuple[str, int], ...] = (
    ("power limit", 0x04),
    ("hardware slowdown", 0x08),
    ("heat", 0x20),
    ("heat (hardware)", 0x40),
    ("power brake", 0x80),
)
"""Bits of nvmlClocksEventReasons that mean slower than it could be; idle and clocks set by the
user are none."""


class NvmlReader:
    """Reads the GPUs; says why where there are none. Calls block for some milliseconds.

    Source: NVIDIA Management Library, nvmlDeviceGetUtilizationRates, ...GetMemoryInfo and others.
    """

    def __init__(self) -> None:
        self._nvml: Any = None
        self.reason = ""
        """Why nothing can be read; empty where it can."""
        try:
            import pynvml
        except ImportError:
            self.reason = "nvidia-ml-py is not installed: pip install 'foundry-tui[gpu]'"
            return
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError:
            self.reason = "no NVIDIA driver answers"
            return
        self._nvml = pynvml

    def read(self, pids: Collection[int] = ()) -> tuple[GpuSample, ...]:
        """Return one sample for each GPU; nothing where they cannot be read.

        Args:
            pids: The runtime's processes.
        """
        nvml = self._nvml
        if nvml is None:
            return ()
        try:
            samples = tuple(self._one(n, pids) for n in range(nvml.nvmlDeviceGetCount()))
        except nvml.NVMLError as error:
            self.reason = f"NVML cannot read it: {clean_text(str(error), False)}"
            return ()
        self.reason = "" if samples else "the NVIDIA driver lists no GPU"
        return samples

    def _one(self, index: int, pids: Collection[int]) -> GpuSample:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = self._try(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        busy = self._try(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu))
        reasons = self._try(lambda: int(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)))
        milliwatts = self._try(lambda: float(nvml.nvmlDeviceGetPowerUsage(handle)))
        return GpuSample(
            name=clean_text(_text(nvml.nvmlDeviceGetName(handle)), False),
            busy_percent=busy,
            used_bytes=None if memory is None else int(memory.used),
            total_bytes=None if memory is None else int(memory.total),
            runtime_bytes=self._runtime_bytes(handle, pids),
            temperature_c=self._try(
                lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
            ),
            power_w=None if milliwatts is None else milliwatts / 1000,
            clock_mhz=self._try(
                lambda: float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM))
            ),
            throttled=", ".join(name for name, bit in SLOWED if (reasons or 0) & bit),
            note="" if memory is not None else "it shares the machine's memory",
        )

    def _runtime_bytes(self, handle: object, pids: Collection[int]) -> int | None:
        if not pids:
            return None
        found = self._try(lambda: self._nvml.nvmlDeviceGetComputeRunningProcesses(handle))
        # Within a container the numbers are another namespace's; Windows tells no sizes.
        sizes = [one.usedGpuMemory for one in found or () if one.pid in pids]
        known = [int(size) for size in sizes if isinstance(size, int)]
        return sum(known) if known else None

    def _try(self, call: Callable[[], Any]) -> Any:
        """Return what a call returns, or None: many cards leave out a part of all this."""
        try:
            return call()
        except (self._nvml.NVMLError, AttributeError):
            return None


def _text(name: object) -> str:
    # Older releases of nvidia-ml-py return bytes.
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
