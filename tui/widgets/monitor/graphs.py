"""Which graphs the monitor has, what each reads from a sample, and the scale of its axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tui.formats import UNKNOWN, format_bytes, format_duration, format_percent, format_rate
from tui.system.history import Graph, Reading
from tui.system.sample import DeviceSample, Sample

GB = 1e9
NICE_STEPS = (1.0, 2.0, 5.0, 10.0)
LEAST_SPAN = 0.02
"""Part of the full scale that an automatic scale spans at least: noise is no mountain."""


@dataclass(frozen=True, slots=True)
class Note:
    """The newest value of another reading, beside a graph's title."""

    name: str
    reading: Reading
    write: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """One graph."""

    id: str
    hue: str
    reading: Reading
    title: Callable[[Sample], str]
    """Name and value now; after two blanks what is worth less."""
    label: Callable[[float], str]
    """Writes a number of the axis in at most four cells."""
    full: Callable[[Sample], float | None] = lambda sample: None
    """The top of the fixed scale; None where nothing is full."""
    level: bool = False
    """Whether it is a level rather than a rate: an automatic scale need not begin at 0."""
    there: Callable[[Sample], bool] = lambda sample: True
    """Whether this machine tells it."""
    note: Note | None = None
    empty: str = ""
    """What stands in the plot as long as nothing is known."""


def scale_of(spec: GraphSpec, graph: Graph, sample: Sample, *, fixed: bool) -> tuple[float, float]:
    """Return the values at foot and top of a graph.

    Args:
        spec: What it shows.
        graph: What is visible of it.
        sample: The newest sample that shows, for the size of what can be full.
        fixed: From 0 to what is full, where there is such a thing; else fitted to what shows.
    """
    full = spec.full(sample)
    if fixed and full:
        return 0.0, full
    peak, least = graph.peak or 0.0, graph.least or 0.0
    if fixed or not spec.level or peak <= 0:
        return 0.0, nice(peak)
    span = max(peak - least, LEAST_SPAN * (full or peak))
    step = nice(span / 4)
    low, high = _fitted(least, peak, span, step)
    # A number beside the axis has four cells: foot and top must not read the same.
    while spec.label(low) == spec.label(high) and step < peak:
        step = nice(step * 1.5)
        low, high = _fitted(least, peak, span, step)
    return low, high


def _fitted(least: float, peak: float, span: float, step: float) -> tuple[float, float]:
    """Return multiples of `step` around what shows, with some air."""
    low = math.floor(max(0.0, least - span / 8) / step) * step
    return low, max(math.ceil((peak + span / 8) / step) * step, low + step)


def nice(value: float) -> float:
    """Return the next round number that is no smaller: 1, 2 or 5 and zeros."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in NICE_STEPS if step * power >= value * (1 - 1e-9))


def byte_label(value: float) -> str:
    """Write bytes in at most four cells: `24 G`, `1.5G`, `512M`, `0`."""
    for unit, size in (("T", 1e12), ("G", GB), ("M", 1e6), ("k", 1e3)):
        if value >= 0.9995 * size:
            number = value / size
            text = f"{number:.1f}" if number < 9.95 else f"{number:.0f}"
            return f"{text.removesuffix('.0'):>3}{unit}" if len(text) < 4 else f"{text}{unit}"[:4]
    return f"{value:.0f}"


def number_label(value: float) -> str:
    """Write a number in at most four cells: `4.1k`, `120`, `0.5`, `0`."""
    if value >= 999.5:
        return f"{value / 1000:.1f}k".replace(".0k", "k") if value < 99_500 else "lots"
    return f"{value:.0f}" if value >= 9.95 or value == int(value) else f"{value:.1f}"


def second_label(value: float) -> str:
    """Write seconds in at most four cells: `5ms`, `0.2s`, `10s`, `20m`."""
    if value >= 999.5:
        return f"{value / 60:.0f}m" if value < 59_970 else "long"
    if 0 < value < 0.0995:
        return f"{value * 1000:.0f}ms"
    return f"{value:.1f}s" if value < 9.95 and value != int(value) else f"{value:.0f}s"


def percent_label(value: float) -> str:
    """Write a share in at most four cells."""
    return f"{value:.0f}%" if value >= 1 or value == 0 else f"{value:.1f}%"


def _cpu_title(sample: Sample) -> str:
    parts = [f"CPU {format_percent(sample.cpu_percent)}"]
    if sample.cpu_frequency_mhz:
        parts.append(f"{sample.cpu_frequency_mhz / 1000:.1f} GHz")
    sensors = sample.devices.sensors if sample.devices else None
    if sensors is not None and sensors.temperature_c is not None:
        parts.append(f"{sensors.temperature_c:.0f} °C")
    if sensors is not None and sensors.throttled:
        parts.append("throttled!")
    return "  ".join(parts)


def _ram_title(sample: Sample) -> str:
    return (
        f"RAM {format_bytes(sample.ram_used_bytes)}  of {format_bytes(sample.ram_total_bytes)}, "
        f"{format_bytes(sample.ram_available_bytes)} free"
    )


def _speed_title(sample: Sample) -> str:
    live = sample.live
    if live is None or live.tok_s is None:
        waits = live is not None and live.answering
        return "tok/s -  waiting for the first token" if waits else "tok/s -  nothing answers now"
    return f"tok/s {live.tok_s:,.0f}  {', '.join(_short(name) for name in live.answering)}"


def _ttft(sample: Sample) -> float | None:
    return sample.live.ttft_s if sample.live else None


def _runtime_title(sample: Sample) -> str:
    cpu = sample.runtime_cpu_percent
    rest = "" if cpu is None else f"  {format_percent(cpu)} of a core"
    return f"Runtime {format_bytes(sample.runtime_rss_bytes)}{rest}"


def _disk_title(sample: Sample) -> str:
    return (
        f"Disk {format_rate(_sum(sample.disk_read_bytes_s, sample.disk_write_bytes_s))}  "
        f"read {format_rate(sample.disk_read_bytes_s)}, "
        f"write {format_rate(sample.disk_write_bytes_s)}"
    )


def _net_title(sample: Sample) -> str:
    return (
        f"Network {format_rate(_sum(sample.net_received_bytes_s, sample.net_sent_bytes_s))}  "
        f"in {format_rate(sample.net_received_bytes_s)}, "
        f"out {format_rate(sample.net_sent_bytes_s)}"
    )


def _gpu_busy(sample: Sample) -> float | None:
    known = [gpu.busy_percent for gpu in _devices(sample).gpus if gpu.busy_percent is not None]
    return max(known, default=None)


def _gpu_title(sample: Sample) -> str:
    gpus = _devices(sample).gpus
    parts = [f"GPU {format_percent(_gpu_busy(sample))}"]
    if any(gpu.runtime_only for gpu in gpus):
        parts.append("by the runtime")
    temperatures = [gpu.temperature_c for gpu in gpus if gpu.temperature_c is not None]
    watts = [gpu.power_w for gpu in gpus if gpu.power_w is not None]
    if temperatures:
        parts.append(f"{max(temperatures):.0f} °C")
    if watts:
        parts.append(f"{sum(watts):.0f} W")
    parts += [f"slowed: {gpu.throttled}" for gpu in gpus if gpu.throttled][:1]
    return "  ".join(parts)


def _gpu_used(sample: Sample) -> float | None:
    known = [gpu.used_bytes for gpu in _devices(sample).gpus if gpu.used_bytes is not None]
    return sum(known) if known else None


def _gpu_total(sample: Sample) -> float | None:
    known = [gpu.total_bytes for gpu in _devices(sample).gpus if gpu.total_bytes is not None]
    return sum(known) if known else None


def _gpu_memory_title(sample: Sample) -> str:
    total = _gpu_total(sample)
    rest = "" if total is None else f"  of {format_bytes(total)}"
    return f"GPU memory {format_bytes(_gpu_used(sample))}{rest}"


def _npu_busy(sample: Sample) -> float | None:
    known = [npu.busy_percent for npu in _devices(sample).npus if npu.busy_percent is not None]
    return max(known, default=None)


def _npu_title(sample: Sample) -> str:
    notes = [npu.note for npu in _devices(sample).npus if npu.note]
    return "  ".join([f"NPU {format_percent(_npu_busy(sample))}", *notes[:1]])


def _temperature(sample: Sample) -> float | None:
    return _devices(sample).sensors.temperature_c


def _power(sample: Sample) -> float | None:
    return _devices(sample).sensors.power_w


def _devices(sample: Sample) -> DeviceSample:
    return sample.devices or DeviceSample()


def _sum(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _short(variant_id: str) -> str:
    from tui.foundry.text import clean_text

    return clean_text(variant_id, False).partition(":")[0]


GRAPHS: tuple[GraphSpec, ...] = (
    GraphSpec(
        "cpu", "secondary", lambda one: one.cpu_percent, _cpu_title, percent_label,
        full=lambda one: 100.0,
    ),
    GraphSpec(
        "ram", "accent", lambda one: one.ram_used_bytes, _ram_title, byte_label,
        full=lambda one: one.ram_total_bytes, level=True,
    ),
    GraphSpec(
        "speed", "primary", lambda one: one.live.tok_s if one.live else None, _speed_title,
        number_label, note=Note("TTFT", _ttft, format_duration),
        empty="chat (3) or benchmark (5)",
    ),
    GraphSpec(
        "runtime", "success", lambda one: one.runtime_rss_bytes, _runtime_title, byte_label,
        level=True,
        empty="the runtime's processes are not known",
    ),
    GraphSpec(
        "gpu", "secondary", _gpu_busy, _gpu_title, percent_label, full=lambda one: 100.0,
        there=lambda one: bool(_devices(one).gpus), empty="not told by this driver (? says why)",
    ),
    GraphSpec(
        "gpu-memory", "accent", _gpu_used, _gpu_memory_title, byte_label, full=_gpu_total,
        level=True, there=lambda one: _gpu_used(one) is not None,
    ),
    GraphSpec(
        "npu", "secondary", _npu_busy, _npu_title, percent_label, full=lambda one: 100.0,
        there=lambda one: bool(_devices(one).npus), empty="not told by this driver (? says why)",
    ),
    GraphSpec(
        "disk", "secondary",
        lambda one: _sum(one.disk_read_bytes_s, one.disk_write_bytes_s), _disk_title, byte_label,
        there=lambda one: one.disk_read_bytes_s is not None, 
    ),
    GraphSpec(
        "network", "accent",
        lambda one: _sum(one.net_received_bytes_s, one.net_sent_bytes_s), _net_title, byte_label,
        there=lambda one: one.net_received_bytes_s is not None,
    ),
    GraphSpec(
        "ttft", "primary", _ttft, lambda one: f"TTFT {format_duration(_ttft(one))}",
        second_label, there=lambda one: one.live is not None,
        empty="one column for each first token",
    ),
    GraphSpec(
        "temperature", "primary", _temperature,
        lambda one: f"Temperature {_degrees(_temperature(one))}", number_label,
        full=lambda one: 100.0, level=True, there=lambda one: _temperature(one) is not None,
    ),
    GraphSpec(
        "power", "success", _power,
        lambda one: f"Power {_watts(_power(one))}  {_devices(one).sensors.power_source}",
        number_label, there=lambda one: _power(one) is not None,
    ),
    GraphSpec(
        "swap", "success", lambda one: one.swap_used_bytes,
        lambda one: f"Swap {format_bytes(one.swap_used_bytes)}  "
                    f"of {format_bytes(one.swap_total_bytes)}",
        byte_label, full=lambda one: one.swap_total_bytes, level=True,
        there=lambda one: bool(one.swap_total_bytes),
    ),
)  # fmt: skip
"""All graphs, the most telling first: the first ones show where there is room for a few."""


def _degrees(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} °C"


def _watts(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} W"
