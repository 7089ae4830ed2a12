"""What a job's tool prints, while it prints it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.widgets import Static

from tui.foundry.text import clean_text
from tui.messages import CancelRequested
from tui.store import Job, State, Store
from tui.widgets.dialogs.base import Dialog


class LogDialog(Dialog[None]):
    """Follows one job.

    Args:
        store: Where the job stands.
        job_id: Which job.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel_job", "cancel", show=False),
        Binding("L,q", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]
    DEFAULT_CSS = """
    LogDialog > .box { width: 110; }
    LogDialog #log { height: auto; max-height: 24; }
    LogDialog #log-text { height: auto; }
    """

    log_view = query_one("#log", VerticalScroll)

    def __init__(self, store: Store, job_id: int) -> None:
        super().__init__()
        self._store = store
        self._job_id = job_id
        self._shown: Job | None = None

    def compose(self) -> ComposeResult:
        """Lay out the lines."""
        with Vertical(classes="box"):
            with VerticalScroll(id="log", can_focus=True):
                yield Static(id="log-text", markup=False)
            yield Static("x cancels the job · esc closes", classes="hint")

    def on_mount(self) -> None:
        """Follow the job."""
        self.log_view.anchor()
        self._store.signal("jobs").subscribe(self, self._show)
        self._show(self._store.state)

    def _show(self, state: State) -> None:
        job = next((job for job in state.jobs if job.id == self._job_id), None)
        if job is None or job == self._shown:
            return
        self._shown = job
        title = f"{job.kind} {job.subject}: {job.state}"
        self.query_one(".box").border_title = clean_text(title, False)
        lines = list(job.log)
        if job.error is not None:
            lines += ["", job.error.message, job.error.hint]
        text = "\n".join(clean_text(line, False) for line in lines)
        self.query_one("#log-text", Static).update(text or _silent(job))

    def action_scroll(self, lines: int) -> None:
        """Go up or down; at the end it follows again."""
        self.log_view.scroll_relative(y=lines, animate=False)

    def action_cancel_job(self) -> None:
        """Cancel the job."""
        self.post_message(CancelRequested(self._job_id))


def _silent(job: Job) -> str:
    if job.active:
        return "Nothing was printed yet."
    return "Nothing was printed: only the foundry command line tells what it does line by line."
