"""What part of the past a person looks at, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tui.formats import format_duration
from tui.system.clock import wall_clock
from tui.system.history import DEFAULT_WINDOW_S, WINDOWS_S, History
from tui.system.sample import Sample
from tui.widgets.chart import Picture
from tui.widgets.monitor.graphs import GRAPHS, GraphSpec, scale_of


@dataclass(frozen=True, slots=True)
class View:
    """Where on the time axis one is, and the scale. Each change returns a new one."""

    window_s: float = DEFAULT_WINDOW_S
    fixed: bool = True
    """Scales from 0 to full; else fitted to what shows."""
    end_s: float | None = None
    """Time at the right edge; None follows the newest sample."""

    def zoomed(self, steps: int) -> View:
        """Return a view of the next longer (1) or shorter (-1) time."""
        place = WINDOWS_S.index(self.window_s) + steps
        return replace(self, window_s=WINDOWS_S[max(0, min(len(WINDOWS_S) - 1, place))])

    def moved(self, history: History, parts: float) -> View:
        """Return a view that stands still at another time, a part of the window away."""
        last = history.last
        if last is None or history.first_s is None:
            return self
        end_s = (last.at_s if self.end_s is None else self.end_s) + parts * self.window_s
        return replace(self, end_s=max(history.first_s, min(last.at_s, end_s)))

    def sample(self, history: History) -> Sample | None:
        """Return the sample whose numbers show."""
        return history.last if self.end_s is None else history.at(self.end_s)

    def picture(
        self, spec: GraphSpec, history: History, sample: Sample, width: int, note: str = ""
    ) -> Picture:
        """Return what a chart of `width` columns shows."""
        graph = history.graph(spec.reading, width, self.window_s, self.end_s)
        low, high = scale_of(spec, graph, sample, fixed=self.fixed)
        low_label, high_label = spec.label(low), spec.label(high)
        return Picture(
            spec.title(sample),
            note or self._note(spec, history, width),
            graph,
            low,
            high,
            low_label,
            high_label if graph.peak is not None else "",
            spec.full(sample) if spec.id in ("cpu", "ram", "gpu", "gpu-memory", "swap") else None,
            f"-{window_text(self.window_s)}",
            "now" if self.end_s is None else clock_text(sample.at_s),
            spec.empty,
        )

    def _note(self, spec: GraphSpec, history: History, width: int) -> str:
        """Return what else there is to say: beside the speed the newest TTFT that shows."""
        if spec.note is None:
            return ""
        graph = history.graph(spec.note.reading, width, self.window_s, self.end_s)
        newest = _last(graph.values)
        return "" if newest is None else f"{spec.note.name} {spec.note.write(newest)}"


def _last(values: tuple[float | None, ...]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def graphs_of(history: History, sample: Sample) -> list[GraphSpec]:
    """Return the graphs that this machine has something for, the most telling first."""
    earlier = history.samples(2)
    return [spec for spec in GRAPHS if any(spec.there(one) for one in (sample, *earlier))]


def window_text(window_s: float) -> str:
    """Write a time window: `30 s`, `2 min`, `1 h`."""
    if window_s < 60:
        return f"{window_s:.0f} s"
    return f"{window_s / 60:.0f} min" if window_s < 3600 else f"{window_s / 3600:.0f} h"


def clock_text(at_s: float) -> str:
    """Write the time of day of a sample."""
    return datetime.fromtimestamp(wall_clock(at_s)).strftime("%H:%M:%S")


def span_text(seconds: float) -> str:
    """Write how long something lasts, in whole seconds."""
    return f"{seconds:.0f} s" if seconds < 60 else format_duration(seconds)
