"""Shows a change of `models.json` before it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui.catalog.registry import Registry, RegistryError
from tui.catalog.registry_edit import Change, RegistryFile
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog

_STYLES = {"+": "$text-success", "-": "$text-error", "@": "$text-muted"}


class ChangeDialog(Dialog[Registry]):
    """Writes when told so, and answers with the registry as it is then.

    Args:
        title: What is done.
        file: The reading of the file that the change was made on.
        change: What would be written.
        notes: What else there is to know, conflicts first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "write", show=False),
        Binding("n,q", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]
    DEFAULT_CSS = """
    ChangeDialog {
        & > .box { width: 100; }
        & VerticalScroll { height: auto; }
        & VerticalScroll > Static { height: auto; }
        & #notes { height: auto; color: $text-warning; }
        & #problem { height: auto; color: $text-error; }
    }
    """

    def __init__(
        self, title: str, file: RegistryFile, change: Change, notes: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._title = title
        self._file = file
        self._change = change
        self._notes = notes

    def compose(self) -> ComposeResult:
        """Lay out the difference, the conflicts and the two answers."""
        lines = [
            Content.styled(clean_text(line, False), _STYLES.get(line[:1], ""))
            for line in self._change.diff.splitlines()
        ]
        with Vertical(classes="box") as box:
            box.border_title = self._title
            with VerticalScroll():
                yield Static(Content("\n").join(lines), markup=False)
            yield Static(clean_text("\n".join(self._notes)), id="notes", markup=False)
            yield Static(id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Write (y)", variant="primary", id="write")
                yield Button("Leave it (n)", id="leave")

    def on_mount(self) -> None:
        """Keep the buttons in sight."""
        scroll = self.query_one(VerticalScroll)
        scroll.styles.max_height = max(3, self.app.size.height - 12 - min(6, len(self._notes)))
        self.query_one("#write", Button).focus()

    @on(Button.Pressed, "#write")
    @work(group="write", exclusive=True)
    async def action_write(self) -> None:
        """Write the change, unless somebody else was faster."""
        try:
            registry = await asyncio.to_thread(self._file.write, self._change)
        except RegistryError as error:
            self.query_one("#problem", Static).update(f"{error.message} {error.hint}".strip())
        else:
            self.dismiss(registry)

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Move the difference."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
