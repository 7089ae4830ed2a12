"""Asks for a directory that exists."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static

from tui.foundry.text import clean_text
from tui.panes.cache.folder_suggester import FolderSuggester
from tui.paths import typed_path
from tui.widgets.dialogs.base import Dialog


class FolderDialog(Dialog[Path]):
    """Answers with the directory.

    Args:
        title: What it is for; also the label of the button.
        explained: What will be done.
        label: Of the field.
        start: What stands in the field at first.
        may_be_new: Take a directory that does not exist yet, where its parent does.
        takes_files: Take a bundle or an archive as well.
    """

    DEFAULT_CSS = """
    FolderDialog {
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
        start: Path | None = None,
        *,
        may_be_new: bool = False,
        takes_files: bool = False,
    ) -> None:
        super().__init__()
        self._takes_files = takes_files
        self._may_be_new = may_be_new
        self._title = title
        self._explained = explained
        self._label = label
        self._start = start

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield Static(clean_text(self._explained), markup=False)
            yield Label(self._label)
            yield Input(
                str(self._start or ""),
                placeholder="/path/to/directory",
                suggester=FolderSuggester(archives=self._takes_files),
                id="folder",
            )
            yield Static(id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._title.split()[0], variant="primary", id="take")
                yield Button("Cancel (esc)", id="cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#take")
    @work(group="take", exclusive=True)
    async def _take(self) -> None:
        field = self.query_one("#folder", Input)
        if not field.value.strip():
            field.focus()
            return
        path = typed_path(field.value.strip())
        new = self._may_be_new and await asyncio.to_thread(path.parent.is_dir)
        there = path.exists if self._takes_files else path.is_dir
        if new or await asyncio.to_thread(there):
            self.dismiss(path)
        else:
            self.query_one("#problem", Static).update(
                clean_text(
                    f"There is nothing at {path}."
                    if self._takes_files
                    else f"There is no directory {path}: make it first.",
                    False,
                )
            )

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
