"""Asks for a colleague's `models.json`, and for what both came from."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Static

from tui.paths import typed_path
from tui.widgets.dialogs.base import Dialog


class MergeDialog(Dialog[tuple[Path, Path | None]]):
    """Answers with the two files; the second may be none.

    Args:
        folder: Where relative paths begin.
    """

    DEFAULT_CSS = """
    MergeDialog {
        & Input { border: tall $surface; }
        & Input:focus { border: tall $primary; }
        & Label { color: $text-muted; margin-top: 1; }
        & #problem { height: auto; color: $text-error; }
    }
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def compose(self) -> ComposeResult:
        """Lay out the two fields."""
        known = sorted(str(path.name) for path in self._folder.glob("*.json"))
        with Vertical(classes="box") as box:
            box.border_title = "Merge a colleague's registry"
            yield Label("Their models.json")
            yield Input(id="theirs", suggester=SuggestFromList(known), placeholder="a file")
            yield Label("What both came from, if there is one: tells removals and edits apart")
            yield Input(id="base", suggester=SuggestFromList(known), placeholder="may stay empty")
            yield Static(id="problem", markup=False)
            yield Static("enter shows what would change · esc closes", classes="hint")

    def on_mount(self) -> None:
        """Start in the first field."""
        self.query_one("#theirs", Input).focus()

    @on(Input.Submitted)
    def _take(self) -> None:
        theirs = self._path("theirs")
        base = self._path("base")
        for path in (theirs, base):
            if path is not None and not path.is_file():
                self.query_one("#problem", Static).update(f"There is no file {path}.")
                return
        if theirs is not None:
            self.dismiss((theirs, base))

    def _path(self, field: str) -> Path | None:
        typed = self.query_one(f"#{field}", Input).value.strip()
        if not typed:
            return None
        return typed_path(typed if typed.startswith("~") else str(self._folder / typed))
