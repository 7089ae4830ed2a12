"""What the monitor says in words and numbers, from the state alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tui.formats import UNKNOWN, format_bytes, format_duration, format_percent
from tui.foundry.text import clean_text
from tui.store import State
from tui.system.gpu import GpuSample
from tui.system.sampler import ProcessSample, Sample
from tui.widgets.meter import bar, spark

CORE_WIDTH = 22
MOST_CORE_LINES = 3
LITTLE_GIVEN_BACK = 0.5
"""An unload that gave back less than this share of what the load took is worth a warning."""
LEAST_WORTH_SAYING_BYTES = 32_000_000
"""Below this the allocator's own granularity decides what goes back."""


def cpu_title(sample: Sample) -> str:
    """Total CPU use now, with the clock rate where the system tells it."""
    parts = [f"CPU {format_percent(sample.cpu_percent)}"]
    if sample.cpu_frequency_mhz:
        parts.append(f"{sample.cpu_frequency_mhz / 1000:.1f} GHz")
    return "  ".join(parts)


def ram_title(sample: Sample) -> str:
    """Memory in use of how much."""
    return f"RAM {format_bytes(sample.ram_used_bytes)} of {format_bytes(sample.ram_total_bytes)}"


def ram_note(sample: Sample) -> str:
    """What is left."""
    return f"available {format_bytes(sample.ram_available_bytes)}"


def core_lines(per_core: Sequence[float], width: int) -> list[str]:
    """Draw a bar for each core; with very many cores a column for each.

    Args:
        per_core: 0 to 100 for each core.
        width: Cells of a line.
    """
    columns = max(1, width // CORE_WIDTH)
    if len(per_core) > columns * MOST_CORE_LINES:
        rows = [per_core[start : start + width] for start in range(0, len(per_core), width)]
        return [spark(row, len(row), 100) for row in rows]
    cells = [
        f"{f'core {number}':<8}{bar(percent / 100, 8)}{percent:3.0f} %"
        for number, percent in enumerate(per_core)
    ]
    rows_of_cells = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    return [
        "  ".join(f"{cell:<{CORE_WIDTH - 2}}" for cell in row).rstrip() for row in rows_of_cells
    ]


def model_lines(state: State) -> list[str]:
    """Write the loaded models with the memory that each took, below a head."""
    lines = [f"{'MODEL':<26}{'MEMORY':>10}{'LOADED AT':>11}{'TOOK':>9}"]
    for variant_id in state.loaded:
        entry = state.memory.entry(variant_id)
        grown = entry.resident_bytes if entry else None
        memory = UNKNOWN if grown is None else f"+{format_bytes(grown)}"
        at = time.strftime("%H:%M:%S", time.localtime(entry.at)) if entry else UNKNOWN
        took = format_duration(entry.load_s) if entry else UNKNOWN
        lines.append(f"{_fitted(variant_id, 25):<26}{memory:>10}{at:>11}{took:>9}")
    if len(lines) == 1:
        lines.append("nothing in memory: run a model in the catalog (1)")
    return lines


def process_lines(sample: Sample, backend: str) -> list[str]:
    """Write this program's and the runtime's process, below a head."""
    lines = [f"{'PROCESS':<20}{'PID':>8}{'CPU':>8}{'RSS':>10}{'THREADS':>9}"]
    for process in sample.processes:
        lines.append(_process_line(process, backend))
    return lines


def _process_line(process: ProcessSample, backend: str) -> str:
    name = "foundry-tui (us)" if process.own else backend or process.name
    threads = UNKNOWN if process.threads is None else str(process.threads)
    return (
        f"{_fitted(name, 19):<20}{process.pid:>8}{format_percent(process.cpu_percent):>8}"
        f"{format_bytes(process.rss_bytes):>10}{threads:>9}"
    )


def gpu_line(gpus: Sequence[GpuSample], reason: str) -> str:
    """Write what the GPUs do, or why that is not known; never 0 for 'not known'."""
    if not gpus:
        return reason
    return " · ".join(
        f"{gpu.name} {format_percent(gpu.busy_percent)}, "
        f"{format_bytes(gpu.used_bytes)} of {format_bytes(gpu.total_bytes)}"
        for gpu in gpus
    )


def machine_line(sample: Sample) -> str:
    """Write swap, disk, load and what the sampling itself costs."""
    swap = "swap none"
    if sample.swap_total_bytes:
        total = format_bytes(sample.swap_total_bytes)
        swap = f"swap {format_bytes(sample.swap_used_bytes)} of {total}"
    parts = [swap, f"disk {format_bytes(sample.disk_free_bytes)} free"]
    if sample.load_average is not None:
        parts.append(f"load {sample.load_average:.2f}")
    own = next((one for one in sample.processes if one.own), None)
    if own is not None:
        parts.append(f"this program {format_percent(own.cpu_percent)} of a core")
    if sample.cost_s is not None:
        parts.append(f"{format_duration(sample.cost_s)} a sample")
    return " · ".join(parts)


def unload_line(state: State) -> tuple[str, bool]:
    """Write what the last unload gave back, and whether that is worryingly little."""
    if not state.memory.unloads:
        return "", False
    last = state.memory.unloads[-1]
    at = time.strftime("%H:%M", time.localtime(last.at))
    if last.freed_bytes is None:
        return f"unloaded {_fitted(last.variant_id, 40)} at {at}", False
    took = f" of {format_bytes(last.resident_bytes)}" if last.resident_bytes is not None else ""
    little = (
        last.resident_bytes is not None
        and last.resident_bytes > LEAST_WORTH_SAYING_BYTES
        and last.freed_bytes < LITTLE_GIVEN_BACK * last.resident_bytes
    )
    text = (
        f"unloaded {_fitted(last.variant_id, 40)} at {at}: "
        f"gave back {format_bytes(last.freed_bytes)}{took}"
    )
    return (f"! {text}" if little else text), little


def _fitted(text: str, width: int) -> str:
    cleaned = clean_text(text, False)
    return cleaned if len(cleaned) <= width else cleaned[: width - 1] + "…"
