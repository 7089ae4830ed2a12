"""Asks what to compile and for what; shows the command line and what it takes before it starts."""

from __future__ import annotations

import sys
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Select, Static

from tui.cache.compiling.plan import Plan, make_plan
from tui.cache.compiling.recipe import DEVICES, PRECISIONS, Recipe, find_source, shown
from tui.cache.folder_check import suggest_name
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.messages import CompileRequested
from tui.panes.cache.folder_suggester import FolderSuggester
from tui.paths import typed_path
from tui.widgets.dialogs.base import Dialog

REST_S = 0.5
"""A name is looked up when the typing has rested for as long: it may ask a server."""
_MARKS = {"error": "✗", "warning": "!", "info": "✓"}
_EXPLAINED = (
    "A checkpoint of Hugging Face becomes a model that runs here. It takes some minutes for each "
    "billion of parameters. Start with a small one."
)


class CompileDialog(Dialog[CompileRequested]):
    """Answers with a plan that can be carried out.

    Args:
        backend: Whose cache the model joins.
        python: The interpreter that has the builder, as the settings say; None for ours.
    """

    DEFAULT_CSS = """
    CompileDialog {
        & > .box { padding: 0 2; overflow-y: auto; }
        & .row { height: auto; }
        & .row Label { color: $text-muted; width: 13; }
        & Input { width: 1fr; background: $surface; }
        & Select { width: 1fr; }
        & #plan-view { height: auto; max-height: 10; margin-top: 1; }
        & #plan { height: auto; min-height: 6; }
        & .buttons { margin-top: 0; }
    }
    """

    def __init__(self, backend: Backend, python: Path | None) -> None:
        super().__init__()
        self._backend = backend
        self._python = str(python or sys.executable)
        self._plan: Plan | None = None
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the fields, and what they lead to."""
        devices = [(f"{name}: {one.what}", name) for name, one in DEVICES.items()]
        with Vertical(classes="box") as box:
            box.border_title = "Compile a Hugging Face model"
            with Horizontal(classes="row"):
                yield Label("Source")
                yield Input(
                    placeholder="OWNER/NAME, or a directory with config.json",
                    suggester=FolderSuggester(),
                    compact=True,
                    id="source",
                )
            with Horizontal(classes="row"):
                yield Label("Name")
                yield Input(placeholder="my-model", max_length=64, compact=True, id="name")
            with Horizontal(classes="row"):
                yield Label("Device")
                yield Select(devices, value="cpu", allow_blank=False, compact=True, id="device")
            with Horizontal(classes="row"):
                yield Label("Precision")
                yield Select(
                    _precisions("cpu"), value="int4", allow_blank=False, compact=True,
                    id="precision",
                )  # fmt: skip
            with Horizontal(classes="row"):
                yield Label("Output")
                yield Input(
                    placeholder="into the cache; or a new directory to keep",
                    suggester=FolderSuggester(),
                    compact=True,
                    id="output",
                )
            with Horizontal(classes="row"):
                yield Label("Interpreter")
                yield Input(self._python, compact=True, id="python")
            with VerticalScroll(id="plan-view", can_focus=False):
                yield Static(_EXPLAINED, id="plan", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Compile", variant="primary", disabled=True, id="start")
                yield Button("Cancel (esc)", id="cancel")

    @on(Select.Changed, "#device")
    def _device_changed(self, event: Select.Changed) -> None:
        choice = self.query_one("#precision", Select)
        kept = choice.value
        precisions = DEVICES[str(event.value)].precisions
        with choice.prevent(Select.Changed):
            choice.set_options(_precisions(str(event.value)))
            choice.value = kept if kept in precisions else precisions[0]
        self._look_soon()

    @on(Input.Changed)
    @on(Select.Changed, "#precision")
    def _look_soon(self) -> None:
        """Look when the typing rests; until then nothing can be started."""
        self._plan = None
        self.query_one("#start", Button).disabled = True
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_S, self._look)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _recipe(self) -> Recipe:
        """Return what the fields say. Raises `FoundryError`."""
        source = find_source(self._text("source"))
        suggested = suggest_name(Path(source.text))
        self.query_one("#name", Input).placeholder = suggested
        chosen = str(self.query_one("#precision", Select).value)
        output = self._text("output")
        return Recipe(
            source,
            self._text("name") or suggested,
            self._text("python"),
            next(one for one in PRECISIONS if one == chosen),
            str(self.query_one("#device", Select).value),
            typed_path(output) if output else None,
        )

    @work(group="look", exclusive=True)
    async def _look(self) -> None:
        if not self._text("source"):
            self._say(_EXPLAINED)
            return
        self._say("Looking …")
        try:
            plan = await make_plan(self._recipe(), self._backend)
        except FoundryError as error:
            self._say(f"✗ {error.message}\n{error.hint}")
            return
        self._plan = plan
        self.query_one("#start", Button).disabled = bool(plan.errors)
        lines = [f"{_MARKS[one.severity]} {one.what} {one.mend}" for one in plan.findings]
        text = "\n".join((*(line.rstrip() for line in lines), "", shown(plan.command)))
        self._say(text)

    def _say(self, text: str) -> None:
        self.query_one("#plan", Static).update(Content(clean_text(text)))

    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def _start(self) -> None:
        if not self._text("source"):
            self.query_one("#source", Input).focus()
        elif self._plan is not None and not self._plan.errors:
            self.dismiss(CompileRequested(self._plan))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)


def _precisions(device: str) -> list[tuple[str, str]]:
    return [(precision, precision) for precision in DEVICES[device].precisions]
