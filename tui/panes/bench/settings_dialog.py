"""The form for everything that a run can be made with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Static

from tui.bench.plan import PlanError
from tui.bench.prompt_files import PromptsError, find_prompts
from tui.bench.prompt_sets import NAMES
from tui.foundry.text import clean_text
from tui.panes.bench.draft import Draft
from tui.widgets.dialogs.base import Dialog

PROMPTS = "prompts"
FIELDS: tuple[tuple[str, str, str, Callable[[str], Any]], ...] = (
    ("rounds", "Rounds", "10; a verdict needs 6", int),
    ("max_tokens", "Max tokens", "longest answer", int),
    ("temperature", "Temperature", "0 is repeatable", float),
    ("seed", "Seed", "draws the order", int),
    ("timeout_s", "Time limit s", "for one request", float),
    ("concurrency", "At once", "requests at the same time", int),
    ("memory", "In memory", "auto, all or one", str),
    ("order", "Order", "interleaved, block or sequential", str),
)
"""Name in the plan, label, what it means, how it is read."""


class SettingsDialog(Dialog[Draft]):
    """Answers with the draft as it was filled in.

    Args:
        draft: What stands in the fields at first.
    """

    DEFAULT_CSS = """
    SettingsDialog {
        & > .box { padding: 0 1; }
        & Horizontal.row { height: 1; }
        & .hint { margin: 0 0 0 2; width: 1fr; }
        & Label { color: $text-muted; width: 14; }
        & Input { border: none; height: 1; width: 22; padding: 0 1; background: $surface; }
        & Input:focus { border: none; background: $primary 25%; }
        & #problem { height: auto; color: $text-error; }
    }
    """

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        with Vertical(classes="box") as box:
            box.border_title = "How to measure"
            with VerticalScroll(can_focus=False):
                sets = ", ".join(NAMES)
                yield from self._row(
                    PROMPTS, "Prompts", f"{sets} or a file", self._prompts(), tuple(NAMES)
                )
                for name, label, hint, _ in FIELDS:
                    value = self._draft.values.get(name, "")
                    shown = f"{value:g}" if isinstance(value, float) else str(value)
                    yield from self._row(name, label, hint, shown)
            yield Static(id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Take (enter)", variant="primary", id="take")
                yield Button("Cancel (esc)", id="cancel")

    def _row(
        self, name: str, label: str, hint: str, value: str, suggestions: tuple[str, ...] = ()
    ) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Label(label)
            yield Input(value, id=name, suggester=SuggestFromList(suggestions))
            yield Label(hint, classes="hint")

    def _prompts(self) -> str:
        named = [name for name, found in NAMES.items() if found == self._draft.prompt_set]
        return named[0] if named else self._draft.prompt_set.name

    @on(Input.Submitted)
    @on(Button.Pressed, "#take")
    @work(group="take", exclusive=True)
    async def _take(self) -> None:
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name, *_ in FIELDS}
        wanted = self.query_one(f"#{PROMPTS}", Input).value.strip()
        try:
            draft = await asyncio.to_thread(self._filled, typed, wanted)
        except (PlanError, PromptsError) as error:
            self._say(f"{error.message} {error.hint}")
        else:
            self.dismiss(draft)

    def _filled(self, typed: dict[str, str], wanted: str) -> Draft:
        values = {}
        for name, label, hint, read in FIELDS:
            try:
                values[name] = read(typed[name])
            except ValueError:
                raise PlanError(
                    f"{label}: '{typed[name]}' is no number.", f"It is {hint}."
                ) from None
        draft = self._draft.with_values(**values)
        if wanted != self._prompts():
            draft = replace(draft, prompt_set=find_prompts(wanted))
        draft.plan(["checks the values"])
        return draft

    def _say(self, problem: str) -> None:
        self.query_one("#problem", Static).update(clean_text(problem, False))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
