"""The widget: one scroll view without children that keeps lines and draws those on the screen.

Growing text changes only the lines of the last block, and it is drawn at most `FLUSH_HZ` times a
second: the cost of a token does not grow with the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui.foundry.text import clean_text
from tui.widgets.transcript.document import Line, MarkdownDocument
from tui.widgets.transcript.layout import layout, wrap
from tui.widgets.transcript.palette import make_palette

FLUSH_HZ = 20
INDENT = "  "
KEPT_STRIPS = 400


@dataclass(slots=True)
class _Entry:
    """One turn: who speaks, the text, and what is said below it."""

    header: Line
    document: MarkdownDocument = field(default_factory=MarkdownDocument)
    footer: tuple[Line, ...] = ()
    growing: bool = False
    closed_blocks: int = 0
    """How many closed blocks are laid out already."""
    settled: int = 0
    """Index of the first line that can still change."""


class Transcript(ScrollView, can_focus=True):
    """A conversation. What is added last is followed until the reader scrolls up."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        background: $background;
    }
    """

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.empty = empty
        self.follow = True
        self._entries: list[_Entry] = []
        self._lines: list[Line] = []
        self._width = 0
        self._pending: list[str] = []
        self._timer: Timer | None = None
        self._palette: dict[str, Style] = {}
        self._strips: dict[int, Strip] = {}

    # Content

    def add(self, who: str, markdown: str, *, style: str, footer: tuple[Line, ...] = ()) -> None:
        """Add a whole turn.

        Args:
            who: The name above it.
            markdown: Its text.
            style: Key of the palette for the name: `you` or `model`.
            footer: Lines below it.
        """
        entry = _Entry(((clean_text(who, False), style),), footer=footer)
        entry.document.append(markdown)
        self._entries.append(entry)
        self.follow = True
        self._lay_out_from(entry)

    def begin(self, who: str) -> None:
        """Begin an answer that grows."""
        entry = _Entry(((clean_text(who, False), "model"),), growing=True)
        self._entries.append(entry)
        self.follow = True
        self._lay_out_from(entry)

    def append(self, text: str) -> None:
        """Add text to the growing answer; it shows within a twentieth of a second."""
        self._pending.append(text)
        if self._timer is None:
            self._timer = self.set_timer(1 / FLUSH_HZ, self.flush)

    def finish(self, footer: tuple[Line, ...]) -> None:
        """End the growing answer, at once, with lines below it."""
        self.flush()
        if self._entries and self._entries[-1].growing:
            entry = self._entries[-1]
            entry.growing = False
            entry.footer = footer
            self._lay_out_from(entry)

    def say(self, line: Line) -> None:
        """Show or replace the line below the growing answer, such as 'waiting'."""
        if self._entries and self._entries[-1].growing:
            self._entries[-1].footer = (line,)
            self._grow(self._entries[-1])

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._pending.clear()
        self._lines.clear()
        self._strips.clear()
        self.follow = True
        self._resized_content()
        self.refresh()

    def flush(self) -> None:
        """Draw what has arrived."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not self._pending or not self._entries:
            return
        text = "".join(self._pending)
        self._pending.clear()
        entry = self._entries[-1]
        entry.document.append(text)
        self._grow(entry)

    @property
    def last_source(self) -> str:
        """Markdown of the last turn."""
        return self._entries[-1].document.source if self._entries else ""

    # Lines

    def _lay_out_from(self, entry: _Entry) -> None:
        """Lay out an entry anew; it is the last one or all later ones follow."""
        start = self._start_of(entry)
        del self._lines[start:]
        for one in self._entries[self._entries.index(entry) :]:
            one.closed_blocks = 0
            self._lines.extend([(), one.header] if self._lines else [one.header])
            one.settled = len(self._lines)
            self._lines.extend(self._fresh_lines(one))
        self._changed_from(start)

    def _start_of(self, entry: _Entry) -> int:
        if entry.settled == 0:
            return len(self._lines)
        place = entry.settled
        while place > 0 and self._lines[place - 1] is not entry.header:
            place -= 1
        # The blank line before the name belongs to the entry too.
        return max(0, place - 2)

    def _grow(self, entry: _Entry) -> None:
        """Lay out what has changed at the end of the growing entry."""
        start = entry.settled
        before = self._lines[start:]
        del self._lines[start:]
        self._lines.extend(self._fresh_lines(entry))
        after = self._lines[start:]
        same = 0
        while same < min(len(before), len(after)) and before[same] == after[same]:
            same += 1
        self._changed_from(start + same)

    def _fresh_lines(self, entry: _Entry) -> list[Line]:
        """Return the entry's lines from `settled` on, and settle those of closed blocks."""
        width = max(10, self._width - len(INDENT) - 1)
        document = entry.document
        is_first = entry.closed_blocks == 0
        fresh = document.closed[entry.closed_blocks :]
        closed = layout(fresh, width, first=is_first)
        if fresh:
            entry.closed_blocks = len(document.closed)
            entry.settled += len(closed)
        still_first = is_first and not fresh
        growing = layout(document.open, width, first=still_first, growing=entry.growing)
        body = [((INDENT, ""), *line) if line else line for line in (*closed, *growing)]
        footer = [((INDENT, ""), *part) for line in entry.footer for part in wrap(line, width)]
        return body + footer

    def _changed_from(self, start: int) -> None:
        for number in [one for one in self._strips if one >= start]:
            del self._strips[number]
        self._resized_content()
        top = start - round(self.scroll_y)
        height = self.size.height
        if top < height:
            first = max(0, top)
            self.refresh(Region(0, first, self.size.width, height - first))

    def _resized_content(self) -> None:
        """Tell the scroll view its new height; without a layout of the screen, which costs most."""
        size = Size(self._width, len(self._lines))
        self.set_reactive(Widget.virtual_size, size)
        bottom = max(0, len(self._lines) - self.size.height)
        if self.follow and round(self.scroll_y) != bottom:
            self.set_reactive(Widget.scroll_y, float(bottom))
            self.set_reactive(Widget.scroll_target_y, float(bottom))
            self.refresh()
        if self.show_vertical_scrollbar:
            bar = self.vertical_scrollbar
            bar.window_virtual_size = size.height
            bar.window_size = self.size.height
            bar.position = self.scroll_y

    # Drawing

    def on_mount(self) -> None:
        """Follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())

    def _restyle(self) -> None:
        self._palette.clear()
        self._strips.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old colours."""
        super().notify_style_update()
        self._palette.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        """Break the lines for the new width."""
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            if self._entries:
                for entry in self._entries:
                    entry.settled = 0
                self._lines.clear()
                self._lay_out_from(self._entries[0])
        self._resized_content()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the visible lines, kept as they were drawn: most of them do not change."""
        top = round(self.scroll_y)
        return [self._strip(top + y).crop(crop.x, crop.right) for y in range(crop.y, crop.bottom)]

    def render_line(self, y: int) -> Strip:
        """Return one line; the compositor asks for it to find the text under the mouse."""
        return self._strip(round(self.scroll_y) + y)

    def _strip(self, number: int) -> Strip:
        if self.text_selection is not None:
            return self._draw(number)
        if number not in self._strips:
            if len(self._strips) > KEPT_STRIPS:
                self._strips.clear()
            self._strips[number] = self._draw(number)
        return self._strips[number]

    def _draw(self, number: int) -> Strip:
        if not self._palette:
            variables = self.app.theme_variables
            self._palette = make_palette(self.rich_style, variables)
        palette, width = self._palette, self.size.width
        if not self._entries:
            return self._draw_empty(number, width)
        line = self._lines[number] if number < len(self._lines) else ()
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        if span is not None:
            line = _selected(line, *span)
        chosen = self.screen.get_component_rich_style("screen--selection") if span else Style()
        segments = [
            Segment(
                text,
                palette.get(style.removeprefix("+"), palette[""])
                + (chosen if style.startswith("+") else Style()),
            )
            for text, style in line
        ]
        strip = Strip(segments).apply_offsets(0, number)
        return strip.adjust_cell_length(width, palette[""])

    def _draw_empty(self, number: int, width: int) -> Strip:
        lines = self.empty.splitlines()
        text = f"{INDENT}{lines[number - 1]}" if 0 < number <= len(lines) else ""
        return Strip([Segment(text, self._palette["muted"])]).adjust_cell_length(
            width, self._palette[""]
        )

    # Reading

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following when the reader scrolls up, follow again at the end."""
        super().watch_scroll_y(old_value, new_value)
        self.follow = round(new_value) >= len(self._lines) - self.size.height

    def action_scroll_end(self) -> None:
        """Go to the end and follow again."""
        self.follow = True
        super().action_scroll_end()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text."""
        text = "\n".join("".join(part for part, _ in line).rstrip() for line in self._lines)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self._strips.clear()
        self.refresh()


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
