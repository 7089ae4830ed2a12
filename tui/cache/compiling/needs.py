"""How much disk and memory compiling takes, and whether this machine has it.

Measured with onnxruntime-genai 0.18, torch 2.13 on Linux: llama checkpoints of 229 and 475 million
parameters in bfloat16, the peak resident memory of the builder and the bytes it wrote. int4 took
2.09 and 3.76 GB, int8 2.23 and 4.01 GB, fp32 1.16 and 1.74 GB: a base and so much a parameter.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tui.cache.compiling.checkpoint import Checkpoint
from tui.cache.compiling.recipe import Precision
from tui.cache.folder_check import Finding
from tui.formats import format_bytes

MIB = 1024 * 1024
RAM_BASE_BYTES = 650 * MIB
RAM_BYTES_PER_PARAMETER: Mapping[Precision, float] = {
    "int4": 7.2,
    "int8": 7.7,
    "fp32": 2.5,
    # Not measured, since they are for GPUs: as much as the most.
    "fp16": 7.7,
    "bf16": 7.7,
}
_MEASURED_CHECKPOINT_BYTES = 2.0
WRITTEN_BYTES_PER_PARAMETER: Mapping[Precision, float] = {
    # Blocks of 32 with a scale of four bytes each.
    "int4": 0.5 + 4 / 32,
    "int8": 1.0 + 4 / 32,
    "fp16": 2.0,
    "bf16": 2.0,
    "fp32": 4.0,
}
_EMBEDDING_BYTES = 4
_SPARE_BYTES = 64 * MIB
"""For what else is written: graph, tokenizer, caches of positions."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What it takes, and what is there."""

    written_bytes: int
    download_bytes: int
    ram_bytes: int
    free_bytes: int
    """On the disk that the model is written to."""
    hub_free_bytes: int | None
    """On the disk of the downloads; None where it is the same one."""
    ram_available_bytes: int
    ram_total_bytes: int

    def findings(self) -> Iterator[Finding]:
        """Yield the figures: as they are, or as errors and warnings."""
        here = self.written_bytes + (self.download_bytes if self.hub_free_bytes is None else 0)
        yield _disk(here, self.free_bytes, "" if self.hub_free_bytes is None else " for the model")
        if self.hub_free_bytes is not None and self.download_bytes:
            yield _disk(self.download_bytes, self.hub_free_bytes, " for the download")
        need, available = format_bytes(self.ram_bytes), format_bytes(self.ram_available_bytes)
        if self.ram_bytes > self.ram_total_bytes:
            yield Finding(
                "error",
                f"RAM: about {need} needed, {format_bytes(self.ram_total_bytes)} in this machine",
                "Take a smaller model, or compile it on a machine with more memory.",
            )
        elif self.ram_bytes > self.ram_available_bytes:
            yield Finding(
                "warning",
                f"RAM: about {need} needed, {available} available now",
                "Unload models and close programs, else it will swap.",
            )
        else:
            yield Finding("info", f"RAM: about {need} needed, {available} available")


def work_out(
    checkpoint: Checkpoint, precision: Precision, place: Path, hub_dir: Path, *, download: bool
) -> Needs:
    """Return what compiling a checkpoint takes. Reads the state of disks and memory.

    Args:
        checkpoint: What is compiled.
        precision: Of what comes out.
        place: Where it is written.
        hub_dir: Where downloads are kept.
        download: Whether the weights have to be fetched first.
    """
    rest = checkpoint.parameters - checkpoint.embedding_parameters
    written = rest * WRITTEN_BYTES_PER_PARAMETER[precision]
    written += checkpoint.embedding_parameters * _EMBEDDING_BYTES
    wider = max(0.0, checkpoint.bytes_per_parameter - _MEASURED_CHECKPOINT_BYTES)
    ram = checkpoint.parameters * (RAM_BYTES_PER_PARAMETER[precision] + wider)
    memory = psutil.virtual_memory()
    there, hub = _existing(place), _existing(hub_dir)
    same = not download or os.stat(there).st_dev == os.stat(hub).st_dev
    return Needs(
        written_bytes=int(written) + _SPARE_BYTES,
        download_bytes=checkpoint.weight_bytes if download else 0,
        ram_bytes=int(ram) + RAM_BASE_BYTES,
        free_bytes=shutil.disk_usage(there).free,
        hub_free_bytes=None if same else shutil.disk_usage(hub).free,
        ram_available_bytes=memory.available,
        ram_total_bytes=memory.total,
    )


def _disk(need: int, free: int, what: str) -> Finding:
    text = f"Disk{what}: about {format_bytes(need)} needed, {format_bytes(free)} free"
    if need > free:
        return Finding("error", text, "Free some space, or take another directory.")
    return Finding("info", text)


def _existing(place: Path) -> Path:
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
