"""Asks which model shall answer: in memory, on disk, or still to be downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.catalog.resolve import find_variant
from tui.catalog.search import ModelSearch
from tui.formats import UNKNOWN, format_bytes
from tui.foundry.text import clean_text
from tui.foundry.types import Capability, Variant
from tui.messages import CancelRequested, RunRequested
from tui.panes.chat.views import device_text
from tui.store import Job, State, Store
from tui.widgets.dialogs.base import Dialog
from tui.widgets.status_line import job_text
from tui.widgets.table import HEADER_ROWS, Cell, Column, Row, Table, Tone

MOST_ROWS = 12
STATES: tuple[tuple[str, str, Tone], ...] = (
    ("●", "in memory", "good"),
    ("○", "on disk", "accent"),
    ("·", "to download", "muted"),
)


class ChooseModel(Dialog[str]):
    """Answers with the id of a variant that is in memory or on disk.

    What has to be downloaded is downloaded and loaded first, with its progress shown here.

    Args:
        store: Read and followed for models and jobs.
        current: Id of the one that answers now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move('cursor_up')", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("f8", "cancel", show=False),
    ]
    DEFAULT_CSS = """
    ChooseModel Input { background: $boost; }
    ChooseModel Table { margin-top: 1; }
    ChooseModel #choose-progress { height: auto; margin-top: 1; display: none; }
    """

    def __init__(self, store: Store, current: str | None) -> None:
        super().__init__()
        self._store = store
        self._current = current
        self._asked = ""
        """The variant whose download was proposed."""
        self._wanted = ""
        """The variant that is being downloaded and loaded for the conversation."""
        self._last_job = 0

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="box") as box:
            box.border_title = "Which model answers?"
            yield Input(placeholder="type to narrow the list", compact=True)
            yield Table(
                [
                    Column(" ", 1),
                    Column("MODEL", 20, flexible=True),
                    Column("DEVICE", 6),
                    Column("SIZE", 8, "right"),
                    Column("STATE", 11, from_width=60),
                ],
                empty="No model fits these words; with none at all, run one in the catalog (1).",
            )
            yield Static(id="choose-progress", markup=False)
            yield Static(
                "enter chooses; the conversation stays · esc closes", classes="hint", markup=False
            )

    def on_mount(self) -> None:
        """Start on the model that answers now, and follow what is downloaded."""
        self._store.signal("models").subscribe(self, self._show)
        self._store.signal("jobs").subscribe(self, self._show)
        table = self.query_one(Table)
        self._show(self._store.state)
        table.styles.height = min(MOST_ROWS, max(2, len(table.rows))) + HEADER_ROWS
        if self._current:
            table.move_to(self._current)
        self.query_one(Input).focus()

    def _show(self, state: State) -> None:
        rows = [_row(variant) for variant in self._variants(state)]
        self.query_one(Table).set_rows(rows)
        if self._wanted:
            self._show_job(state)

    def _variants(self, state: State) -> Iterator[Variant]:
        """Yield what fits the words: in memory first, then on disk, then to download."""
        models = state.models or ()
        if words := self.query_one(Input).value:
            models = ModelSearch(models).rank(words)
        found = [variant for model in models for variant in model.variants]
        info = state.info
        if info is None or not info.supports(Capability.DOWNLOAD):
            found = [one for one in found if _place(one) < len(STATES) - 1]
        yield from sorted(found, key=_place)

    def _show_job(self, state: State) -> None:
        """Show how far the download has come, and answer when the model is in memory."""
        if self._wanted in state.loaded:
            self.dismiss(self._wanted)
            return
        jobs = [job for job in state.jobs if self._is_ours(job)]
        if not jobs:
            return
        job = max(jobs, key=lambda one: one.id)
        if job.active:
            self._say(f"◐ {job_text(job)}\nf8 cancels it · esc leaves it to go on")
        elif job.state != "done":
            self._wanted = ""
            error = job.error
            self._say(f"! {error.message} {error.hint}" if error else "Cancelled.")

    def _is_ours(self, job: Job) -> bool:
        return job.id > self._last_job and job.kind == "run" and job.subject == self._wanted

    def _say(self, text: str) -> None:
        line = self.query_one("#choose-progress", Static)
        line.update(clean_text(text))
        line.display = bool(text)

    @on(Input.Changed)
    def _narrow(self) -> None:
        self._show(self._store.state)

    @on(Table.Chosen)
    @on(Input.Submitted)
    def _take(self) -> None:
        """Answer with the variant under the cursor, or download it first."""
        key = self.query_one(Table).cursor_key
        if not key or self._wanted:
            return
        _, variant = find_variant(self._store.state.models or (), key)
        if _place(variant) < len(STATES) - 1:
            self.dismiss(key)
        elif self._asked != key:
            self._asked = key
            size = f" of {format_bytes(variant.size_bytes)}" if variant.size_bytes else ""
            self._say(f"It has to be downloaded first{size}: enter again starts that.")
        else:
            self._wanted = key
            self._last_job = max((job.id for job in self._store.state.jobs), default=0)
            self._say("◐ starting …")
            self.post_message(RunRequested(key))

    @on(Table.Highlighted)
    def _forget_proposal(self, event: Table.Highlighted) -> None:
        if self._asked and event.key != self._asked and not self._wanted:
            self._asked = ""
            self._say("")

    def action_move(self, how: str) -> None:
        """Move in the list while the words are being typed."""
        getattr(self.query_one(Table), f"action_{how}")()

    def action_cancel(self) -> None:
        """Cancel the download."""
        for job in self._store.state.active_jobs:
            if self._is_ours(job):
                self.post_message(CancelRequested(job.id))


def _place(variant: Variant) -> int:
    return 0 if variant.loaded else 1 if variant.cached else 2


def _row(variant: Variant) -> Row:
    mark, state, tone = STATES[_place(variant)]
    return Row(
        variant.id,
        (
            Cell(mark, tone),
            Cell(clean_text(variant.id, False)),
            Cell(device_text(variant.device) or UNKNOWN),
            Cell(format_bytes(variant.size_bytes)),
            Cell(state, tone),
        ),
    )
