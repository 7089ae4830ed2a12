"""An area chart over time, in eighths of a cell, with what happened on its time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.system.history import Event, Graph
from tui.widgets.glyphs import BLOCKS, Glyphs

AXIS_WIDTH = 6
"""Cells left of the plot: four for the number, one for the tick, one of air."""
WARM, HOT = 0.7, 0.9
"""Parts of what is full, from which on the plot takes the colours of a warning and an alarm."""
DIMMEST = 0.62
"""Strength of the colour at the foot of the plot, where the terminal has enough colours."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a chart shows."""

    title: str = ""
    note: str = ""
    """Stands at the right of the title where there is room."""
    graph: Graph = Graph(())
    low: float = 0.0
    """Value at the foot of the plot."""
    high: float = 0.0
    """Value at its top."""
    low_label: str = "0"
    high_label: str = ""
    """The same as at most four cells of text."""
    full: float | None = None
    """Value from which on nothing more goes, for the colours; None where there is none."""
    ago: str = ""
    """Time of the left edge, for the axis."""
    now: str = ""
    """Time of the right edge."""
    empty: str = ""
    """What stands in the plot as long as it has no values."""


def area(
    values: Sequence[float | None],
    height: int,
    maximum: float,
    minimum: float = 0.0,
    glyphs: Glyphs = BLOCKS,
) -> list[str]:
    """Draw values as columns that stand on the lowest line.

    Args:
        values: One for each column, `minimum` to `maximum`; None stays blank.
        height: Lines.
        maximum: The value of a column that reaches the top.
        minimum: The value of an empty column.
        glyphs: What to draw with.

    Returns:
        Lines from top to bottom. What is more than nothing shows at least an eighth of a cell.
    """
    eighths = [_eighths(value, height, maximum, minimum) for value in values]
    return [
        "".join(glyphs.columns[max(0, min(8, filled - 8 * level))] for filled in eighths)
        for level in range(height - 1, -1, -1)
    ]


def _eighths(value: float | None, height: int, maximum: float, minimum: float) -> int:
    if value is None or value <= 0 or value < minimum or maximum <= minimum:
        return 0
    return max(1, round(8 * height * min(1.0, (value - minimum) / (maximum - minimum))))


def marks_line(events: Sequence[tuple[int, Event]], width: int, glyphs: Glyphs = BLOCKS) -> str:
    """Write what happened below the columns where it happened, with its name where there is room.

    Of two events in one place the later one stands; a name ends before the next mark.
    """
    marks = {column: event for column, event in events if 0 <= column < width}
    line = [" "] * width
    for column in sorted(marks, reverse=True):
        event = marks[column]
        following = min((other for other in marks if other > column), default=width + 1)
        sign = glyphs.marks[event.kind]
        text = f"{sign} {event.kind}"
        name = f"{text} {event.label.partition(':')[0]}" if event.label else text
        room = following - column - 1
        shown = next((one for one in (name, text) if len(one) <= room), sign)
        line[column : column + len(shown)] = shown
    return "".join(line)[:width]


def time_line(marks: str, ago: str, now: str) -> list[tuple[str, bool]]:
    """Put the times of both edges into a line of marks, where there is room.

    Returns:
        Pieces of the line, each with whether it is a time.
    """
    width = len(marks)
    free_left = len(marks) - len(marks.lstrip(" "))
    free_right = len(marks) - len(marks.rstrip(" "))
    left = ago if len(ago) + 1 <= free_left and len(ago) + len(now) + 3 <= width else ""
    right = now if len(now) + 1 <= free_right and len(left) + len(now) + 3 <= width else ""
    middle = marks[len(left) : width - len(right)]
    return [(left, True), (middle, False), (right, True)]


class Chart(Widget):
    """A title, the plot with an axis, and a line of marks.

    Args:
        hue: Which of the theme's colours it has: `secondary`, `accent`, `primary` or `success`.
        glyphs: What to draw with.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--secondary", "chart--accent", "chart--primary", "chart--success",
        "chart--warm", "chart--hot", "chart--muted", "chart--marks", "chart--title",
    }  # fmt: skip
    DEFAULT_CSS = """
    Chart {
        & > .chart--secondary { color: $secondary; }
        & > .chart--accent { color: $accent; }
        & > .chart--primary { color: $primary; }
        & > .chart--success { color: $success; }
        & > .chart--warm { color: $warning; }
        & > .chart--hot { color: $error; }
        & > .chart--muted { color: $text-muted; }
        & > .chart--marks { color: $primary; }
        & > .chart--title { text-style: bold; }
    }
    """

    class Resized(Message):
        """The plot has another width: its graph needs as many columns."""

    def __init__(
        self,
        *,
        hue: str = "secondary",
        glyphs: Glyphs = BLOCKS,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._hue = hue
        self._glyphs = glyphs
        self._picture = Picture()
        self._drawn: tuple[Picture, int, int, list[str]] | None = None

    @property
    def picture(self) -> Picture:
        """What it shows."""
        return self._picture

    @property
    def plot_width(self) -> int:
        """Columns that the plot has room for."""
        return max(0, self.size.width - AXIS_WIDTH)

    def on_resize(self) -> None:
        """Ask for a graph of the new width."""
        self.post_message(self.Resized())

    def show(self, picture: Picture) -> None:
        """Draw a picture whose graph has `plot_width` columns."""
        if picture != self._picture:
            self._picture = picture
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw title, a line of the plot, or the marks."""
        width, height = self.size
        plot_height = max(1, height - 2)
        if y == 0:
            return self._title_line(width)
        if y > plot_height:
            return self._marks_line(width)
        picture = self._picture
        line = self._plot(width, plot_height)[y - 1]
        label = picture.high_label if y == 1 else ""
        if y == plot_height:
            label = picture.low_label if plot_height > 1 else label
        tick = self._glyphs.tick if label else self._glyphs.axis
        parts = [(f"{label:>4}{tick} ", self._part("muted"))]
        if y == (plot_height + 1) // 2 and picture.empty and picture.graph.peak is None:
            parts.append((picture.empty.center(len(line))[: len(line)], self._part("muted")))
        else:
            parts += self._coloured(line, (plot_height - y + 0.5) / plot_height)
        return self._strip(parts, width)

    def _plot(self, width: int, height: int) -> list[str]:
        """Return the lines of the plot; drawn once for all of them."""
        picture = self._picture
        if self._drawn is None or self._drawn[:3] != (picture, width, height):
            lines = area(picture.graph.values, height, picture.high, picture.low, self._glyphs)
            for column, _ in picture.graph.events:
                for number, line in enumerate(lines):
                    if line[column : column + 1] == " ":
                        sign = self._glyphs.event_line
                        lines[number] = line[:column] + sign + line[column + 1 :]
            self._drawn = (picture, width, height, lines)
        return self._drawn[3]

    def _coloured(self, line: str, level: float) -> list[tuple[str, Style]]:
        """Return a line of the plot in pieces: columns in their colour, event lines muted."""
        plot, muted = self._plot_style(level), self._part("muted")
        sign = self._glyphs.event_line
        pieces: list[tuple[str, Style]] = []
        start = 0
        for place, cell in enumerate(line):
            if cell == sign:
                pieces += [(line[start:place], plot), (sign, muted)]
                start = place + 1
        return [*pieces, (line[start:], plot)]

    def _plot_style(self, level: float) -> Style:
        """Return the colour of a line at a level of 0 (foot) to 1 (top)."""
        picture = self._picture
        value = picture.low + level * (picture.high - picture.low)
        part = value / picture.full if picture.full else 0.0
        name = "hot" if part >= HOT else "warm" if part >= WARM else self._hue
        colour = self.get_component_styles(f"chart--{name}").color
        if self.app.console.color_system in ("truecolor", "256"):
            strength = DIMMEST + (1 - DIMMEST) * level
            colour = self.background_colors[1].blend(colour, strength)
        return self.rich_style + Style.from_color(Color(*colour.rgb).rich_color)

    def _title_line(self, width: int) -> Strip:
        title, note = self._picture.title, self._picture.note
        head, space, rest = title.partition("  ")
        parts = [(head, self._part("title")), (space + rest, self._part("muted"))]
        if width - cell_len(head) < 0:
            parts = [(head[:width], self._part("title"))]
        elif width - cell_len(title) < 0:
            parts.pop()
        used = sum(cell_len(text) for text, _ in parts)
        room = width - used - cell_len(note)
        if note and room >= 2:
            parts.append((" " * room + note, self._part("muted")))
        return self._strip(parts, width)

    def _marks_line(self, width: int) -> Strip:
        picture = self._picture
        marks = marks_line(picture.graph.events, self.plot_width, self._glyphs)
        parts = [(" " * AXIS_WIDTH, self.rich_style)]
        for text, is_time in time_line(marks, picture.ago, picture.now):
            parts.append((text, self._part("muted" if is_time else "marks")))
        return self._strip(parts, width)

    def _part(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"chart--{name}")

    def _strip(self, parts: list[tuple[str, Style]], width: int) -> Strip:
        segments = [Segment(text, style) for text, style in parts if text]
        return Strip(segments).adjust_cell_length(width, self.rich_style)
