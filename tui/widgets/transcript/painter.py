"""Lines to strips, kept as long as they hold: what does not change is not drawn again."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.transcript.document import Line
from tui.widgets.transcript.palette import make_palette

KEPT_STRIPS = 400


class Painter:
    """Draws lines in the colours of the theme."""

    def __init__(self) -> None:
        self._palette: dict[str, Style] = {}
        self._strips: dict[int, Strip] = {}

    def restyle(self) -> None:
        """Forget the colours."""
        self._palette.clear()
        self._strips.clear()

    def forget(self, first: int = 0) -> None:
        """Forget how the lines from number `first` on were drawn."""
        if first == 0:
            self._strips.clear()
        else:
            for number in [one for one in self._strips if one >= first]:
                del self._strips[number]

    def strip(self, widget: Widget, number: int, line: Line) -> Strip:
        """Return line `number` of the widget, as wide as it is."""
        if widget.text_selection is not None:
            return self._draw(widget, number, line)
        if number not in self._strips:
            if len(self._strips) > KEPT_STRIPS:
                self._strips.clear()
            self._strips[number] = self._draw(widget, number, line)
        return self._strips[number]

    def _draw(self, widget: Widget, number: int, line: Line) -> Strip:
        palette = self._colours(widget)
        selection = widget.text_selection
        span = selection.get_span(number) if selection is not None else None
        chosen = Style()
        if span is not None:
            line = _selected(line, *span)
            chosen = widget.screen.get_component_rich_style("screen--selection")
        segments = [
            Segment(
                text,
                palette.get(style.removeprefix("+"), palette[""])
                + (chosen if style.startswith("+") else Style()),
            )
            for text, style in line
        ]
        strip = Strip(segments).apply_offsets(0, number)
        return strip.adjust_cell_length(widget.size.width, palette[""])

    def _colours(self, widget: Widget) -> dict[str, Style]:
        if not self._palette:
            self._palette = make_palette(widget.rich_style, widget.app.theme_variables)
        return self._palette

    def thumb(self, top: int, size: Size, lines: int) -> range | None:
        """Return the rows that show in the last column where the reader is; None at the end.

        A scroll bar of Textual's draws all its rows for each new line; while the end is followed
        there is nothing to show.
        """
        if lines <= size.height or not self._palette:
            return None
        length = max(1, size.height * size.height // lines)
        first = min(size.height - length, round(top / lines * size.height))
        return range(first, first + length)

    def with_thumb(self, strip: Strip, on_thumb: bool) -> Strip:
        """Return the strip with its last column in the colour of the thumb or the groove."""
        mark = Segment("┃", self._palette["thumb"]) if on_thumb else Segment(
            "│", self._palette["groove"]
        )  # fmt: skip
        return Strip.join([strip.crop(0, strip.cell_length - 1), Strip([mark], 1)])


def _selected(line: Line, start: int, end: int) -> Line:
    """Mark the characters from `start` to `end` (-1: to the end) with a plus before the style."""
    runs: list[tuple[str, str]] = []
    place = 0
    for text, style in line:
        stop = len(text) if end == -1 else max(0, end - place)
        first = max(0, start - place)
        for part, marked in (
            (text[:first], ""),
            (text[first:stop], "+"),
            (text[max(first, stop) :], ""),
        ):
            if part:
                runs.append((part, marked + style))
        place += len(text)
    return tuple(runs)
