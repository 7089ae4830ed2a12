"""The note on a run."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, TextArea

from tui.widgets.dialogs.base import Dialog


class NoteDialog(Dialog[str]):
    """Answers with the note; an empty one removes it.

    Args:
        note: As it is now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "keep", show=False, priority=True)]
    DEFAULT_CSS = """
    NoteDialog TextArea { height: 8; border: tall $surface; }
    NoteDialog TextArea:focus { border: tall $primary; }
    """

    def __init__(self, note: str) -> None:
        super().__init__()
        self._note = note

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="box") as box:
            box.border_title = "Note on this run"
            yield TextArea(self._note, soft_wrap=True, show_line_numbers=False)
            with Horizontal(classes="buttons"):
                yield Button("Keep (ctrl+s)", variant="primary", id="keep")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """Go on behind what is written."""
        field = self.query_one(TextArea)
        field.move_cursor(field.document.end)
        field.focus()

    def action_keep(self) -> None:
        """Answer with what is written."""
        self.dismiss(self.query_one(TextArea).text)

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.action_keep()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
