"""Chooses what of an answer is copied or saved: all of it, or one block of code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.chat.code_blocks import CodeBlock
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog
from tui.widgets.table import HEADER_ROWS, Cell, Column, Row, Table

MOST_ROWS = 12
COLUMNS = (
    Column("WHAT", 8),
    Column("LANGUAGE", 10),
    Column("LINES", 5, align="right"),
    Column("BEGINS WITH", 20, flexible=True),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that can be copied."""

    name: str
    """`The answer`, `Block 2`."""
    text: str
    file_name: str
    """Suggested, for saving."""


class CopyDialog(Dialog[tuple[Literal["copy", "save"], Piece]]):
    """Answers with what to do with which piece.

    Args:
        text: The whole text.
        blocks: The code in it, at least one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,c,y", "take('copy')", show=False),
        Binding("s", "take('save')", show=False),
    ]

    def __init__(self, text: str, blocks: Sequence[CodeBlock]) -> None:
        super().__init__()
        self._pieces = pieces_of(text, blocks)
        self._rows = [_row(piece, block) for piece, block in self._pieces]

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = "Copy or save"
            yield Table(COLUMNS)
            yield Static(
                "enter copies · s saves to a file · a number copies that block · esc",
                classes="hint",
            )

    def on_mount(self) -> None:
        """Start on the first block: the whole is only one line above."""
        table = self.query_one(Table)
        table.styles.height = min(MOST_ROWS, len(self._rows)) + HEADER_ROWS
        table.set_rows(self._rows)
        table.move_to(self._pieces[1][0].name)
        table.focus()

    def on_key(self, event: events.Key) -> None:
        """Copy a block by its number."""
        number = int(event.key) if event.key in "123456789" else 0
        if 0 < number < len(self._pieces):
            event.stop()
            self.dismiss(("copy", self._pieces[number][0]))

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.action_take("copy")

    def action_take(self, what: Literal["copy", "save"]) -> None:
        """Answer with the piece under the cursor."""
        key = self.query_one(Table).cursor_key
        self.dismiss((what, next(piece for piece, _ in self._pieces if piece.name == key)))


def pieces_of(text: str, blocks: Sequence[CodeBlock]) -> list[tuple[Piece, CodeBlock | None]]:
    """Return the whole and its blocks."""
    pieces: list[tuple[Piece, CodeBlock | None]] = [
        (Piece("The answer", clean_text(text), "answer.md"), None)
    ]
    for number, block in enumerate(blocks, 1):
        pieces.append((Piece(f"Block {number}", block.text, block.file_name(number)), block))
    return pieces


def _row(piece: Piece, block: CodeBlock | None) -> Row:
    lines = piece.text.strip("\n").split("\n")
    language = "Markdown" if block is None else block.language or "-"
    begins = block.first_line if block else next((one for one in lines if one.strip()), "")
    return Row(
        piece.name,
        (
            Cell("answer" if block is None else piece.name.lower()),
            Cell(clean_text(language, False), "accent"),
            Cell(str(len(lines)), "muted"),
            Cell(clean_text(begins, False), "muted"),
        ),
    )
