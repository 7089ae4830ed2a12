"""An area chart over time, in eighths of a cell, with what happened on its time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tui.system.history import Event, Graph

COLUMNS = " ▁▂▃▄▅▆▇█"
AXIS_WIDTH = 6
"""Cells left of the plot: four for the number, one for the tick, one of air."""
_MARKS = {"load": "▲", "unload": "▽", "first token": "◆", "crash": "✕", "bench": "■"}


def area(values: Sequence[float | None], height: int, maximum: float) -> list[str]:
    """Draw values as columns that stand on the lowest line.

    Args:
        values: One for each column, 0 to `maximum`; None stays blank.
        height: Lines.
        maximum: The value of a column that reaches the top.

    Returns:
        Lines from top to bottom. What is more than nothing shows at least an eighth of a cell.
    """
    eighths = [_eighths(value, height, maximum) for value in values]
    return [
        "".join(COLUMNS[max(0, min(8, filled - 8 * level))] for filled in eighths)
        for level in range(height - 1, -1, -1)
    ]


def _eighths(value: float | None, height: int, maximum: float) -> int:
    if value is None or value <= 0 or maximum <= 0:
        return 0
    return max(1, round(8 * height * min(1.0, value / maximum)))


def marks_line(events: Sequence[tuple[int, Event]], width: int) -> str:
    """Write what happened below the columns where it happened, with its name where there is room.

    Of two events in one place the later one stands; a name ends before the next mark.
    """
    marks = {column: event for column, event in events if 0 <= column < width}
    line = [" "] * width
    for column in sorted(marks, reverse=True):
        event = marks[column]
        following = min((other for other in marks if other > column), default=width + 1)
        text = f"{_MARKS[event.kind]} {event.kind}"
        name = f"{text} {event.label.partition(':')[0]}" if event.label else text
        room = following - column - 1
        shown = next((one for one in (name, text) if len(one) <= room), _MARKS[event.kind])
        line[column : column + len(shown)] = shown
    return "".join(line)[:width]


class Chart(Widget):
    """A title, the plot with an axis, and a line of marks."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart--plot", "chart--muted", "chart--marks"}
    DEFAULT_CSS = """
    Chart {
        & > .chart--plot { color: $secondary; }
        & > .chart--muted { color: $text-muted; }
        & > .chart--marks { color: $primary; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = ""
        self._note = ""
        self._graph = Graph(())
        self._maximum = 0.0
        self._top_label = ""

    @property
    def plot_width(self) -> int:
        """Columns that the plot has room for."""
        return max(0, self.size.width - AXIS_WIDTH)

    def show(self, title: str, note: str, graph: Graph, maximum: float, top_label: str) -> None:
        """Draw a line.

        Args:
            title: What it shows, with the value now.
            note: Stands at the right of the title where there is room.
            graph: `plot_width` columns.
            maximum: Value at the top of the plot.
            top_label: The same as at most four cells of text.
        """
        new = (title, note, graph, maximum, top_label)
        if new == (self._title, self._note, self._graph, self._maximum, self._top_label):
            return
        self._title, self._note, self._graph, self._maximum, self._top_label = new
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw title, a line of the plot, or the marks."""
        width, height = self.size
        plot_height = max(1, height - 2)
        if y == 0:
            return self._title_line(width)
        if y > plot_height:
            text = " " * AXIS_WIDTH + marks_line(self._graph.events, self.plot_width)
            return self._strip((text, "marks"), width=width)
        lines = area(self._graph.values, plot_height, self._maximum)
        label = self._top_label if y == 1 else "0" if y == plot_height else ""
        tick = "┤" if label else "│"
        return self._strip((f"{label:>4}{tick} ", "muted"), (lines[y - 1], "plot"), width=width)

    def _title_line(self, width: int) -> Strip:
        room = width - len(self._title) - len(self._note)
        if room < 2:
            return self._strip((self._title, ""), width=width)
        return self._strip((self._title, ""), (" " * room + self._note, "muted"), width=width)

    def _strip(self, *parts: tuple[str, str], width: int) -> Strip:
        base = self.rich_style
        segments = [
            Segment(text, base + self.get_component_rich_style(f"chart--{part}") if part else base)
            for text, part in parts
        ]
        used = sum(len(text) for text, _ in parts)
        segments.append(Segment(set_cell_size("", max(0, width - used)), base))
        return Strip(segments).adjust_cell_length(width, base)
