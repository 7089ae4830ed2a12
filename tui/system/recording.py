"""Reads what `recording_file` wrote, as far as it can be read. Text in it is not trusted."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from tui.foundry.errors import NotFound
from tui.foundry.text import clean_text
from tui.system.activity import LiveSample
from tui.system.clock import sample_clock
from tui.system.history import Event, EventKind, History
from tui.system.model_memory import LoadedModel, ModelMemory, UnloadedModel
from tui.system.recording_file import SCHEMA, RecordingError
from tui.system.sample import (
    DeviceSample,
    GpuSample,
    NpuSample,
    ProcessSample,
    Sample,
    SensorSample,
)

LONGEST_LINE = 1_000_000
MOST_SAMPLES = 200_000
"""More than two days at one a second."""
MOST_PROBLEMS = 20
EVENT_KINDS: tuple[str, ...] = get_args(EventKind)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Recording:
    """What could be read of a file."""

    path: Path
    samples: tuple[Sample, ...]
    """By time; `at_s` is on this process's clock, as if they had been taken now."""
    events: tuple[Event, ...] = ()
    memory: tuple[tuple[float, ModelMemory], ...] = ()
    """The models' memory, and from when on it was so."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """What was not available there, and why."""
    problems: tuple[str, ...] = ()
    """What could not be read, each with its line."""

    @property
    def span_s(self) -> float:
        """Time from the first sample to the last."""
        return self.samples[-1].at_s - self.samples[0].at_s

    def history(self) -> History:
        """Return all of it, for graphs."""
        history = History(whole=True)
        for sample in self.samples:
            history.append(sample)
        for event in self.events:
            history.mark(event.kind, event.label, event.at_s)
        return history

    def memory_at(self, at_s: float) -> ModelMemory:
        """Return the models' memory at a time."""
        place = bisect_right(self.memory, at_s, key=lambda one: one[0])
        return self.memory[place - 1][1] if place else ModelMemory()


def read_recording(path: Path) -> Recording:
    """Read a recording as far as it can be read; lines that cannot are told in `problems`.

    Raises:
        NotFound: There is no such file.
        RecordingError: It cannot be read, or holds no sample.
    """
    reader = _Reader(path)
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                reader.take(number, line)
                while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE + 1)
                if len(reader.samples) >= MOST_SAMPLES:
                    reader.problem(number, f"only the first {MOST_SAMPLES:,} samples are read")
                    break
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read: {error.strerror or error}.", "Check the path."
        ) from error
    return reader.recording()


class _Unreadable(Exception):
    """A line is not what it should be."""


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.samples: list[Sample] = []
        self._events: list[Event] = []
        self._memory: list[tuple[float, ModelMemory]] = []
        self._reasons: dict[str, str] = {}
        self._problems: list[str] = []
        self._more = 0

    def problem(self, number: int, text: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(f"line {number}: {text}")
        else:
            self._more += 1

    def take(self, number: int, line: bytes) -> None:
        if not line.strip():
            return
        if len(line) > LONGEST_LINE:
            self.problem(number, "longer than a line of a recording ever is")
            return
        try:
            self._take(_object(line))
        except _Unreadable as error:
            cut = "; it was cut off, as by a crash" if not line.endswith(b"\n") else ""
            self.problem(number, f"{error}{cut}")

    def _take(self, table: Mapping[str, Any]) -> None:
        schema = table.get("schema")
        if schema != SCHEMA:
            raise _Unreadable(f"schema {clean_text(repr(schema), False)[:20]}, not {SCHEMA}")
        kind = table.get("kind")
        if kind not in ("start", "sample", "event", "models"):
            return
        at_s = _time(table.get("at"))
        if kind == "start":
            reasons = table.get("not_available")
            if isinstance(reasons, dict):
                self._reasons = {_text(k): _text(v) for k, v in reasons.items()}
        elif kind == "sample":
            if self.samples and at_s <= self.samples[-1].at_s:
                raise _Unreadable("earlier than the sample before it; the clock was set back")
            self.samples.append(_sample(table, at_s))
        elif kind == "event":
            if (name := table.get("event")) not in EVENT_KINDS:
                raise _Unreadable("an event of a kind that is not known")
            self._events.append(Event(at_s, name, _text(table.get("label", ""))))
        else:
            self._memory.append((at_s, _memory(table)))

    def recording(self) -> Recording:
        if self._more:
            self._problems.append(f"and {self._more} lines more")
        if not self.samples:
            first = f" {self._problems[0]}." if self._problems else " It is empty."
            raise RecordingError(
                f"{self._path} holds no sample:{first}",
                "A recording is made with `foundry-tui monitor --record FILE`, or with r in the "
                "monitor.",
            )
        memory = sorted(self._memory, key=lambda one: one[0])
        return Recording(
            self._path,
            tuple(self.samples),
            tuple(self._events),
            tuple(memory),
            self._reasons,
            tuple(self._problems),
        )


def _object(line: bytes) -> dict[str, Any]:
    try:
        table = json.loads(line)
    except (ValueError, RecursionError) as error:
        where = f" at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _Unreadable(f"no JSON{where}") from error
    if not isinstance(table, dict):
        raise _Unreadable("no JSON object")
    return table


def _time(value: object) -> float:
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        if moment.tzinfo is None:
            raise _Unreadable("a time without zone in 'at'")
        return sample_clock(moment.timestamp())
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise _Unreadable("no time in 'at'") from error


def _sample(table: Mapping[str, Any], at_s: float) -> Sample:
    numbers = {
        item.name: _number(table, item.name)
        for item in fields(Sample)
        if item.name not in ("at_s", "per_core", "processes", "devices", "live")
    }
    live = table.get("live")
    devices = DeviceSample(
        tuple(_part(GpuSample, one) for one in _list(table, "gpus")),
        tuple(_part(NpuSample, one) for one in _list(table, "npus")),
        _part(SensorSample, table.get("sensors") or {}),
    )
    per_core = [_finite(one, "per_core") for one in _list(table, "per_core")]
    return Sample(
        at_s=at_s,
        per_core=tuple(one for one in per_core if one is not None),
        processes=tuple(_part(ProcessSample, one) for one in _list(table, "processes")),
        devices=devices,
        live=None if live is None else _part(LiveSample, live),
        **numbers,  # type: ignore[arg-type]
    )


def _memory(table: Mapping[str, Any]) -> ModelMemory:
    return ModelMemory(
        tuple(_part(LoadedModel, one) for one in _list(table, "models")),
        tuple(_part(UnloadedModel, one) for one in _list(table, "unloads")),
    )


def _part(kind: type[Value], table: object) -> Value:
    """Make one of the small values from a JSON object, each field by its declared type."""
    if not isinstance(table, dict):
        raise _Unreadable(f"no object where a {kind.__name__} belongs")
    values: dict[str, Any] = {}
    for item in fields(kind):  # type: ignore[arg-type]
        declared = str(item.type)
        if declared.startswith("tuple"):
            values[item.name] = tuple(_text(one) for one in _list(table, item.name))
        elif declared.startswith("str"):
            values[item.name] = _text(table.get(item.name, ""))
        elif declared.startswith("bool"):
            known = table.get(item.name)
            values[item.name] = known if isinstance(known, bool) else item.default
        else:
            values[item.name] = _number(table, item.name)
    for name in ("pid", "at"):
        if name in values and values[name] is None:
            raise _Unreadable(f"no number in '{name}'")
    return kind(**values)


def _number(table: Mapping[str, Any], name: str) -> float | None:
    return _finite(table.get(name), name)


def _finite(value: object, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e18 < value < 1e18:
        raise _Unreadable(f"no number in '{name}'")
    return value


def _list(table: Mapping[str, Any], name: str) -> list[object]:
    value = table.get(name) or []
    if not isinstance(value, list):
        raise _Unreadable(f"no list in '{name}'")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Unreadable("no text where one belongs")
    return clean_text(value, False)
