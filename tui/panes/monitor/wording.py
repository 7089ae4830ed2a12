"""What the monitor says in words and numbers, from values alone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.formats import (
    UNKNOWN,
    format_bytes,
    format_duration,
    format_percent,
    format_rate,
    format_speed,
)
from tui.foundry.ids import same_variant
from tui.foundry.text import clean_text
from tui.system.model_memory import LoadedModel, ModelMemory
from tui.system.sample import DeviceSample, GpuSample, ProcessSample, Sample
from tui.widgets.glyphs import BLOCKS, Glyphs
from tui.widgets.meter import bar, spark

CORE_WIDTH = 22
MOST_CORE_LINES = 2
WIDE = 96
"""Cells from which on the table of models has all its columns."""
SIDE_BY_SIDE = 130
"""Cells from which on models and processes stand beside each other."""
Speeds = Mapping[str, tuple[float | None, float | None]]
"""Tokens a second and TTFT by variant."""
NAMES = {"gpu": "GPU", "npu": "NPU"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tables are made of, live or from a recording."""

    sample: Sample
    memory: ModelMemory
    loaded: tuple[str, ...]
    speeds: Speeds
    backend: str = ""
    runtime_reason: str = ""
    """Why the runtime's processes are not known."""


def core_lines(per_core: Sequence[float], width: int, glyphs: Glyphs = BLOCKS) -> list[str]:
    """Draw a bar for each core; with many cores a column for each.

    Args:
        per_core: 0 to 100 for each core.
        width: Cells of a line.
        glyphs: What to draw with.
    """
    columns = max(1, width // CORE_WIDTH)
    if len(per_core) > columns * MOST_CORE_LINES:
        head = f"{len(per_core)} cores  "
        room = max(1, width - len(head))
        rows = [per_core[start : start + room] for start in range(0, len(per_core), room)]
        return [
            f"{head if number == 0 else '':<{len(head)}}{spark(row, len(row), 100, glyphs)}"
            for number, row in enumerate(rows)
        ]
    cells = [
        f"{f'core {number}':<8}{bar(percent / 100, 8, glyphs)}{percent:4.0f}%"
        for number, percent in enumerate(per_core)
    ]
    rows_of_cells = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    return [
        "   ".join(f"{cell:<{CORE_WIDTH - 3}}" for cell in row).rstrip() for row in rows_of_cells
    ]


def model_lines(facts: Facts, width: int) -> list[str]:
    """Write the loaded models with the memory that each took, below a head.

    Args:
        facts: Whose models.
        width: Cells of a line.
    """
    wide = width >= WIDE
    name_width = max(10, width - (67 if wide else 45))
    extra = f"{'LOADED':>10}{'TOOK':>12}" if wide else ""
    lines = [
        f"{'MODEL':<{name_width}}{'MEMORY':>9}{'LOADING':>9}{'ANSWERING':>10}"
        f"{'TOK/S':>8}{'TTFT':>9}{extra}"
    ]
    for variant_id in facts.loaded:
        entry = facts.memory.entry(variant_id)
        tok_s, ttft_s = _speeds_of(facts.speeds, variant_id)
        lines.append(
            f"{fitted(variant_id, name_width - 1):<{name_width}}"
            f"{_plus(entry.resident_bytes if entry else None):>9}"
            f"{_plus(entry.load_peak_growth_bytes if entry else None):>9}"
            f"{_plus(entry.answer_growth_bytes if entry else None):>10}"
            f"{format_speed(tok_s).removesuffix(' tok/s'):>8}{format_duration(ttft_s):>9}"
            f"{_loaded_at(entry) if wide else ''}"
        )
    if len(lines) == 1:
        lines.append("nothing in memory: run a model in the catalog (1)")
    return [line[:width] for line in lines]


def _loaded_at(entry: LoadedModel | None) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(entry.at)) if entry else UNKNOWN
    return f"{at:>10}{format_duration(entry.load_s) if entry else UNKNOWN:>12}"


def _plus(size_bytes: int | None) -> str:
    return UNKNOWN if size_bytes is None else f"+{format_bytes(size_bytes)}"


def _speeds_of(speeds: Speeds, variant_id: str) -> tuple[float | None, float | None]:
    known = (value for name, value in speeds.items() if same_variant(name, variant_id))
    return next(known, (None, None))


def process_lines(facts: Facts, width: int) -> list[str]:
    """Write this program's and the runtime's processes, below a head."""
    name_width = max(12, min(30, width - 36))
    lines = [f"{'PROCESS':<{name_width}}{'PID':>8}{'CPU':>8}{'MEMORY':>10}{'THREADS':>9}"]
    for number, process in enumerate(facts.sample.processes):
        name = facts.backend if number == 1 and facts.backend else process.name
        lines.append(_process_line(process, name, name_width))
    if len(facts.sample.processes) < 2 and facts.runtime_reason:
        lines.append(f"no process of the runtime: {facts.runtime_reason}")
    return [line[:width] for line in lines]


def _process_line(process: ProcessSample, name: str, name_width: int) -> str:
    name = "foundry-tui (us)" if process.own else name
    threads = UNKNOWN if process.threads is None else str(process.threads)
    return (
        f"{fitted(name, name_width - 1):<{name_width}}{process.pid:>8}"
        f"{format_percent(process.cpu_percent):>8}{format_bytes(process.rss_bytes):>10}"
        f"{threads:>9}"
    )


def gpu_text(gpu: GpuSample, *, brief: bool = False) -> str:
    """Write what one GPU does; what its driver does not tell is left out, never 0."""
    parts = []
    if gpu.busy_percent is not None:
        parts.append(
            f"{format_percent(gpu.busy_percent)}{' by the runtime' if gpu.runtime_only else ''}"
        )
    if gpu.used_bytes is not None:
        total = "" if gpu.total_bytes is None else f" of {format_bytes(gpu.total_bytes)}"
        ours = f" (runtime {format_bytes(gpu.runtime_bytes)})" if gpu.runtime_bytes else ""
        parts.append(f"{format_bytes(gpu.used_bytes)}{total}{'' if brief else ours}")
    if gpu.temperature_c is not None:
        parts.append(f"{gpu.temperature_c:.0f} °C")
    if gpu.power_w is not None:
        parts.append(f"{gpu.power_w:.0f} W")
    if gpu.clock_mhz is not None and not brief:
        parts.append(f"{gpu.clock_mhz / 1000:.1f} GHz")
    if gpu.throttled:
        parts.append(f"slowed by {gpu.throttled}")
    if gpu.note:
        parts.append(gpu.note)
    return f"{gpu.name}: {', '.join(parts) or 'its driver tells nothing'}"


def devices_line(devices: DeviceSample | None, *, brief: bool = False) -> str:
    """Write GPUs, NPUs and sensors, and what is not available; `?` says why.

    Args:
        devices: None before they were looked at.
        brief: Leave out what is worth least, for a narrow terminal.
    """
    if devices is None:
        return "looking at GPU, NPU and sensors …"
    parts = [gpu_text(gpu, brief=brief) for gpu in devices.gpus]
    for npu in devices.npus:
        busy = format_percent(npu.busy_percent) if npu.busy_percent is not None else npu.note
        memory = "" if npu.used_bytes is None else f", {format_bytes(npu.used_bytes)}"
        clock = "" if npu.clock_mhz is None or brief else f", {npu.clock_mhz / 1000:.1f} GHz"
        parts.append(f"{npu.name}: {busy or 'measuring'}{memory}{clock}")
    sensors = devices.sensors
    if sensors.temperature_c is not None:
        parts.append(f"{sensors.temperature_c:.0f} °C")
    if sensors.throttled is not None:
        parts.append("throttled!" if sensors.throttled else "not throttled")
    if sensors.power_w is not None:
        parts.append(f"{sensors.power_w:.1f} W ({sensors.power_source})")
    if sensors.on_battery is not None or sensors.battery_percent is not None:
        source = {True: "on battery", False: "on mains", None: "battery"}[sensors.on_battery]
        level = "" if sensors.battery_percent is None else f" {sensors.battery_percent:.0f} %"
        parts.append(f"{source}{level}")
    missing = [NAMES.get(name, name) for name, _ in devices.reasons]
    if missing:
        parts.append(f"not available: {', '.join(missing)} (? says why)")
    return " · ".join(parts)


def machine_line(sample: Sample, width: int) -> str:
    """Write swap, disk and load, and where there is room what goes through disk and network."""
    swap = "no swap"
    if sample.swap_total_bytes:
        total = format_bytes(sample.swap_total_bytes)
        swap = f"swap {format_bytes(sample.swap_used_bytes)} of {total}"
    elif sample.swap_total_bytes is None:
        swap = f"swap {UNKNOWN}"
    parts = [swap, f"disk {format_bytes(sample.disk_free_bytes)} free"]
    if width >= SIDE_BY_SIDE:
        parts.append(
            f"read {format_rate(sample.disk_read_bytes_s)}, "
            f"write {format_rate(sample.disk_write_bytes_s)}"
        )
        parts.append(
            f"network in {format_rate(sample.net_received_bytes_s)}, "
            f"out {format_rate(sample.net_sent_bytes_s)}"
        )
    if sample.load_average is not None:
        parts.append(f"load {sample.load_average:.2f}")
    return " · ".join(parts)


def own_line(sample: Sample, interval_s: float) -> str:
    """Write what watching costs."""
    own = sample.own
    parts = [f"we {format_percent(own.cpu_percent if own else None)} CPU"]
    if sample.cost_s is not None:
        parts.append(f"{format_duration(sample.cost_s)} each {interval_s:g} s (i)")
    return ", ".join(parts)


def unload_line(memory: ModelMemory) -> tuple[str, bool]:
    """Write what the last unload gave back, and whether that is worryingly little."""
    if not memory.unloads:
        return "", False
    last = memory.unloads[-1]
    at = time.strftime("%H:%M", time.localtime(last.at))
    name = fitted(last.variant_id, 40)
    if last.freed_bytes is None:
        return f"unloaded {name} at {at}; what it gave back is not known", False
    taken = last.resident_bytes
    text = f"{name} gave back {format_bytes(last.freed_bytes)}"
    if taken:
        text += f" of {format_bytes(taken)} ({min(100, int(100 * last.freed_bytes / taken))} %)"
    if not last.kept_too_much:
        return f"unloaded at {at}: {text}", False
    return f"! {text}: restart (S) frees the rest", True


def fitted(text: str, width: int) -> str:
    """Cut a text from outside to a width."""
    cleaned = clean_text(text, False)
    return cleaned if len(cleaned) <= width else cleaned[: width - 1] + "…"
