"""`monitor`: samples of machine and runtime as lines, live or from a recording."""

from __future__ import annotations

import asyncio
import json
import time
from argparse import Namespace
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui import __version__
from tui.cli.execute import Context
from tui.cli.output import UsageError
from tui.config import LEAST_INTERVAL_S
from tui.formats import format_bytes, format_percent, format_rate, format_speed
from tui.foundry.errors import BackendUnavailable
from tui.foundry.text import clean_text
from tui.foundry.types import BackendInfo
from tui.paths import typed_path
from tui.system.devices import DeviceReader
from tui.system.recording import Recording, read_recording
from tui.system.recording_file import (
    RecordingFile,
    event_values,
    iso,
    models_values,
    sample_values,
    start_values,
)
from tui.system.runtime_processes import RuntimeFinder, runtimes_of_this_program
from tui.system.sample import Sample
from tui.system.sampler import Sampler

FIND_AGAIN_S = 5.0


def prepare(arguments: Namespace) -> None:
    """Refuse what cannot be meant."""
    if arguments.replay is None:
        if arguments.speed is not None:
            raise UsageError("--speed goes with --replay.", "See `foundry-tui monitor --help`.")
        return
    for name in ("record", "interval", "pid"):
        if getattr(arguments, name) is not None:
            raise UsageError(
                f"--{name} does not go with --replay.", "A recording is printed as it is."
            )


async def run(context: Context) -> int:
    """Print samples until there are enough, or until ctrl+c."""
    if context.arguments.replay is not None:
        return await _replay(context)
    arguments, output = context.arguments, context.output
    file = None if arguments.record is None else RecordingFile(typed_path(str(arguments.record)))
    interval_s = arguments.interval or context.session.config.monitor.interval_s
    source = await _source(context)
    sampler = Sampler(disk_path=context.session.paths.data_dir)
    reader = await asyncio.to_thread(DeviceReader)
    async with AsyncExitStack() as stack:
        if file is not None:
            stack.callback(file.close)
        await _look(sampler, source, reader)
        first = sampler.sample()  # rates need two
        if file is not None:
            await asyncio.to_thread(file.write, [start_values(interval_s, __version__, first)])
        next_s = time.perf_counter()
        taken = 0
        while arguments.samples is None or taken < arguments.samples:
            # From the start, so that the pace does not drift by what a sample takes.
            next_s = max(next_s + interval_s, time.perf_counter() + LEAST_INTERVAL_S / 2)
            await asyncio.sleep(next_s - time.perf_counter())
            await _look(sampler, source, reader)
            sample = sampler.sample()
            taken += 1
            values = sample_values(sample)
            if file is not None:
                await asyncio.to_thread(file.write, [values])
            output.piece(_line(values, sample, as_json=output.as_json))
    if file is not None:
        output.hint(f"{taken} samples are in {file.path}")
    return 0


async def _look(sampler: Sampler, source: _Source, reader: DeviceReader) -> None:
    sampler.follow(*await source.pids())
    sampler.devices = await asyncio.to_thread(reader.read, sampler.pids)


class _Source:
    """Tells the runtime's processes; looks for them again only as long as there are none.

    Args:
        pids: Processes that the user named.
        finder: Looks for those of a backend; None where there is no backend.
        runtime_dir: Where screens of this program keep their runtimes' scratch directories.
    """

    def __init__(
        self, pids: tuple[int, ...], finder: RuntimeFinder | None, runtime_dir: Path
    ) -> None:
        self._pids = pids
        self._finder = finder
        self._runtime_dir = runtime_dir
        self._next_s = 0.0

    async def pids(self) -> tuple[int, ...]:
        """Return the processes to follow now."""
        now_s = time.perf_counter()
        if self._pids or now_s < self._next_s:
            return self._pids
        if self._finder is None:
            self._next_s = now_s + FIND_AGAIN_S
            self._pids = await asyncio.to_thread(runtimes_of_this_program, self._runtime_dir)
            return self._pids
        if self._finder.due(now_s):
            await asyncio.to_thread(self._finder.find, now_s)
        return self._finder.found.pids


async def _source(context: Context) -> _Source:
    """Find out whose processes are followed; starts nothing."""
    arguments, session = context.arguments, context.session
    runtime_dir = session.paths.runtime_dir
    if arguments.pid:
        return _Source(tuple(arguments.pid), None, runtime_dir)
    target = session.target
    automatic = target.kind in ("auto", "runtime") and not target.endpoint_url
    if automatic:
        running = await asyncio.to_thread(runtimes_of_this_program, runtime_dir)
        if running or target.kind == "runtime":
            return _Source((), None, runtime_dir)
    info = await _info(context, automatic=automatic)
    if info is None:
        context.output.hint("No runtime was found: this machine alone. --pid PID follows one.")
        return _Source((), None, runtime_dir)
    return _Source((), RuntimeFinder(info.pid, info.endpoint), runtime_dir)


async def _info(context: Context, *, automatic: bool) -> BackendInfo | None:
    """Ask where the backend is. Without settings `connect` has no runtime that it could start."""
    from tui.foundry import connect as connecting

    target = replace(context.session.target, start_service=False)
    try:
        backend = await connecting.connect(target, None)
    except BackendUnavailable:
        if automatic:
            return None
        raise
    try:
        return backend.info
    finally:
        await backend.close()


async def _replay(context: Context) -> int:
    arguments, output = context.arguments, context.output
    recording = await asyncio.to_thread(read_recording, typed_path(str(arguments.replay)))
    for problem in recording.problems:
        # Scripts want to know too that the file is not whole.
        output.note(f"warning: {recording.path.name}, {problem}")
    before: float | None = None
    for at_s, values, sample in _told(recording, arguments.samples):
        if arguments.speed is not None and before is not None:
            await asyncio.sleep(max(0.0, at_s - before) / arguments.speed)
        before = at_s
        output.piece(_line(values, sample, as_json=output.as_json))
    return 0


def _told(
    recording: Recording, most: int | None
) -> list[tuple[float, Mapping[str, Any], Sample | None]]:
    """Return what a recording holds, in the order of time."""
    samples = recording.samples[:most]
    last_s = samples[-1].at_s
    told: list[tuple[float, Mapping[str, Any], Sample | None]] = [
        (one.at_s, sample_values(one), one) for one in samples
    ]
    told += [(one.at_s, event_values(one), None) for one in recording.events if one.at_s <= last_s]
    told += [
        (at_s, models_values(one, at_s), None) for at_s, one in recording.memory if at_s <= last_s
    ]
    return sorted(told, key=lambda one: one[0])


def _line(values: Mapping[str, Any], sample: Sample | None, *, as_json: bool) -> str:
    if as_json:
        return f"{json.dumps(values, ensure_ascii=False)}\n"
    if sample is not None:
        return f"{sample_line(sample)}\n"
    at = str(values["at"])[11:19]
    if values["kind"] == "event":
        return f"{at}  {values['event']} {values['label']}".rstrip() + "\n"
    return "".join(
        f"{at}  model {clean_text(one['variant_id'], False)} "
        f"+{format_bytes(one['resident_bytes'])}\n"
        for one in values["models"]
    )


def sample_line(sample: Sample) -> str:
    """Write a sample in one line, for people; what is not known is left out or `-`."""
    parts = [
        iso(sample.at_s)[11:19],
        f"CPU {format_percent(sample.cpu_percent):>6}",
        f"RAM {format_bytes(sample.ram_used_bytes):>7} of {format_bytes(sample.ram_total_bytes)}",
    ]
    if sample.runtime:
        parts.append(
            f"runtime {format_bytes(sample.runtime_rss_bytes):>7} "
            f"{format_percent(sample.runtime_cpu_percent):>6}"
        )
    if sample.live is not None and sample.live.tok_s is not None:
        parts.append(format_speed(sample.live.tok_s))
    parts.append(
        f"disk read {format_rate(sample.disk_read_bytes_s)} "
        f"write {format_rate(sample.disk_write_bytes_s)}"
    )
    parts.append(
        f"network in {format_rate(sample.net_received_bytes_s)} "
        f"out {format_rate(sample.net_sent_bytes_s)}"
    )
    for gpu in sample.devices.gpus if sample.devices else ():
        parts.append(f"{gpu.name} {format_percent(gpu.busy_percent)} {_of(gpu.used_bytes)}")
    for npu in sample.devices.npus if sample.devices else ():
        parts.append(f"{npu.name} {format_percent(npu.busy_percent)}")
    sensors = sample.devices.sensors if sample.devices else None
    if sensors is not None and sensors.temperature_c is not None:
        parts.append(f"{sensors.temperature_c:.0f} °C")
    if sensors is not None and sensors.power_w is not None:
        parts.append(f"{sensors.power_w:.1f} W")
    return "  ".join(parts)


def _of(size_bytes: int | None) -> str:
    return "" if size_bytes is None else format_bytes(size_bytes)
