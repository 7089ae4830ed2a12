"""The pane Cache: what is on disk, deleting it, and importing one's own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from textual import on, work

from tui.actions import bindings_of
from tui.cache.bundle import Form
from tui.cache.carrier import Way
from tui.cache.doctor import examine
from tui.cache.entries import NAMED, delete_question
from tui.cache.findings import REPAIR_WORDS
from tui.cache.moving import MovePlan
from tui.cache.notes import CacheNotebook
from tui.cache.wishes import CheckSums, Clean, Export, Mend, MoveTo, RollBack, Update, Verify
from tui.database import Database
from tui.formats import format_bytes
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.foundry.types import Capability
from tui.messages import (
    CacheRequested,
    JobRequested,
    RefreshRequested,
    RunRequested,
)
from tui.panes.cache.cells import short_path
from tui.panes.cache.listing import CacheList
from tui.widgets.dialogs.choose import Choice, ChooseDialog
from tui.widgets.table import Table


class CachePane(CacheList):
    """What is on disk."""

    SCOPES = ("cache",)
    HELP = (
        "What is on disk, how big it is and what deleting it frees. A model directory of your "
        "own joins the list with i and then runs like any other; K makes one of a checkpoint from "
        "Hugging Face."
    )
    BINDINGS = bindings_of("cache")

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
        row, variant_id = self.row, self._variant_id()
        if row is None or variant_id is None:
            return
        if row.loaded == (kind == "load"):
            state = "loaded already" if row.loaded else "not loaded"
            self.notify(f"{variant_id} is {state}.", markup=False)
        else:
            self.post_message(JobRequested(kind, variant_id))

    def _variant_id(self) -> str | None:
        row = self.row
        if row is None:
            return None
        if not row.entry.variant_id:
            self.notify(f"{row.label} holds no model that can be run.", markup=False)
        return row.entry.variant_id or None

    def action_mark(self) -> None:
        """Mark or unmark the row."""
        if row := self.row:
            self.marked ^= {row.key}
            self.show_state(self.store.state)
            self.table.action_cursor_down()

    @work(group="delete", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the marked rows, or the one under the cursor, after one question."""
        if self.refused(Capability.REMOVE):
            return
        rows = self.chosen()
        for row in rows:
            if not row.deletable:
                self.notify(f"{row.label}: {row.note}", severity="warning", markup=False)
        rows = [row for row in rows if row.deletable]
        if not rows:
            return
        title = "Delete?" if len(rows) == 1 else f"Delete {len(rows)}?"
        if await self.confirmed(title, delete_question(rows), "Delete"):
            self.marked = frozenset()
            for row in rows:
                self.post_message(JobRequested("delete", row.entry.variant_id))

    def action_update(self) -> None:
        """Get the newest version of the marked rows, or of the one under the cursor."""
        if self.refused(Capability.DOWNLOAD):
            return
        rows = self.chosen()
        newer = [row for row in rows if row.newer_id]
        for row in newer:
            self.post_message(CacheRequested(Update(row.entry.variant_id)))
        if rows and not newer:
            self.notify(f"{rows[0].label}: no newer version is listed.", markup=False)
        self.marked = frozenset()

    @work(group="versions", exclusive=True)
    async def action_roll_back(self) -> None:
        """Go back to the version before the newest on disk, after a question."""
        row = self.row
        if row is None or self.refused(Capability.REMOVE):
            return
        new = row.replaced_by or (row.entry.variant_id if row.goes_back_to else "")
        if not new:
            self.notify(f"{row.label}: no older version is on disk.", markup=False)
            return
        old = row.goes_back_to or row.entry.variant_id
        question = f"{new} will be deleted.\n{old} is used again."
        if await self.confirmed("Go back?", question, "Go back"):
            self.post_message(CacheRequested(RollBack(new)))

    @work(group="versions", exclusive=True)
    async def action_clean(self) -> None:
        """Delete old versions, after a question."""
        if self.refused(Capability.REMOVE):
            return
        old = [row for row in self.rows.values() if row.replaced_by]
        done = [row for row in old if row.replacement_worked]
        if not done:
            text = (
                f"{old[0].replaced_by} has not been loaded yet: run it once, then clean."
                if old
                else "No old version is on disk."
            )
            self.notify(text, markup=False)
            return
        title = f"Delete {len(done)} old version{'' if len(done) == 1 else 's'}?"
        if await self.confirmed(title, delete_question(done), "Delete"):
            ids = tuple(row.entry.variant_id for row in done)
            self.post_message(CacheRequested(Clean(ids)))

    @work(group="doctor", exclusive=True)
    async def action_doctor(self) -> None:
        """Show what is wrong on disk, and mend what is chosen."""
        if self.refused(Capability.CACHE):
            return
        state = self.store.state
        if state.cache is None:
            self.notify("The disk is still being looked at.")
            return
        from tui.panes.cache.doctor_dialog import DoctorDialog

        notebook = CacheNotebook(Database(self.session.paths.database))
        found = await asyncio.to_thread(
            examine, state.cache, state.models or (), None, state.cache_notes, notebook
        )
        seen = {one.key for one in found}
        found += tuple(one for one in state.cache_damage if one.key not in seen)
        wish = await self.app.push_screen_wait(DoctorDialog(found))
        if isinstance(wish, CheckSums) or (wish is not None and await self._agreed(wish)):
            self.post_message(CacheRequested(wish))

    async def _agreed(self, wish: Mend) -> bool:
        findings = wish.findings
        lines = [one.what for one in findings[:NAMED]]
        if len(findings) > NAMED:
            lines.append(f"and {len(findings) - NAMED} more")
        freed = sum(one.frees_bytes for one in findings)
        lines += [""] + ([f"This frees {format_bytes(freed)}."] if freed else [])
        deletes = any(one.repair.startswith("delete") for one in findings)
        word = "Delete" if deletes else REPAIR_WORDS[findings[0].repair].capitalize()
        return await self.confirmed("Mend?", "\n".join(lines).strip(), word)

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        """Ask for a directory, and write the model into a file there."""
        row = self.row
        if row is None or row.entry.state != "complete" or not row.entry.variant_id:
            self.notify("Choose a model that is whole on disk.", severity="warning")
            return
        from tui.panes.cache.folder_dialog import FolderDialog

        dialog = FolderDialog(
            "Export",
            f"{row.entry.variant_id}, {format_bytes(row.size_bytes)}, with checksums, for a "
            "machine without a network: import it there with i.",
            "Directory to write to (right completes)",
            Path.cwd(),
        )
        if (folder := await self.app.push_screen_wait(dialog)) is None:
            return
        forms: dict[str, Form] = {"file": "file", "directory": "directory"}
        choices = [
            Choice("file", "one file", "a .tar with a manifest: for most"),
            Choice("directory", "directory", "files beside a manifest: can be used where it lies"),
        ]
        if form := await self.app.push_screen_wait(ChooseDialog("Write it as", choices)):
            wish = Export(row.entry.variant_id, folder, forms[form])
            self.post_message(CacheRequested(wish))

    @work(group="export", exclusive=True)
    async def action_verify(self) -> None:
        """Ask for a bundle, and compare it with its checksums."""
        from tui.panes.cache.folder_dialog import FolderDialog

        dialog = FolderDialog(
            "Verify a bundle",
            "Reads it whole, and compares every file with its checksum.",
            "File or directory that was exported (right completes)",
            takes_files=True,
        )
        if path := await self.app.push_screen_wait(dialog):
            self.post_message(CacheRequested(Verify(path)))

    @work(group="import", exclusive=True)
    async def action_import_model(self) -> None:
        """Ask for a model directory and a name, and add it."""
        if self.refused(Capability.IMPORT):
            return
        from tui.panes.cache.import_dialog import ImportDialog

        if answer := await self.app.push_screen_wait(ImportDialog()):
            self.post_message(answer)

    @work(group="compile", exclusive=True)
    async def action_compile_model(self) -> None:
        """Ask for a checkpoint, show what compiling it means, and start."""
        if self.refused(Capability.IMPORT) or self.store.backend is None:
            return
        from tui.panes.cache.compile_dialog import CompileDialog

        dialog = CompileDialog(self.store.backend, self.session.config.compile_python)
        if answer := await self.app.push_screen_wait(dialog):
            self.post_message(answer)

    @work(group="move", exclusive=True)
    async def action_move_cache(self) -> None:
        """Ask for a directory, and keep the models there from now on."""
        if self.refused(Capability.MOVE_CACHE):
            return
        state = self.store.state
        if state.cache is None:
            self.notify("The disk is still being looked at.")
            return
        from tui.cache.moving import plan_move
        from tui.panes.cache.folder_dialog import FolderDialog

        before = state.cache_notes.previous
        dialog = FolderDialog(
            "Move the cache",
            f"Now: {state.cache.location}\nWhat becomes of the models is asked next."
            + (f"\nBefore: {short_path(before, 60)}" if before else ""),
            "New directory (right completes)",
            before,
            may_be_new=True,
        )
        if (folder := await self.app.push_screen_wait(dialog)) is None:
            return
        try:
            plan = await asyncio.to_thread(plan_move, state.cache, folder)
        except FoundryError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)
            return
        if (way := await self._way(plan)) is not None:
            self.post_message(CacheRequested(MoveTo(plan, way)))

    async def _way(self, plan: MovePlan) -> Way | None:
        """Ask what becomes of the models, where there are any."""
        if not plan.pieces:
            return "leave"
        ways = dict(plan.ways())
        choices = [Choice(way, way, what) for way, what in ways.items()]
        hint = f"From {plan.old} to {plan.new}. Models in memory are unloaded first."
        title = "What becomes of the models?"
        answer = await self.app.push_screen_wait(ChooseDialog(title, choices, clean_text(hint)))
        return next((way for way in ways if way == answer), None)

    def action_refresh_cache(self) -> None:
        """Look at the disk again."""
        self.post_message(RefreshRequested("cache", by_user=True))
