"""One of several, by arrow keys or by letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog
from tui.widgets.table import HEADER_ROWS, Cell, Column, Row, Table

MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose. Text in it may come from outside."""

    key: str
    name: str
    what: str
    current: bool = False


class ChooseDialog(Dialog[str]):
    """Answers with the key of the choice.

    Args:
        title: What is chosen.
        choices: At least one.
        hint: What else there is to know.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", show=False)]
    DEFAULT_CSS = """
    ChooseDialog > .box { width: 90; }
    """

    def __init__(self, title: str, choices: Sequence[Choice], hint: str = "") -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield Table([Column(" ", 1), Column("NAME", 16), Column("WHAT", 30, flexible=True)])
            yield Static(f"enter takes it · esc closes\n{self._hint}".strip(), classes="hint")

    def on_mount(self) -> None:
        """Fill the list, and start on what holds now."""
        table = self.query_one(Table)
        table.styles.height = min(MOST_ROWS, len(self._choices)) + HEADER_ROWS
        table.set_rows([_row(choice) for choice in self._choices])
        for choice in self._choices:
            if choice.current:
                table.move_to(choice.key)
        table.focus()

    @on(Table.Chosen)
    def action_take(self) -> None:
        """Answer with the choice under the cursor."""
        self.dismiss(self.query_one(Table).cursor_key)


def _row(choice: Choice) -> Row:
    mark = Cell("●" if choice.current else " ", "good")
    name, what = clean_text(choice.name, False), clean_text(choice.what, False)
    return Row(choice.key, (mark, Cell(name), Cell(what, "muted")))
