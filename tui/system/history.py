"""The last hour of the machine: samples and what happened, for graphs with a time axis.

The newest minutes are kept as they were sampled; what is older is kept as one sample for every
`COARSE_S`, which has the peak of each number.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from tui.system.activity import Activity, LiveFigures
from tui.system.sample import Sample

FINE_S = 620.0
"""For how long samples are kept as they are: a window of ten minutes, and some air."""
FINE_CAPACITY = 2_500
"""However fast one samples."""
COARSE_S = 10.0
COARSE_CAPACITY = 364
"""A little more than an hour."""
EVENT_CAPACITY = 200
BENCH_PAUSE_S = 30.0
"""Answers of a benchmark that follow each other within this time are one event."""
LONGEST_GAP_S = 15.0
"""A longer time between two samples is a hole: the machine slept, or nobody sampled."""

WINDOWS_S = (30.0, 120.0, 600.0, 3600.0)
"""Time windows that one can choose from."""
DEFAULT_WINDOW_S = 120.0

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
    """Time from the first column to the last."""

    @property
    def peak(self) -> float | None:
        """The largest value that shows."""
        return max((value for value in self.values if value is not None), default=None)

    @property
    def least(self) -> float | None:
        """The smallest value that shows."""
        return min((value for value in self.values if value is not None), default=None)


class History:
    """Keeps samples and events; the oldest give way.

    Args:
        whole: Keep all of them as they are: a recording, whose size is known.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._fine_s = math.inf if whole else FINE_S
        self._fine: deque[Sample] = deque(maxlen=None if whole else FINE_CAPACITY)
        self._coarse: deque[Sample] = deque(maxlen=COARSE_CAPACITY)
        self._events: deque[Event] = deque(maxlen=None if whole else EVENT_CAPACITY)
        self._bench_s = float("-inf")
        self.activity = Activity()
        """What the models do for this program now."""

    def __len__(self) -> int:
        return len(self._fine)

    @property
    def last(self) -> Sample | None:
        """The newest sample."""
        return self._fine[-1] if self._fine else None

    @property
    def first_s(self) -> float | None:
        """Time of the oldest sample that is still known in some form."""
        return min(self._coarse[0].at_s, self._fine[0].at_s) if self._fine else None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events kept, oldest first."""
        return tuple(self._events)

    def append(self, sample: Sample) -> None:
        """Add the newest sample."""
        self._fine.append(sample)
        while self._fine[0].at_s < sample.at_s - self._fine_s:
            self._fine.popleft()
        last = self._coarse[-1] if self._coarse else None
        if last is not None and last.at_s // COARSE_S == sample.at_s // COARSE_S:
            self._coarse[-1] = sample.peak_with(last)
        else:
            self._coarse.append(sample)

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
        """Return the newest `count` samples, or all that are kept whole, oldest first."""
        if count is None:
            return tuple(self._fine)
        # From the right: the header asks for a few of many, each second.
        return tuple(islice(reversed(self._fine), max(0, count)))[::-1]

    def values(self, reading: Reading, count: int | None = None) -> tuple[float | None, ...]:
        """Return one number of each of the newest samples, oldest first."""
        return tuple(reading(sample) for sample in self.samples(count))

    def at(self, at_s: float) -> Sample | None:
        """Return the newest sample that was taken no later than `at_s`."""
        samples = self._spanning(at_s)
        place = bisect_right(samples, at_s, key=lambda sample: sample.at_s)
        return samples[place - 1] if place else None

    def graph(
        self, reading: Reading, width: int, window_s: float, end_s: float | None = None
    ) -> Graph:
        """Return one number over time in exactly `width` columns.

        A column shows the largest value of its time, so that peaks stay visible; a sample counts
        for the time since the one before it. Columns keep their limits as time goes on: the
        picture moves, it does not flicker.

        Args:
            reading: Picks the number: `lambda sample: sample.cpu_percent`.
            width: Columns.
            window_s: Time that the columns cover together.
            end_s: Time at the right edge; None for that of the newest sample.
        """
        last = self.last
        if width <= 0 or window_s <= 0 or last is None:
            return Graph((None,) * max(0, width))
        column_s = window_s / width
        end_s = last.at_s if end_s is None else end_s
        first_column = int(end_s // column_s) - width + 1
        start_s = first_column * column_s
        columns: list[float | None] = [None] * width
        before_s: float | None = None
        for sample in self._spanning(start_s):
            column = int(sample.at_s // column_s) - first_column
            if column >= width:
                break
            value = reading(sample)
            if value is not None and column >= 0:
                since = column
                if before_s is not None and sample.at_s - before_s <= LONGEST_GAP_S:
                    since = min(column, int(before_s // column_s) - first_column + 1)
                for place in range(max(0, since), column + 1):
                    known = columns[place]
                    columns[place] = value if known is None else max(known, value)
            before_s = sample.at_s
        events = tuple(
            (column, event)
            for event in self._events
            if 0 <= (column := int(event.at_s // column_s) - first_column) < width
        )
        return Graph(tuple(columns), events, window_s)

    def _spanning(self, start_s: float) -> Sequence[Sample]:
        """Return samples that reach back to `start_s`: the fine ones, else the coarse ones."""
        fine, coarse = self._fine, self._coarse
        if not fine:
            return ()
        if fine[0].at_s > start_s and coarse[0].at_s < fine[0].at_s:
            return coarse
        # The one before the window says what holds at its left edge.
        place = bisect_left(fine, start_s, key=lambda sample: sample.at_s)
        return list(islice(fine, max(0, place - 1), None))
