"""Marked variants side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.catalog.compare import CompareLine
from tui.foundry.ids import split_version
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog
from tui.widgets.table import HEADER_ROWS, Cell, Column, Row, Table, Tone

LABEL_WIDTH = 10
LEAST_WIDTH = 14


class CompareDialog(Dialog[None]):
    """Every property; those that differ stand out, the best number is marked.

    Args:
        variant_ids: What is compared.
        lines: One for each property.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("v,q", "leave", show=False)]
    DEFAULT_CSS = """
    CompareDialog > .box { width: 150; padding: 1 1; }
    """

    def __init__(self, variant_ids: Sequence[str], lines: Sequence[CompareLine]) -> None:
        super().__init__()
        self._ids = variant_ids
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        names = [clean_text(split_version(one)[0], False) for one in self._ids]
        with Vertical(classes="box") as box:
            box.border_title = "Compare"
            yield Table(
                [
                    Column("", LABEL_WIDTH),
                    *(Column(name, LEAST_WIDTH, flexible=True) for name in names),
                ]
            )
            yield Static("coloured: they differ · ★ the best of it · esc closes", classes="hint")

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(Table)
        table.styles.height = len(self._lines) + HEADER_ROWS
        table.styles.max_height = max(6, self.app.size.height - 10)
        table.set_rows([_row(line) for line in self._lines])
        table.focus()


def _row(line: CompareLine) -> Row:
    tone: Tone = "accent" if line.differs else "muted"
    cells = [
        Cell(clean_text(f"★ {value}" if place == line.best else value, False),
             "good" if place == line.best else tone)
        for place, value in enumerate(line.values)
    ]  # fmt: skip
    return Row(line.label, (Cell(line.label), *cells))
