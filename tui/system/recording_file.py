"""Writes samples into a file, one JSON object a line: a crash loses nothing, scripts can read it.

Every line has `schema`, `kind` and `at` (ISO 8601 with zone); kinds are `start`, `sample`, `event`
and `models`. What is not known is null.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from tui.foundry.errors import FoundryError
from tui.system.clock import wall_clock
from tui.system.history import Event
from tui.system.model_memory import ModelMemory
from tui.system.sample import DeviceSample, Sample

SCHEMA = 1


class RecordingError(FoundryError):
    """A recording cannot be written or read."""

    code = "recording"


@dataclass(frozen=True, slots=True)
class RecordingState:
    """A recording that is being made."""

    path: Path
    started_s: float
    """`time.perf_counter()`."""
    samples: int = 0


def iso(at_s: float) -> str:
    """Return the time of a sample as ISO 8601, with zone."""
    moment = datetime.fromtimestamp(wall_clock(at_s), UTC).astimezone()
    return moment.isoformat(timespec="milliseconds")


def start_values(interval_s: float, version: str, sample: Sample | None) -> dict[str, Any]:
    """Return the first line: what recorded, how, and on what machine."""
    devices = sample.devices if sample else None
    return {
        "schema": SCHEMA,
        "kind": "start",
        "at": iso(time.perf_counter()),
        "program": f"foundry-tui {version}",
        "interval_s": interval_s,
        "cpu_count": os.cpu_count(),
        "not_available": dict(devices.reasons) if devices else {},
    }


def sample_values(sample: Sample) -> dict[str, Any]:
    """Return one sample as a line holds it."""
    values = {
        item.name: _short(getattr(sample, item.name))
        for item in fields(sample)
        if item.name not in ("at_s", "processes", "devices", "live")
    }
    devices = sample.devices or DeviceSample()
    return {
        "schema": SCHEMA,
        "kind": "sample",
        "at": iso(sample.at_s),
        **values,
        "processes": [_rounded(one) for one in sample.processes],
        "gpus": [_rounded(one) for one in devices.gpus],
        "npus": [_rounded(one) for one in devices.npus],
        "sensors": _rounded(devices.sensors),
        "live": _rounded(sample.live) if sample.live else None,
    }


def event_values(event: Event) -> dict[str, Any]:
    """Return an event as a line holds it."""
    return {
        "schema": SCHEMA,
        "kind": "event",
        "at": iso(event.at_s),
        "event": event.kind,
        "label": event.label,
    }


def models_values(memory: ModelMemory, at_s: float) -> dict[str, Any]:
    """Return the memory of each model, and what unloads gave back, as a line holds it."""
    return {
        "schema": SCHEMA,
        "kind": "models",
        "at": iso(at_s),
        "models": [_rounded(one) for one in memory.models],
        "unloads": [_rounded(one) for one in memory.unloads],
    }


class RecordingFile:
    """Writes a recording; each line goes to the disk at once. Blocks: use it in a thread.

    Args:
        path: A file that does not exist yet; its directory is made.

    Raises:
        RecordingError: From every method, where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._file: TextIO | None = None

    def write(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Add lines."""
        text = "".join(
            f"{json.dumps(line, ensure_ascii=False, separators=(',', ':'))}\n" for line in lines
        )
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("x", encoding="utf-8")
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            if isinstance(error, FileExistsError) and self.path.exists():
                raise RecordingError(
                    f"{self.path} exists already.", "Name another file; none is overwritten."
                ) from error
            raise RecordingError(
                f"{self.path} cannot be written: {error.strerror or error}.",
                "Check that the disk has room and the directory may be written.",
            ) from error
        self.lines += text.count("\n")

    def close(self) -> None:
        """Close the file; nothing is lost."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _rounded(value: Any) -> dict[str, Any]:
    return {name: _short(one) for name, one in asdict(value).items()}


def _short(value: object) -> object:
    """Round what would only make the file larger."""
    if isinstance(value, float):
        return None if not math.isfinite(value) else round(value, 6 if abs(value) < 1 else 2)
    if isinstance(value, tuple):
        return [_short(one) for one in value]
    return value
