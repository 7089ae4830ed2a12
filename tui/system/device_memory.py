"""How much memory the GPU has, where that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.system.devices import DeviceReader
    from tui.system.sample import DeviceSample


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory of the GPU with the most room; None where it cannot be read."""

    total_bytes: int | None = None
    free_bytes: int | None = None
    note: str = "GPU memory was not read yet"
    """Which GPU it is, or why nothing can be read."""


def read_device_memory(reader: DeviceReader | None = None) -> DeviceMemory:
    """Ask the drivers. Blocks for some milliseconds: call it off the event loop.

    Args:
        reader: One to use again; None makes one.
    """
    from tui.system.devices import DeviceReader

    return device_memory_of((reader or DeviceReader()).read())


def device_memory_of(sample: DeviceSample) -> DeviceMemory:
    """Return the memory of the GPU with the most room."""
    rooms = [
        (gpu.total_bytes - gpu.used_bytes, gpu)
        for gpu in sample.gpus
        if gpu.total_bytes is not None and gpu.used_bytes is not None
    ]
    if not rooms:
        notes = [f"{gpu.name}: {gpu.note or 'no memory of its own'}" for gpu in sample.gpus]
        reason = dict(sample.reasons).get("gpu", "no GPU tells how much memory it has")
        return DeviceMemory(note="; ".join(notes) or f"GPU not available: {reason}")
    room, best = max(rooms, key=lambda one: one[0])
    return DeviceMemory(best.total_bytes, room, best.name)


def held_by_runtime(devices: DeviceSample | None) -> int | None:
    """Return what the runtime's processes hold of the GPUs' memory; None where none tells."""
    told = [gpu.runtime_bytes for gpu in devices.gpus] if devices else []
    known = [size for size in told if size is not None]
    return sum(known) if known else None
