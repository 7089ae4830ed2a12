"""Stands for `pynvml` of nvidia-ml-py, for a machine with one NVIDIA GPU: the calls that this
program makes, with the signatures, units and error class of the real module."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any


class NVMLError(Exception):
    """The real module has one subclass for each code."""


def make_nvml(*, broken: tuple[str, ...] = (), init_fails: bool = False, pid: int = 0) -> Any:
    """Return the module.

    Args:
        broken: Calls that this card does not support.
        init_fails: No driver answers.
        pid: A process that holds 5 GB of the card's memory.
    """
    nvml: Any = ModuleType("pynvml")
    nvml.NVMLError = NVMLError
    nvml.NVML_TEMPERATURE_GPU, nvml.NVML_CLOCK_SM = 0, 1

    def init() -> None:
        if init_fails:
            raise NVMLError("Driver Not Loaded")

    calls = {
        "nvmlInit": init,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: f"handle {index}",
        "nvmlDeviceGetName": lambda handle: b"NVIDIA H100 80GB HBM3",
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(
            total=80_000_000_000, used=8_000_000_000, free=72_000_000_000
        ),
        "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=40, memory=10),
        "nvmlDeviceGetTemperature": lambda handle, sensor: 55,
        "nvmlDeviceGetPowerUsage": lambda handle: 312_500,
        "nvmlDeviceGetClockInfo": lambda handle, kind: 1980,
        "nvmlDeviceGetCurrentClocksThrottleReasons": lambda handle: 0x20 | 0x01,
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: [
            SimpleNamespace(pid=pid, usedGpuMemory=5_000_000_000),
            SimpleNamespace(pid=999_999, usedGpuMemory=None),
        ],
    }

    def refuse(*_: object) -> None:
        raise NVMLError("Not Supported")

    for name, call in calls.items():
        setattr(nvml, name, refuse if name in broken else call)
    return nvml
