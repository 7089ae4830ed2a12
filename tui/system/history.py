"""The last minutes of the machine: samples and what happened, for graphs with a time axis."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tui.system.activity import Activity, LiveFigures
from tui.system.sampler import ProcessSample, Sample

DEFAULT_CAPACITY = 900
"""Fifteen minutes at one sample a second."""
EVENT_CAPACITY = 200
BENCH_PAUSE_S = 30.0
"""Answers of a benchmark that follow each other within this time are one event."""

EventKind = Literal["load", "first token", "unload", "crash", "bench"]
Reading = Callable[[Sample], float | None]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and shows on the time axis."""

    at_s: float
    """`time.perf_counter()`."""
    kind: EventKind
    label: str = ""
    """Of what: a variant id."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A line ready to draw, oldest column first."""

    values: tuple[float | None, ...]
    """One for each column; None where there is no sample."""
    events: tuple[tuple[int, Event], ...] = ()
    """Column and event."""
    span_s: float = 0.0
    """Time from the first sample shown to the last."""


class History:
    """Keeps a fixed number of samples and events; the oldest give way.

    Args:
        capacity: How many samples.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._samples: deque[Sample] = deque(maxlen=capacity)
        self._events: deque[Event] = deque(maxlen=EVENT_CAPACITY)
        self._count = 0
        self._bench_s = -BENCH_PAUSE_S
        self.activity = Activity()
        """What the models do for this program now."""

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def capacity(self) -> int:
        """How many samples are kept at most."""
        return self._samples.maxlen or 0

    @property
    def last(self) -> Sample | None:
        """The newest sample."""
        return self._samples[-1] if self._samples else None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events kept, oldest first."""
        return tuple(self._events)

    def append(self, sample: Sample) -> None:
        """Add the newest sample."""
        self._samples.append(sample)
        self._count += 1

    def mark(self, kind: EventKind, label: str = "", at_s: float | None = None) -> None:
        """Note that something happened.

        Args:
            kind: What.
            label: Of what.
            at_s: `time.perf_counter()` then; None for now.
        """
        self._events.append(Event(time.perf_counter() if at_s is None else at_s, kind, label))

    def take(self, figures: LiveFigures) -> None:
        """Take in how far an answer has come; its first token becomes an event.

        A benchmark asks many times a second: its answers become one event, at its beginning.
        """
        first = self.activity.take(figures)
        if figures.source == "bench" and figures.last_s is not None:
            if figures.last_s - self._bench_s >= BENCH_PAUSE_S:
                self.mark("bench", at_s=figures.first_s)
            self._bench_s = figures.last_s
        elif first:
            self.mark("first token", figures.variant_id, figures.first_s)

    def samples(self, count: int | None = None) -> tuple[Sample, ...]:
        """Return the newest `count` samples, or all, oldest first."""
        samples = tuple(self._samples)
        return samples if count is None else samples[max(0, len(samples) - count) :]

    def values(self, reading: Reading, count: int | None = None) -> tuple[float | None, ...]:
        """Return one number of each of the newest samples, oldest first."""
        return tuple(reading(sample) for sample in self.samples(count))

    def graph(self, reading: Reading, width: int, count: int | None = None) -> Graph:
        """Return one number over time in exactly `width` columns, the newest at the right.

        With more samples than columns each column shows the largest of a fixed number of
        neighbours, so that peaks stay visible. Groups keep their members as time goes on: the
        picture moves, it does not flicker; the newest group may be smaller than the others.

        Args:
            reading: Picks the number: `lambda sample: sample.cpu_percent`.
            width: Columns.
            count: How many of the newest samples to cover; None for all there is room for.
        """
        if width <= 0:
            return Graph(())
        wanted = min(self.capacity, self.capacity if count is None else max(1, count))
        size = -(-wanted // width)
        # Groups are counted from the first sample ever, not from the first that is still kept.
        last_group = (self._count - 1) // size
        groups = -(-wanted // size)
        first = max(self._count - len(self._samples), (last_group - groups + 1) * size)
        samples = self.samples(self._count - first)
        columns: list[float | None] = [None] * width
        starts: list[tuple[float, int]] = []
        for number, sample in enumerate(samples, start=first):
            column = width - 1 - (last_group - number // size)
            value = reading(sample)
            if value is not None:
                before = columns[column]
                columns[column] = value if before is None else max(before, value)
            starts.append((sample.at_s, column))
        return Graph(
            tuple(columns),
            self._placed(starts),
            samples[-1].at_s - samples[0].at_s if samples else 0.0,
        )

    def _placed(self, starts: list[tuple[float, int]]) -> tuple[tuple[int, Event], ...]:
        """Give each event the column of the first sample that was taken after it."""
        if not starts:
            return ()
        times = [at_s for at_s, _ in starts]
        return tuple(
            (starts[min(bisect_left(times, event.at_s), len(starts) - 1)][1], event)
            for event in self._events
            if event.at_s >= times[0]
        )


def process_reading(pid: int, field: Callable[[ProcessSample], float | None]) -> Reading:
    """Return a reading of one followed process, None in samples where it is missing."""

    def read(sample: Sample) -> float | None:
        process = sample.process(pid)
        return None if process is None else field(process)

    return read


def downsample(values: Sequence[float | None], width: int) -> tuple[float | None, ...]:
    """Shrink a line to at most `width` values, each the largest of its neighbours.

    Values that are missing count only where a whole group is missing; a line that fits is
    returned as it is.
    """
    if width <= 0:
        return ()
    if len(values) <= width:
        return tuple(values)
    shrunk: list[float | None] = []
    for column in range(width):
        group = values[column * len(values) // width : (column + 1) * len(values) // width]
        known = [value for value in group if value is not None]
        shrunk.append(max(known) if known else None)
    return tuple(shrunk)
