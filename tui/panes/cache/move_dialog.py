"""Asks where the models shall be kept from now on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static

from tui.foundry.text import clean_text
from tui.panes.cache.folder_suggester import FolderSuggester
from tui.widgets.dialogs.base import Dialog

EXPLAINED = (
    "The service restarts. Models in the old directory stay there and are not listed until you "
    "move back."
)


class MoveCacheDialog(Dialog[Path]):
    """Answers with a directory that exists.

    Args:
        location: Where the models are now; None where that is not known yet.
    """

    DEFAULT_CSS = """
    MoveCacheDialog {
        & Label { color: $text-muted; margin-top: 1; }
        & Input { border: tall $surface; }
        & Input:focus { border: tall $primary; }
        & #problem { height: auto; color: $text-error; }
    }
    """

    def __init__(self, location: Path | None) -> None:
        super().__init__()
        self._location = location

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="box") as box:
            box.border_title = "Move the cache"
            yield Static(f"Now: {clean_text(str(self._location or '?'), False)}", markup=False)
            yield Static(EXPLAINED, classes="hint")
            yield Label("New directory (right completes)")
            yield Input(placeholder="/path/to/models", suggester=FolderSuggester(), id="folder")
            yield Static(id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Move", variant="primary", id="move")
                yield Button("Cancel (esc)", id="cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#move")
    @work(group="move", exclusive=True)
    async def _move(self) -> None:
        field = self.query_one("#folder", Input)
        if not field.value.strip():
            field.focus()
            return
        path = Path(field.value.strip()).expanduser()  # noqa: ASYNC240 - reads no disk
        if await asyncio.to_thread(path.is_dir):
            self.dismiss(path)
        else:
            self.query_one("#problem", Static).update(
                clean_text(f"There is no directory {path}: make it first.", False)
            )

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
