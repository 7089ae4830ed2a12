"""A table that draws only the rows on the screen, so that thousands of rows cost nothing.

Textual's own table measures every cell of every row and draws all visible rows again when one
cell changes; this one compares rows by key and repaints the lines that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, ClassVar, Literal, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.actions import bindings_of

T = TypeVar("T")
Tone = Literal["", "muted", "good", "warn", "bad", "accent"]
GAP = 2
HEADER_ROWS = 1


@dataclass(frozen=True, slots=True)
class Column:
    """How one column looks."""

    title: str
    width: int
    """Cells; for a flexible column the least it gets."""
    align: Literal["left", "right"] = "left"
    flexible: bool = False
    """Takes what the other columns leave."""
    from_width: int = 0
    """Table width in cells from which on the column is shown."""
    keep_end: bool = False
    """Cut a long text in its middle: names of models differ at the end."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text without line breaks, and its meaning."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    key: str
    cells: tuple[Cell, ...]


class LazyRow:
    """A line whose cells are made when it is first drawn: of thousands only a screenful is.

    Args:
        key: As in `Row`.
        source: What the cells are made from; lines of equal sources are equal.
        make: Makes them.
    """

    __slots__ = ("_cells", "_make", "_source", "key")

    def __init__(self, key: str, source: T, make: Callable[[T], tuple[Cell, ...]]) -> None:
        self.key = key
        self._source: object = source
        self._make: Callable[[Any], tuple[Cell, ...]] = make
        self._cells: tuple[Cell, ...] | None = None

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells."""
        if self._cells is None:
            self._cells = self._make(self._source)
        return self._cells

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LazyRow):
            return NotImplemented
        mine, theirs = self._source, other._source
        return mine is theirs or (self.key == other.key and mine == theirs)

    def __hash__(self) -> int:
        return hash(self.key)


AnyRow = Row | LazyRow


class Table(ScrollView, can_focus=True):
    """Rows under a fixed head, one of them under the cursor.

    Args:
        columns: From left to right; rows have as many cells.
        empty: What to say while there are no rows.
    """

    BINDINGS = bindings_of("table")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--head",
        "table--cursor",
        "table--muted",
        "table--good",
        "table--warn",
        "table--bad",
        "table--accent",
    }
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .table--head { color: $text-muted; text-style: bold; }
        & > .table--cursor { background: $block-cursor-blurred-background; }
        &:focus > .table--cursor { background: $primary 35%; text-style: bold; }
        & > .table--muted { color: $text-muted; }
        & > .table--good { color: $text-success; }
        & > .table--warn { color: $text-warning; }
        & > .table--bad { color: $text-error; }
        & > .table--accent { color: $text-accent; }
    }
    """

    @dataclass
    class Highlighted(Message):
        """The cursor stands on another row; the key is '' when there is none."""

        table: Table
        key: str

    @dataclass
    class Chosen(Message):
        """A row was clicked twice."""

        table: Table
        key: str

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self._empty = empty
        self._rows: tuple[AnyRow, ...] = ()
        self._index: dict[str, int] = {}
        self._cursor = 0
        self._touched = False
        self._width = -1
        self._widths: tuple[int, ...] = ()
        self._styles: dict[str, Style] = {}
        self._strips: dict[tuple[AnyRow, bool], Strip] = {}

    @property
    def rows(self) -> tuple[AnyRow, ...]:
        """The rows as last set."""
        return self._rows

    @property
    def cursor_key(self) -> str:
        """Key of the row under the cursor; '' when the table is empty."""
        return self._rows[self._cursor].key if self._rows else ""

    def set_rows(self, rows: Sequence[AnyRow]) -> None:
        """Show `rows`; a cursor that was moved stays on its key, else on its place."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        before_key, old = self.cursor_key, self._rows
        self._rows = rows
        self._index = {row.key: number for number, row in enumerate(rows)}
        if self._touched:
            self._cursor = self._index.get(before_key, min(self._cursor, max(0, len(rows) - 1)))
        if len(rows) != len(old):
            self.virtual_size = Size(0, len(rows) + HEADER_ROWS)
        self._repaint_changed(old)
        if self.cursor_key != before_key:
            self._announce()

    def _repaint_changed(self, old: tuple[AnyRow, ...]) -> None:
        if len(old) != len(self._rows):
            self.refresh()
            return
        # By what one sees: a row may come from other numbers and still read the same, and each
        # line drawn again goes down the wire.
        top = max(0, round(self.scroll_y))
        for number in range(top, min(len(old), top + self.size.height - HEADER_ROWS)):
            before, after = old[number], self._rows[number]
            if before is not after and before.cells != after.cells:
                self._refresh_row(number)

    def move_to(self, key: str) -> bool:
        """Put the cursor on the row with `key`; tells whether there is one."""
        if key not in self._index:
            return False
        self._move(self._index[key])
        return True

    def _move(self, to: int) -> None:
        self._touched = True
        to = max(0, min(to, len(self._rows) - 1))
        if not self._rows or to == self._cursor:
            return
        self._refresh_row(self._cursor)
        self._cursor = to
        self._refresh_row(to)
        self._keep_in_sight()
        self._announce()

    def _keep_in_sight(self) -> None:
        height = self.scrollable_content_region.height - HEADER_ROWS
        top = round(self.scroll_y)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, immediate=True)
        elif height > 0 and self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, immediate=True)

    def _announce(self) -> None:
        self.post_message(self.Highlighted(self, self.cursor_key))

    def _refresh_row(self, number: int) -> None:
        y = number - round(self.scroll_y) + HEADER_ROWS
        if HEADER_ROWS <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def action_cursor_down(self) -> None:
        """Move to the next row."""
        self._move(self._cursor + 1)

    def action_cursor_up(self) -> None:
        """Move to the previous row."""
        self._move(self._cursor - 1)

    def action_page_down(self) -> None:
        """Move a page down."""
        self._move(self._cursor + max(1, self.size.height - HEADER_ROWS - 1))

    def action_page_up(self) -> None:
        """Move a page up."""
        self._move(self._cursor - max(1, self.size.height - HEADER_ROWS - 1))

    def action_first_row(self) -> None:
        """Move to the first row."""
        self._move(0)

    def action_last_row(self) -> None:
        """Move to the last row."""
        self._move(len(self._rows) - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; a second click chooses it."""
        number = event.y - HEADER_ROWS + round(self.scroll_y)
        if event.y < HEADER_ROWS or not 0 <= number < len(self._rows):
            return
        self._move(number)
        if event.chain == 2:
            self.post_message(self.Chosen(self, self.cursor_key))

    def on_key(self) -> None:
        """From the first key on, what a person does is meant for the row under the cursor."""
        self._touched = bool(self._rows)

    def on_resize(self) -> None:
        """Keep the cursor where one can see it."""
        self._keep_in_sight()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old colours."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def column_widths(self, total: int) -> tuple[int, ...]:
        """Divide `total` cells among the columns; a hidden column gets 0."""
        shown = [column.from_width <= total for column in self.columns]
        least = sum(
            column.width + GAP
            for column, is_shown in zip(self.columns, shown, strict=True)
            if is_shown
        )
        flexible = sum(
            column.flexible
            for column, is_shown in zip(self.columns, shown, strict=True)
            if is_shown
        )
        spare = max(0, total - least) // flexible if flexible else 0
        return tuple(
            (column.width + (spare if column.flexible else 0)) if is_shown else 0
            for column, is_shown in zip(self.columns, shown, strict=True)
        )

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width, self._widths = width, self.column_widths(width)
            self._strips.clear()
        if y < HEADER_ROWS:
            titles = tuple(Cell(column.title) for column in self.columns)
            return self._draw(titles, width, self._style("head"), colour=False)
        number = y - HEADER_ROWS + round(self.scroll_y)
        if number >= len(self._rows):
            return self._draw_empty(y, width)
        row, under_cursor = self._rows[number], number == self._cursor
        focused = under_cursor and self.has_focus
        cache_key = (row, focused)
        if under_cursor and not focused:
            return self._draw(row.cells, width, self._style("cursor"))
        if cache_key not in self._strips:
            if len(self._strips) > 500:
                self._strips.clear()
            base = self._style("cursor") if focused else self.rich_style
            self._strips[cache_key] = self._draw(row.cells, width, base)
        return self._strips[cache_key]

    @property
    def empty(self) -> str:
        """What to say while there are no rows."""
        return self._empty

    @empty.setter
    def empty(self, text: str) -> None:
        if text != self._empty:
            self._empty = text
            if not self._rows:
                self.refresh()

    def _draw_empty(self, y: int, width: int) -> Strip:
        lines: list[str] = []
        if not self._rows:
            for line in self._empty.splitlines():
                lines += wrap(line, max(10, width - 2)) or [""]
        number = y - HEADER_ROWS - 1
        if 0 <= number < len(lines):
            text = set_cell_size(f" {lines[number]}", width)
            return Strip([Segment(text, self._style("muted"))], width)
        return Strip.blank(width, self.rich_style)

    def _draw(
        self, cells: tuple[Cell, ...], width: int, base: Style, *, colour: bool = True
    ) -> Strip:
        segments: list[Segment] = []
        for column, cell, cells_wide in zip(self.columns, cells, self._widths, strict=True):
            if not cells_wide:
                continue
            style = base + self._tone(cell.tone) if colour and cell.tone else base
            segments.append(Segment(_fit(cell.text, cells_wide, column), style))
            segments.append(Segment(" " * GAP, base))
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, part: str) -> Style:
        if part not in self._styles:
            self._styles[part] = self.get_component_rich_style(f"table--{part}")
        return self._styles[part]

    def _tone(self, tone: Tone) -> Style:
        # Only the ink: the background is the row's.
        style = self._style(tone)
        return Style(color=style.color, bold=style.bold or None)


def _fit(text: str, width: int, column: Column) -> str:
    length = cell_len(text)
    if length > width:
        end = (width - 1) // 2
        # Wide characters may not be cut in two.
        if column.keep_end and length == len(text) and end > 0:
            return f"{text[: width - 1 - end]}…{text[-end:]}"
        return set_cell_size(text, max(0, width - 1)) + "…"
    if column.align == "right":
        return " " * (width - length) + text
    return text + " " * (width - length)
