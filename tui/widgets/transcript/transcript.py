"""The widget: one scroll view without children that keeps lines and draws those on the screen.

Growing text changes only the lines of the last block, and it is drawn at most `FLUSH_HZ` times a
second: the cost of a token does not grow with the conversation. Of a long conversation the end is
laid out first; what stands before it follows in slices, so that no key has to wait.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.transcript.document import Line
from tui.widgets.transcript.entry import Entry, TurnView, first_difference
from tui.widgets.transcript.painter import Painter

FLUSH_HZ = 20
REST_FACTOR = 4
"""A flush that takes long is followed by a rest as many times as long: three quarters of the time
belong to the rest of the program whatever a model sends."""
SLICE_S = 0.008
SLICE_EVERY_S = 0.02


class Transcript(ScrollView, can_focus=True):
    """A conversation. What is added last is followed until the reader scrolls up.

    Args:
        empty: What an empty conversation says.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", show=False),
        Binding("down,j", "scroll_down", show=False),
        Binding("pageup,ctrl+b", "page_up", show=False),
        Binding("pagedown,ctrl+f,space", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end,G", "scroll_end", show=False),
    ]
    DEFAULT_CSS = """
    Transcript {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size: 0 0;
        background: $background;
    }
    """

    @dataclass
    class TurnChosen(Message):
        """The mark was set on a turn, or taken away."""

        turn_id: str | None

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.empty = empty
        self.follow = True
        self.unfolded = False
        """Whether what a model thought before it answered is shown."""
        self.chosen_id: str | None = None
        """The turn with the mark beside it."""
        self._entries: list[Entry] = []
        self._laid_from = 0
        """The first entry whose lines are in `_lines`; all later ones are, too."""
        self._lines: list[Line] = []
        self._width = 0
        self._text: list[str] = []
        self._thought: list[str] = []
        self._flushed_s = 0.0
        self._flush_cost_s = 0.0
        self._flush_call: asyncio.TimerHandle | None = None
        self._slice_call: asyncio.TimerHandle | None = None
        self._painter = Painter()

    # Content

    def show(self, views: Sequence[TurnView]) -> None:
        """Show these turns; those at the start that are the same already stay as they are."""
        self.flush()
        same = 0
        for entry, view in zip(self._entries, views, strict=False):
            if entry.growing or entry.view != view:
                break
            same += 1
        if same == len(self._entries) == len(views):
            return
        self._cut_lines(same)
        del self._entries[same:]
        for view in views[same:]:
            self._entries.append(self._entry(view))
        if self.chosen_id not in {view.id for view in views}:
            self.choose(None)
        self.follow = True
        self._lay_out_end(same)

    def begin(self, view: TurnView) -> None:
        """Begin an answer that grows."""
        self.flush()
        self._entries.append(self._entry(view, growing=True))
        self.follow = True
        self._lay_out_end(len(self._entries) - 1)

    def append(self, text: str) -> None:
        """Add text to the growing answer; it shows within a twentieth of a second."""
        self._text.append(text)
        self._arm()

    def think(self, text: str) -> None:
        """Add to what the growing answer thinks first."""
        self._thought.append(text)
        self._arm()

    def say(self, *lines: Line, thought_title: str | None = None) -> None:
        """Replace the lines below the growing answer, such as 'waiting' or its figures so far.

        Args:
            lines: What stands there now.
            thought_title: The line that stands for the thought; None leaves it as it is.
        """
        entry = self._growing
        if entry is None:
            return
        entry.footer = lines
        if thought_title is not None and thought_title != entry.view.thought_title:
            entry.view = replace(entry.view, thought_title=thought_title)
            self._lay_out_entry(entry)
        else:
            self._grow(entry)

    def finish(self, view: TurnView) -> None:
        """End the growing answer, at once, and show it as `view` says."""
        self.flush()
        entry = self._growing
        if entry is None:
            return
        entry.growing = False
        entry.footer = view.footer
        before, entry.view = entry.view, view
        kept = (view.who, view.mark, view.thought_title)
        if kept == (before.who, before.mark, before.thought_title):
            self._grow(entry)
        else:
            self._lay_out_entry(entry)

    def flush(self) -> None:
        """Draw what has arrived."""
        if self._flush_call is not None:
            self._flush_call.cancel()
            self._flush_call = None
        entry = self._growing
        if not (self._text or self._thought) or entry is None:
            return
        start_s = time.perf_counter()
        text, thought = "".join(self._text), "".join(self._thought)
        self._text.clear()
        self._thought.clear()
        began = bool(text) and not entry.answering and bool(entry.thought.source or thought)
        entry.thought.append(thought)
        entry.document.append(text)
        if began or (thought and not entry.unfolded):
            self._lay_out_entry(entry)
        else:
            self._grow(entry)
        self._flushed_s = time.perf_counter()
        self._flush_cost_s = self._flushed_s - start_s

    def unfold(self, unfolded: bool) -> None:
        """Show or hide what models thought before they answered."""
        self.unfolded = unfolded
        for entry in self._entries:
            entry.unfolded = unfolded
        self._lay_out_all()

    def _entry(self, view: TurnView, *, growing: bool = False) -> Entry:
        entry = Entry.of(view, growing=growing)
        entry.unfolded = self.unfolded
        return entry

    @property
    def _growing(self) -> Entry | None:
        return self._entries[-1] if self._entries and self._entries[-1].growing else None

    def _arm(self) -> None:
        """Draw now, or when the last drawing is a twentieth of a second ago."""
        if self._flush_call is not None:
            return
        pause_s = max(1 / FLUSH_HZ, REST_FACTOR * self._flush_cost_s)
        wait_s = self._flushed_s + pause_s - time.perf_counter()
        if wait_s <= 0:
            self.flush()
        else:
            self._flush_call = asyncio.get_running_loop().call_later(wait_s, self.flush)

    # Choosing a turn

    def choose(self, turn_id: str | None) -> None:
        """Set the mark on a turn, or take it away."""
        if turn_id == self.chosen_id:
            return
        self.chosen_id = turn_id
        self._painter.forget()
        self.refresh()
        self.post_message(self.TurnChosen(turn_id))

    def choose_next(self, step: int) -> None:
        """Move the mark by `step` turns; without one it starts at the last turn."""
        if not self._entries:
            return
        ids = [entry.view.id for entry in self._entries]
        last = len(ids) - 1
        place = ids.index(self.chosen_id) + step if self.chosen_id in ids else last
        place = max(0, min(last, place))
        self.choose(ids[place])
        self._lay_out_before(place)
        entry = self._entries[place]
        top, height = round(self.scroll_y), self.size.height
        if entry.start < top or entry.start + entry.count > top + height:
            self.scroll_to(y=entry.start, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Set the mark on the turn under the mouse; the text stays to be selected."""
        entry = self._entry_at(round(self.scroll_y) + event.y)
        if event.chain == 1 and entry is not None:
            self.choose(entry.view.id)

    def _entry_at(self, number: int) -> Entry | None:
        laid = self._entries[self._laid_from :]
        if not laid or not 0 <= number < len(self._lines):
            return None
        return laid[bisect_right([entry.start for entry in laid], number) - 1]

    # Lines

    def _lay_out_all(self) -> None:
        """Lay out anew, beginning with what is on the screen."""
        top = round(self.scroll_y)
        entry = None if self.follow else self._entry_at(top)
        anchor = len(self._entries) - 1 if entry is None else self._entries.index(entry)
        offset = top - entry.start if entry is not None else 0
        self._cut_lines(0)
        self._laid_from = len(self._entries)
        self._lay_out_end(0)
        self._lay_out_before(anchor)
        if entry is not None:
            self._jump(entry.start + min(offset, max(0, entry.count - 1)))

    def _cut_lines(self, first: int) -> None:
        """Forget the lines of entry number `first` and all later ones."""
        for entry in self._entries[first:]:
            entry.count = 0
        if first <= self._laid_from:
            self._lines.clear()
            self._laid_from = first
        else:
            before = self._entries[first - 1]
            del self._lines[before.start + before.count :]

    def _lay_out_end(self, first: int) -> None:
        """Lay out the entries from number `first` on, as far up as the screen shows them."""
        if not self._width:
            self._laid_from = 0
            return
        start = len(self._lines)
        place = len(self._entries)
        fresh: list[list[Line]] = []
        rows = 0
        while place > first and (rows < 2 * self.size.height or place == len(self._entries)):
            place -= 1
            fresh.append(self._entries[place].lay_out(self._width))
            rows += len(fresh[-1])
        if place > first:  # what stands before cannot be shown yet
            self._lines.clear()
            self._laid_from, start = place, 0
            for entry in self._entries[:place]:
                entry.count = 0
        elif first == 0:
            self._laid_from = 0
        for entry, lines in zip(self._entries[place:], reversed(fresh), strict=True):
            entry.start = len(self._lines)
            self._lines.extend(lines)
        self._changed_from(start)
        self._lay_out_slices()

    def _lay_out_slices(self) -> None:
        """Lay out what stands before, a little at a time."""
        if self._laid_from > 0 and self._slice_call is None:
            loop = asyncio.get_running_loop()
            self._slice_call = loop.call_later(SLICE_EVERY_S, self._lay_out_slice)

    def _lay_out_slice(self) -> None:
        self._slice_call = None
        until_s = time.perf_counter() + SLICE_S
        place = self._laid_from
        fresh: list[list[Line]] = []
        while place > 0 and time.perf_counter() < until_s:
            place -= 1
            fresh.append(self._entries[place].lay_out(self._width))
        self._put_before(place, fresh)
        self._lay_out_slices()

    def _lay_out_before(self, place: int) -> None:
        """Lay out everything from entry number `place` on at once."""
        missing = self._entries[place : self._laid_from] if self._width else []
        self._put_before(place, [entry.lay_out(self._width) for entry in reversed(missing)])

    def _put_before(self, place: int, fresh: list[list[Line]]) -> None:
        """Put the lines of entry number `place` and on, last first, before those there are."""
        if not fresh:
            return
        start = 0
        lines: list[Line] = []
        for entry, own in zip(self._entries[place:], reversed(fresh), strict=False):
            entry.start = start
            start += len(own)
            lines.extend(own)
        for entry in self._entries[self._laid_from :]:
            entry.start += start
        self._laid_from = place
        self._lines[:0] = lines
        self._painter.forget()
        self._resized_content()
        if not self.follow:
            self._jump(round(self.scroll_y) + start)

    def _lay_out_entry(self, entry: Entry) -> None:
        """Lay out the last entry anew."""
        if self._width:
            self._replace_lines(entry, 0, entry.lay_out(self._width))

    def _grow(self, entry: Entry) -> None:
        """Lay out what has changed at the end of the last entry."""
        if self._width:
            self._replace_lines(entry, *entry.grow(self._width))

    def _replace_lines(self, entry: Entry, first: int, lines: list[Line]) -> None:
        start = entry.start + first
        before = self._lines[start:]
        if before != lines:
            self._lines[start:] = lines
            self._changed_from(start + first_difference(before, lines))

    def _changed_from(self, start: int) -> None:
        self._painter.forget(start)
        self._resized_content()
        top = start - round(self.scroll_y)
        height = self.size.height
        if top < height:
            first = max(0, top)
            self.refresh(Region(0, first, self.size.width, height - first))

    def _resized_content(self) -> None:
        """Tell the scroll view its new height; without a layout of the screen, which costs most."""
        self.set_reactive(Widget.virtual_size, Size(self._width, len(self._lines)))
        bottom = max(0, len(self._lines) - self.size.height)
        if self.follow or self.scroll_y > bottom:
            self._jump(bottom)

    def _jump(self, y: int) -> None:
        if round(self.scroll_y) != y:
            self.set_reactive(Widget.scroll_y, float(y))
            self.set_reactive(Widget.scroll_target_y, float(y))
            self.refresh()

    # Drawing

    def on_mount(self) -> None:
        """Follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())

    def on_unmount(self) -> None:
        """Draw no more."""
        for call in (self._flush_call, self._slice_call):
            if call is not None:
                call.cancel()

    def _restyle(self) -> None:
        self._painter.restyle()
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old colours."""
        super().notify_style_update()
        self._painter.restyle()

    def on_resize(self) -> None:
        """Break the lines for the new width."""
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            self._painter.forget()
            self._lay_out_all()
        self._resized_content()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the visible lines, kept as they were drawn: most of them do not change."""
        top = round(self.scroll_y)
        rows = range(crop.y, crop.bottom)
        strips = [self._strip(top + y) for y in rows]
        painter = self._painter
        thumb = None if self.follow else painter.thumb(top, self.size, len(self._lines))
        if thumb is not None:
            strips = [
                painter.with_thumb(strip, y in thumb) for y, strip in zip(rows, strips, strict=True)
            ]
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """Return one line; the compositor asks for it to find the text under the mouse."""
        return self._strip(round(self.scroll_y) + y)

    def _strip(self, number: int) -> Strip:
        return self._painter.strip(self, number, self._line(number))

    def _line(self, number: int) -> Line:
        """Return a line with its gutter, where the mark of the chosen turn stands."""
        if not self._entries:
            lines = self.empty.splitlines()
            text = lines[number - 1] if 0 < number <= len(lines) else ""
            return ((f"   {text}", "muted"),)
        if number >= len(self._lines):
            return ()
        chosen = False
        if self.chosen_id is not None and self._lines[number]:
            entry = self._entry_at(number)
            chosen = entry is not None and entry.view.id == self.chosen_id
        return (("▌", "cursor") if chosen else (" ", ""), *self._lines[number])

    # Reading

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following when the reader scrolls up, follow again at the end."""
        super().watch_scroll_y(old_value, new_value)
        self.follow = round(new_value) >= len(self._lines) - self.size.height

    def action_scroll_home(self) -> None:
        """Go to the first turn."""
        self._lay_out_before(0)
        super().action_scroll_home()

    def action_scroll_end(self) -> None:
        """Go to the end and follow again."""
        self.follow = True
        super().action_scroll_end()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return what is selected: part of a line as it stands, else the Markdown behind it."""
        if selection.start is None:
            self._lay_out_before(0)
        start = selection.start.y if selection.start is not None else 0
        end = selection.end.y if selection.end is not None else len(self._lines) - 1
        if start == end:
            text = "\n".join("".join(part for part, _ in self._line(n)) for n in range(end + 1))
            return selection.extract(text), "\n"
        parts = [
            entry.source_of(start - entry.start, end - entry.start, self._width)
            for entry in self._entries[self._laid_from :]
            if entry.start <= end and entry.start + entry.count > start
        ]
        return "\n\n".join(part for part in parts if part), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self._painter.forget()
        self.refresh()
