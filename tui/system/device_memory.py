"""How much memory the GPU has, where that can be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory of the GPU with the most room; None where it cannot be read."""

    total_bytes: int | None = None
    free_bytes: int | None = None
    note: str = "GPU memory was not read yet"
    """Which GPU it is, or why nothing can be read."""


def read_device_memory() -> DeviceMemory:
    """Ask the driver. Blocks for some milliseconds: call it off the event loop."""
    from tui.system.gpu import GpuReader

    reader = GpuReader()
    gpus = reader.read()
    if not gpus:
        return DeviceMemory(note=reader.reason or "GPU not available: the driver lists none")
    best = max(gpus, key=lambda gpu: gpu.total_bytes - gpu.used_bytes)
    return DeviceMemory(best.total_bytes, best.total_bytes - best.used_bytes, best.name)
