"""All that is known about one variant, with room to scroll."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tui.catalog.rows import CatalogRow
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.panes.catalog.details import details
from tui.widgets.dialogs.base import Dialog


class InfoDialog(Dialog[None]):
    """The details of the panel in full, and what the backend's own tool says.

    Args:
        row: The row.
        description: What the tool prints, when it has; None where the backend has none to ask.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,q", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]
    DEFAULT_CSS = """
    InfoDialog > .box { width: 100; }
    InfoDialog VerticalScroll { height: auto; max-height: 100%; }
    InfoDialog VerticalScroll > Static { height: auto; }
    """

    def __init__(self, row: CatalogRow, description: Awaitable[str] | None) -> None:
        super().__init__()
        self._row = row
        self._description = description

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="box") as box:
            box.border_title = "What is known"
            with VerticalScroll():
                yield Static(id="known", markup=False)
                yield Static(id="said", markup=False)
            yield Static("j k scroll · esc closes", classes="hint")

    def on_mount(self) -> None:
        """Fill it, and ask the tool."""
        scroll = self.query_one(VerticalScroll)
        scroll.styles.max_height = max(4, self.app.size.height - 8)
        width = min(92, self.app.size.width - 13)
        self.query_one("#known", Static).update(details(self._row, width))
        scroll.focus()
        if self._description is not None:
            self._ask(self._description)

    @work(exclusive=True)
    async def _ask(self, description: Awaitable[str]) -> None:
        said = self.query_one("#said", Static)
        said.update("\nAsking foundry …")
        try:
            text = await description
        except FoundryError as error:
            text = f"{error.message}\n{error.hint}".strip()
        said.update(f"\nfoundry says:\n{clean_text(text)}")

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
