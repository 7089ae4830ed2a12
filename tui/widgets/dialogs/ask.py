"""Asks for a line of text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Static

from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog

Check = Callable[[str], str]
"""Returns what is wrong with the text, or ''. May block: it is called off the event loop."""


class AskDialog(Dialog[str]):
    """Answers with the text, which is not empty.

    Args:
        title: What it is for.
        explained: What will be done with it.
        label: Of the field.
        start: What stands in the field at first.
        check: Refuses a text; None takes all.
        suggestions: Completes what is typed.
    """

    DEFAULT_CSS = """
    AskDialog {
        & Label { color: $text-muted; margin-top: 1; }
        & Input { border: tall $surface; }
        & Input:focus { border: tall $primary; }
        & #problem { height: auto; color: $text-error; }
    }
    """

    def __init__(
        self,
        title: str,
        explained: str,
        label: str,
        start: str = "",
        check: Check | None = None,
        suggestions: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._title = title
        self._explained = explained
        self._label = label
        self._start = start
        self._check = check
        self._suggestions = suggestions

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield Static(clean_text(self._explained), markup=False)
            yield Label(self._label)
            suggester = SuggestFromList(self._suggestions, case_sensitive=False)
            yield Input(self._start, suggester=suggester, id="text")
            yield Static(id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("OK (enter)", variant="primary", id="take")
                yield Button("Cancel (esc)", id="cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#take")
    @work(group="take", exclusive=True)
    async def _take(self) -> None:
        text = self.query_one("#text", Input).value.strip()
        if not text:
            self.query_one("#text", Input).focus()
            return
        problem = await asyncio.to_thread(self._check, text) if self._check else ""
        if problem:
            self.query_one("#problem", Static).update(clean_text(problem))
        else:
            self.dismiss(text)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
