"""Earlier runs: open, compare two, note, delete."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.bench.detached import running
from tui.bench.history import History, PastRun, headline
from tui.bench.recorder import Recorder
from tui.bench.wording import short_name
from tui.database import Database, DatabaseError
from tui.foundry.text import clean_text
from tui.panes.bench.note_dialog import NoteDialog
from tui.widgets.dialogs.base import Dialog
from tui.widgets.dialogs.confirm import ConfirmDialog
from tui.widgets.table import Cell, Column, Row, Table

COLUMNS = (
    Column(" ", 1),
    Column("STARTED", 16),
    Column("TARGETS", 16, flexible=True),
    Column("REQUESTS", 8, align="right", from_width=90),
    Column("RATED", 5, align="right", from_width=90),
    Column("RESULT", 28, flexible=True),
    Column("NOTE", 12, flexible=True, from_width=100),
)
KEYS = (
    "enter open, or follow one that goes on · space mark, c compare the two marked · r resume an "
    "unfinished one · n note · x delete · esc close"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with earlier runs."""

    what: Literal["open", "compare", "resume", "follow"]
    run_ids: tuple[str, ...]


class HistoryDialog(Dialog[Wish]):
    """Answers with what to do.

    Args:
        database: Where the runs are kept.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", show=False),
        Binding("space", "mark", show=False),
        Binding("c", "compare", show=False),
        Binding("r", "resume", show=False),
        Binding("n", "note", show=False),
        Binding("x", "delete", show=False),
        Binding("h", "leave", show=False),
    ]
    DEFAULT_CSS = """
    HistoryDialog > .box { width: 96%; height: 80%; }
    HistoryDialog Table { height: 1fr; }
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._past: tuple[PastRun, ...] = ()
        self._marked: list[str] = []
        self._headlines: dict[str, str] = {}
        self._going_on: frozenset[str] = frozenset()
        """Runs that another process makes now."""

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = "Earlier runs"
            yield Table(COLUMNS, empty="Reading …")
            yield Static(KEYS, classes="hint", markup=False)

    def on_mount(self) -> None:
        """Read the list."""
        self.query_one(Table).focus()
        self._read()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        try:
            self._past = await asyncio.to_thread(History(self._database).list)
            found = await asyncio.to_thread(running, Recorder(self._database))
            self._going_on = frozenset(one.run_id for one in found if one.pid != os.getpid())
        except DatabaseError as error:
            self._say(f"{error.message} {error.hint}")
            return
        self._draw()
        recorder = Recorder(self._database)
        for one in self._past:
            run_id = one.line.run_id
            if run_id not in self._headlines:
                # One after the other: the list stands already, and each takes a moment.
                summary = await asyncio.to_thread(recorder.load, run_id)
                self._headlines[run_id] = headline(summary)
                self._draw()

    def _draw(self) -> None:
        table = self.query_one(Table)
        table.empty = "No benchmark was run yet: choose models, and start with s."
        table.set_rows([self._row(one) for one in self._past])

    def _row(self, one: PastRun) -> Row:
        line = one.line
        names = ", ".join(short_name(target.label) for target in line.targets)
        result = self._headlines.get(line.run_id, "…")
        if line.run_id in self._going_on:
            result = "goes on now"
        elif line.finished_at is None:
            result = "not finished, r goes on"
        marked = line.run_id in self._marked
        return Row(
            line.run_id,
            (
                Cell("✓" if marked else " ", "accent"),
                Cell(line.created_at[:16].replace("T", " ")),
                Cell(clean_text(names, False)),
                Cell(str(line.requests)),
                Cell(str(one.raters or "-")),
                Cell(clean_text(result, False), "warn" if line.finished_at is None else ""),
                Cell(clean_text(" ".join(one.note.split()), False), "muted"),
            ),
        )

    @property
    def _run(self) -> PastRun | None:
        key = self.query_one(Table).cursor_key
        return next((one for one in self._past if one.line.run_id == key), None)

    @on(Table.Chosen)
    def action_open(self) -> None:
        """Show the run under the cursor, or follow it where it goes on."""
        if (run := self._run) is not None:
            run_id = run.line.run_id
            self.dismiss(Wish("follow" if run_id in self._going_on else "open", (run_id,)))

    def action_mark(self) -> None:
        """Mark it for a comparison; the older mark of three goes."""
        if (run := self._run) is None:
            return
        run_id = run.line.run_id
        if run_id in self._marked:
            self._marked.remove(run_id)
        else:
            self._marked = [*self._marked, run_id][-2:]
        self._draw()
        self.query_one(Table).action_cursor_down()

    def action_compare(self) -> None:
        """Compare the two that are marked."""
        if len(self._marked) != 2:
            self._say("Mark two runs with space first.")
            return
        older_first = [one.line.run_id for one in reversed(self._past)]
        self.dismiss(Wish("compare", tuple(sorted(self._marked, key=older_first.index))))

    def action_resume(self) -> None:
        """Go on with a run that was stopped."""
        if (run := self._run) is None:
            return
        self.dismiss(Wish("resume", (run.line.run_id,)))

    @work(group="note", exclusive=True)
    async def action_note(self) -> None:
        """Write a note on the run under the cursor."""
        if (run := self._run) is None:
            return
        note = await self.app.push_screen_wait(NoteDialog(run.note))
        if note is not None:
            write = History(self._database).write_note
            await self._change(lambda: write(run.line.run_id, note))

    @work(group="delete", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the marked runs, or the one under the cursor."""
        run = self._run
        run_ids = list(self._marked) or ([run.line.run_id] if run else [])
        if not run_ids:
            return
        what = "this run" if len(run_ids) == 1 else f"these {len(run_ids)} runs"
        question = f"Delete {what} with all answers, ratings and notes?\n{', '.join(run_ids)}"
        if await self.app.push_screen_wait(ConfirmDialog("Delete?", question, "Delete")):
            self._marked = []
            await self._change(lambda: History(self._database).delete(run_ids))

    async def _change(self, call: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(call)
        except DatabaseError as error:
            self._say(f"{error.message} {error.hint}")
        self._read()

    def _say(self, text: str) -> None:
        self.notify(text, severity="warning", markup=False)
