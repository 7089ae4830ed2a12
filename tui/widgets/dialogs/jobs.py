"""What runs in the background."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.formats import format_bytes, format_duration
from tui.messages import CancelRequested
from tui.store import Job, State, Store
from tui.widgets.dialogs.base import Dialog
from tui.widgets.dialogs.log import LogDialog
from tui.widgets.table import Cell, Column, Row, Table, Tone

_TONES: dict[str, Tone] = {"done": "good", "failed": "bad", "running": "accent"}
RECENT = 12


class JobsDialog(Dialog[None]):
    """Lists jobs, newest first, and cancels the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "show_log", show=False),
        Binding("x,delete", "cancel_job", "cancel", show=False),
        Binding("J,q", "leave", show=False),
    ]
    DEFAULT_CSS = """
    JobsDialog Table { height: 14; }
    JobsDialog > .box { width: 100; }
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = "Jobs"
            yield Table(
                [
                    Column("JOB", 8),
                    Column("ON", 20, flexible=True),
                    Column("STATE", 10),
                    Column("PROGRESS", 24, from_width=70),
                ],
                empty="Nothing has run yet. Downloads, loads and benchmarks show here.",
            )
            yield Static(
                "enter shows its log · x cancels the job under the cursor · esc closes",
                classes="hint",
            )

    def on_mount(self) -> None:
        """Follow the jobs."""
        self._store.signal("jobs").subscribe(self, self._show)
        self._show(self._store.state)
        self.query_one(Table).focus()

    def _show(self, state: State) -> None:
        jobs = sorted(state.jobs, key=lambda job: -job.id)[:RECENT]
        self.query_one(Table).set_rows([_row(job) for job in jobs])

    @on(Table.Chosen)
    def action_show_log(self) -> None:
        """Show what the job under the cursor printed."""
        if key := self.query_one(Table).cursor_key:
            self.app.push_screen(LogDialog(self._store, int(key)))

    def action_cancel_job(self) -> None:
        """Cancel the job under the cursor."""
        if key := self.query_one(Table).cursor_key:
            self.post_message(CancelRequested(int(key)))


def _row(job: Job) -> Row:
    return Row(
        str(job.id),
        (
            Cell(job.kind),
            Cell(job.subject),
            Cell(job.state, _TONES.get(job.state, "muted")),
            Cell(_progress(job), "muted"),
        ),
    )


def _progress(job: Job) -> str:
    if job.error is not None:
        return job.error.message
    if job.ended_s is not None:
        return format_duration(job.ended_s - job.started_s)
    stalled_s = job.stalled_s(time.monotonic())
    if stalled_s is not None:
        return f"stalled for {format_duration(stalled_s)}"
    progress = job.progress
    if progress.done_bytes is not None and progress.total_bytes:
        return f"{format_bytes(progress.done_bytes)} of {format_bytes(progress.total_bytes)}"
    if progress.fraction is not None:
        phase = f"{progress.message} " if job.kind == "compile" else ""
        return f"{phase}{progress.fraction:.0%}"
    return progress.message
