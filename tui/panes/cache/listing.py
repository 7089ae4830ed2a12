"""The list of what is on disk, with the panel about the row under the cursor."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.cache.entries import CacheRow, build_cache_rows
from tui.foundry.text import clean_text
from tui.foundry.types import Capability
from tui.messages import RefreshRequested
from tui.panes.base import Pane
from tui.panes.cache.cells import COLUMNS, details, empty_text, summary, table_row
from tui.store import State
from tui.widgets.table import Table


class CacheList(Pane):
    """Shows what is on disk; what one can do with it comes on top."""

    TOPICS = ("cache", "models", "backend")

    table = query_one("#cache-table", Table)

    def compose(self) -> ComposeResult:
        """Lay out the pane."""
        yield Static(id="cache-summary", classes="pane-head", markup=False)
        with Horizontal(classes="split"):
            yield Table(COLUMNS, id="cache-table")
            yield Static(id="cache-details", classes="details", markup=False)

    def on_mount(self) -> None:
        """Start without rows."""
        self.rows: dict[str, CacheRow] = {}
        self.marked: frozenset[str] = frozenset()
        super().on_mount()

    def activated(self) -> None:
        """Look at the disk again each time the pane is shown: others write there too."""
        super().activated()
        self.post_message(RefreshRequested("cache"))

    def focus_default(self) -> None:
        """Start in the list."""
        self.screen.set_focus(self.table)

    def show_state(self, state: State) -> None:
        """Draw what is on disk."""
        self.table.empty = empty_text(state)
        rows: tuple[CacheRow, ...] = ()
        if state.cache is not None:
            rows = build_cache_rows(
                state.cache, state.loaded, state.models or (), state.cache_notes
            )
        self.rows = {row.key: row for row in rows}
        self.marked &= self.rows.keys()
        now = time.time()
        self.table.set_rows([table_row(row, now, marked=row.key in self.marked) for row in rows])
        self.query_one("#cache-summary", Static).update(
            summary(state, self.size.width or self.app.size.width), layout=False
        )
        self._show_details()

    def on_resize(self) -> None:
        """Shorten the place anew."""
        self.show_state(self.store.state)

    @on(Table.Highlighted)
    def _show_details(self) -> None:
        row = self.row
        text = details(row, self.store.state, time.time()) if row else Content("")
        self.query_one("#cache-details", Static).update(text, layout=False)

    @property
    def row(self) -> CacheRow | None:
        """The row under the cursor."""
        return self.rows.get(self.table.cursor_key)

    def chosen(self) -> list[CacheRow]:
        """Return the marked rows, or the one under the cursor."""
        rows = [row for row in self.rows.values() if row.key in self.marked]
        if not rows and self.row is not None:
            rows = [self.row]
        return rows

    def refused(self, capability: Capability) -> bool:
        """Say why the backend cannot do something; tells whether it cannot."""
        info = self.store.state.info
        if info is not None and info.supports(capability):
            return False
        reason = info.unavailable[capability] if info else "No backend is connected."
        self.notify(reason, severity="warning", markup=False)
        return True

    async def confirmed(self, title: str, question: str, yes: str) -> bool:
        """Ask before something that cannot be undone."""
        from tui.widgets.dialogs.confirm import ConfirmDialog

        dialog = ConfirmDialog(title, clean_text(question), yes)
        return await self.app.push_screen_wait(dialog) is True
