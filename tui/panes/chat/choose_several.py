"""Asks which models shall answer side by side, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.chat.side_by_side import MOST_MODELS
from tui.formats import UNKNOWN, format_bytes
from tui.foundry.text import clean_text
from tui.foundry.types import Variant
from tui.panes.chat.views import device_text
from tui.widgets.dialogs.base import Dialog
from tui.widgets.table import HEADER_ROWS, Cell, Column, Row, Table

MOST_ROWS = 12
COLUMNS = (
    Column(" ", 1),
    Column("MODEL", 24, flexible=True),
    Column("DEVICE", 6),
    Column("SIZE", 7, align="right"),
    Column("STATE", 7),
)


class ChooseSeveral(Dialog[tuple[str, ...]]):
    """Answers with two or three variant ids.

    Args:
        variants: What can answer, in memory or on disk.
        chosen: Ids that are chosen at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", show=False),
        Binding("enter", "take", show=False),
    ]

    def __init__(self, variants: Sequence[Variant], chosen: Sequence[str]) -> None:
        super().__init__()
        self._variants = variants
        self._chosen = list(chosen)[:MOST_MODELS]

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = f"Two or {MOST_MODELS} models, side by side"
            yield Table(COLUMNS, empty="No model is on disk yet: run one in the catalog (1) first.")
            yield Static(id="problem", markup=False)
            yield Static("space chooses · enter begins · esc closes", classes="hint")

    def on_mount(self) -> None:
        """Fill the list."""
        table = self.query_one(Table)
        table.styles.height = min(MOST_ROWS, max(2, len(self._variants))) + HEADER_ROWS
        self.query_one("#problem").styles.height = "auto"
        self._draw()
        table.focus()

    def _draw(self) -> None:
        self.query_one(Table).set_rows(
            [_row(one, one.id in self._chosen) for one in self._variants]
        )

    @on(Table.Chosen)
    def action_choose(self) -> None:
        """Choose or drop the model under the cursor."""
        key = self.query_one(Table).cursor_key
        if key in self._chosen:
            self._chosen.remove(key)
        elif key and len(self._chosen) < MOST_MODELS:
            self._chosen.append(key)
        elif key:
            self._say(f"No more than {MOST_MODELS} fit side by side: drop one first.")
            return
        self._say("")
        self._draw()
        self.query_one(Table).action_cursor_down()

    def action_take(self) -> None:
        """Answer with what was chosen."""
        if len(self._chosen) < 2:
            self._say("Choose at least two with space.")
        else:
            self.dismiss(tuple(self._chosen))

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(text)


def _row(variant: Variant, chosen: bool) -> Row:
    return Row(
        variant.id,
        (
            Cell("✓" if chosen else "·", "accent" if chosen else "muted"),
            Cell(clean_text(variant.id, False)),
            Cell(device_text(variant.device) or UNKNOWN, "muted"),
            Cell(format_bytes(variant.size_bytes), "muted"),
            Cell("loaded" if variant.loaded else "cached", "good" if variant.loaded else "muted"),
        ),
    )
