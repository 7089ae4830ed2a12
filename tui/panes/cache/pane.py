"""The pane Cache: what is on disk, deleting it, and importing one's own."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.actions import bindings_of
from tui.cache.doctor import Finding, examine
from tui.cache.entries import CacheRow, build_cache_rows, delete_question, summarize
from tui.formats import UNKNOWN, format_age, format_bytes
from tui.foundry.text import clean_text
from tui.foundry.types import Capability
from tui.messages import (
    ExportRequested,
    ImportRequested,
    JobRequested,
    MoveCacheRequested,
    RefreshRequested,
    RunRequested,
)
from tui.panes.base import Pane
from tui.store import State
from tui.widgets.dialogs.choose import Choice, ChooseDialog
from tui.widgets.table import Cell, Column, Row, Table, Tone

COLUMNS = (
    Column(" ", 2),
    Column("VARIANT", 20, flexible=True),
    Column("VERSION", 7, align="right", from_width=78),
    Column("SIZE", 8, align="right"),
    Column("CHANGED", 11, align="right", from_width=56),
    Column("STATE", 8),
    Column("FROM", 9, from_width=46),
)
_GLYPHS = {"loaded": "●", "cached": "○", "partial": "!", "orphan": "!"}
_TONES: dict[str, Tone] = {
    "loaded": "good",
    "cached": "accent",
    "partial": "warn",
    "orphan": "warn",
}


class CachePane(Pane):
    """What is on disk."""

    TOPICS = ("cache", "models", "backend")
    SCOPES = ("cache",)
    HELP = (
        "What is on disk, how big it is and what deleting it frees. A model directory of your "
        "own joins the list with i and then runs like any other."
    )
    BINDINGS = bindings_of("cache")

    table = query_one("#cache-table", Table)

    def compose(self) -> ComposeResult:
        """Lay out the pane."""
        yield Static(id="cache-summary", classes="pane-head", markup=False)
        with Horizontal(classes="split"):
            yield Table(COLUMNS, id="cache-table")
            yield Static(id="cache-details", classes="details", markup=False)

    def on_mount(self) -> None:
        """Start without rows."""
        self._rows: dict[str, CacheRow] = {}
        self._marked: frozenset[str] = frozenset()
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
        self.table.empty = _empty_text(state)
        rows = build_cache_rows(state.cache, state.loaded) if state.cache else ()
        self._rows = {row.key: row for row in rows}
        self._marked &= self._rows.keys()
        now = time.time()
        self.table.set_rows([_table_row(row, now, row.key in self._marked) for row in rows])
        self.query_one("#cache-summary", Static).update(_summary(state), layout=False)
        self._show_details()

    @on(Table.Highlighted)
    def _show_details(self) -> None:
        row = self._row
        details = _details(row) if row else ""
        self.query_one("#cache-details", Static).update(details, layout=False)

    @property
    def _row(self) -> CacheRow | None:
        return self._rows.get(self.table.cursor_key)

    @on(Table.Chosen)
    def action_run(self) -> None:
        """Load the model and be ready to answer."""
        if variant_id := self._variant_id():
            self.post_message(RunRequested(variant_id))

    def action_load(self) -> None:
        """Bring the variant into memory."""
        self._start("load")

    def action_unload(self) -> None:
        """Drop the variant from memory."""
        self._start("unload")

    def _start(self, kind: Literal["load", "unload"]) -> None:
        row, variant_id = self._row, self._variant_id()
        if row is None or variant_id is None:
            return
        if row.loaded == (kind == "load"):
            state = "loaded already" if row.loaded else "not loaded"
            self.notify(f"{variant_id} is {state}.", markup=False)
        else:
            self.post_message(JobRequested(kind, variant_id))

    def _variant_id(self) -> str | None:
        row = self._row
        if row is None:
            return None
        if not row.entry.variant_id:
            self.notify(f"{row.label} holds no model that can be run.", markup=False)
        return row.entry.variant_id or None

    def action_mark(self) -> None:
        """Mark or unmark the row."""
        if row := self._row:
            self._marked ^= {row.key}
            self.show_state(self.store.state)
            self.table.action_cursor_down()

    @work(group="delete", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the marked rows, or the one under the cursor, after one question."""
        rows = [row for row in self._rows.values() if row.key in self._marked]
        if not rows and self._row is not None:
            rows = [self._row]
        for row in rows:
            if not row.deletable:
                self.notify(f"{row.label}: {row.note}", severity="warning", markup=False)
        rows = [row for row in rows if row.deletable]
        if not rows:
            return
        from tui.widgets.dialogs.confirm import ConfirmDialog

        title = "Delete?" if len(rows) == 1 else f"Delete {len(rows)}?"
        if await self.app.push_screen_wait(ConfirmDialog(title, delete_question(rows), "Delete")):
            self._marked = frozenset()
            for row in rows:
                self.post_message(JobRequested("delete", row.entry.variant_id))

    @work(group="doctor", exclusive=True)
    async def action_doctor(self) -> None:
        """Show what is wrong on disk, and mend what is chosen."""
        state = self.store.state
        if state.cache is None:
            return
        findings = await asyncio.to_thread(examine, state.cache, state.models or ())
        if not findings:
            self.notify("Nothing is wrong on disk.")
            return
        by_key = {one.key: one for one in findings}
        choices = [Choice(one.key, one.kind, f"{one.what} {one.mend}") for one in findings]
        hint = "enter deletes what can be deleted, after a question"
        key = await self.app.push_screen_wait(ChooseDialog("On disk", choices, hint))
        if key:
            await self._repair(by_key[key])

    async def _repair(self, finding: Finding) -> None:
        if finding.repair == "by hand":
            self.notify(f"{finding.what}\n{finding.mend}\n{finding.path}", markup=False)
            return
        from tui.widgets.dialogs.confirm import ConfirmDialog

        question = f"{finding.what}\n{finding.path}"
        if not await self.app.push_screen_wait(ConfirmDialog("Delete?", question, "Delete")):
            return
        if finding.repair == "delete":
            self.post_message(JobRequested("delete", finding.variant_id))
            return
        try:
            await asyncio.to_thread(finding.path.unlink)
        except OSError as error:
            self.notify(f"It could not be deleted: {error.strerror}.", severity="error")
        self.post_message(RefreshRequested("models", by_user=True))

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        """Ask for a directory, and write the model into a file there."""
        row = self._row
        if row is None or row.entry.state != "complete" or not row.entry.variant_id:
            self.notify("Choose a model that is whole on disk.", severity="warning")
            return
        from tui.panes.cache.folder_dialog import FolderDialog

        dialog = FolderDialog(
            "Export",
            f"{row.entry.variant_id} goes into one file with checksums, for a machine without a "
            "network: import it there with i.",
            "Directory to write to (right completes)",
            Path.cwd(),
        )
        if folder := await self.app.push_screen_wait(dialog):
            self.post_message(ExportRequested(row.entry.variant_id, folder))

    @work(group="import", exclusive=True)
    async def action_import_model(self) -> None:
        """Ask for a model directory and a name, and add it."""
        info = self.store.state.info
        if info is None or not info.supports(Capability.IMPORT):
            reason = info.unavailable[Capability.IMPORT] if info else "No backend is connected."
            self.notify(reason, severity="warning", markup=False)
            return
        from tui.panes.cache.import_dialog import ImportDialog

        if answer := await self.app.push_screen_wait(ImportDialog()):
            self.post_message(ImportRequested(*answer))

    @work(group="move", exclusive=True)
    async def action_move_cache(self) -> None:
        """Ask for a directory, and keep the models there from now on."""
        info = self.store.state.info
        if info is None or not info.supports(Capability.MOVE_CACHE):
            reason = info.unavailable[Capability.MOVE_CACHE] if info else "No backend is connected."
            self.notify(reason, severity="warning", markup=False)
            return
        from tui.panes.cache.folder_dialog import FolderDialog

        cache = self.store.state.cache
        dialog = FolderDialog(
            "Move the cache",
            f"Now: {cache.location if cache else '?'}\nThe service restarts. Models in the old "
            "directory stay there and are not listed until you move back.",
            "New directory (right completes)",
        )
        if folder := await self.app.push_screen_wait(dialog):
            self.post_message(MoveCacheRequested(folder))

    def action_refresh_cache(self) -> None:
        """Look at the disk again."""
        self.post_message(RefreshRequested("cache", by_user=True))


def _table_row(row: CacheRow, now: float, marked: bool) -> Row:
    tone = _TONES[row.state]
    return Row(
        row.key,
        (
            Cell(f"{'*' if marked else ' '}{_GLYPHS[row.state]}", tone),
            Cell(clean_text(row.label, False)),
            Cell(UNKNOWN if row.version is None else str(row.version), "muted"),
            Cell(format_bytes(row.size_bytes)),
            Cell(_age(row.entry.modified_at, now), "muted"),
            Cell(row.state, tone),
            Cell(row.origin, "muted"),
        ),
    )


def _age(modified_at: float, now: float) -> str:
    return format_age(now - modified_at) if modified_at else UNKNOWN


def _details(row: CacheRow) -> Content:
    lines = [
        Content.styled(clean_text(row.label, False), "b $primary"),
        Content(clean_text(row.note, False)),
        Content.styled(clean_text(str(row.entry.path), False), "$text-muted"),
    ]
    return Content("\n").join(lines)


def _summary(state: State) -> str:
    if state.cache is None:
        return ""
    sums = summarize(state.cache)
    leftovers = f" · {format_bytes(sums.leftover_bytes)} left over" if sums.leftover_bytes else ""
    plural = "" if sums.variants == 1 else "s"
    return (
        f"{sums.variants} variant{plural} · {format_bytes(sums.total_bytes)}{leftovers} · "
        f"{format_bytes(sums.free_bytes)} free   {clean_text(str(state.cache.location), False)}"
    )


def _empty_text(state: State) -> str:
    if state.connection == "connecting":
        return "Looking for Foundry Local …"
    if state.info is not None and not state.info.supports(Capability.CACHE):
        return f"No cache to show.\n{state.info.unavailable[Capability.CACHE]}"
    error = state.cache_error or state.connection_error
    if error is not None:
        return f"{error.message}\n{error.hint}\n\nR tries again"
    if state.cache is None:
        return "Looking at the disk …"
    return "Nothing is on disk yet.\nRun a model in the catalog (1), or import one with i."
