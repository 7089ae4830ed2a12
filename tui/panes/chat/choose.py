"""Asks which model shall answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.formats import format_bytes
from tui.foundry.text import clean_text
from tui.foundry.types import Variant
from tui.widgets.dialogs.base import Dialog


class ChooseModel(Dialog[str]):
    """Answers with a variant id.

    Args:
        variants: What can answer, in memory or on disk.
        current: Id of the one that answers now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, variants: Sequence[Variant], current: str | None) -> None:
        super().__init__()
        self._variants = variants
        self._current = current

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = "Which model answers?"
            yield OptionList(*(Option(_line(one), id=one.id) for one in self._variants))
            if not self._variants:
                yield Static("No model is on disk yet: run one in the catalog (1) first.")
            yield Static("● in memory  ○ on disk · enter chooses · esc closes", classes="hint")

    def on_mount(self) -> None:
        """Start on the model that answers now."""
        options = self.query_one(OptionList)
        ids = [one.id for one in self._variants]
        if self._current in ids:
            options.highlighted = ids.index(self._current)
        options.focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_move(self, way: str) -> None:
        """Move in the list."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()


def _line(variant: Variant) -> Content:
    mark = ("● ", "$text-success") if variant.loaded else ("○ ", "$text-accent")
    size = format_bytes(variant.size_bytes)
    return Content.assemble(
        mark, clean_text(variant.id, False), (f"  {variant.device} {size}", "$text-muted")
    )
