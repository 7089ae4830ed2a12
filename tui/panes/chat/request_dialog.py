"""The request for the next answer, as a command."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tui.widgets.dialogs.base import Dialog


class RequestDialog(Dialog[bool]):
    """Answers whether the command is to be copied.

    Args:
        command: Clean text.
        note: What else there is to know.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,c,y", "copy", show=False)]
    DEFAULT_CSS = """
    RequestDialog > .box { width: 100; }
    RequestDialog #request { height: auto; max-height: 24; }
    RequestDialog #request-text { height: auto; }
    """

    def __init__(self, command: str, note: str) -> None:
        super().__init__()
        self._command = command
        self._note = note

    def compose(self) -> ComposeResult:
        """Lay out the command."""
        with Vertical(classes="box") as box:
            box.border_title = "The request as curl"
            with VerticalScroll(id="request", can_focus=True):
                yield Static(self._command, id="request-text", markup=False)
            yield Static(f"{self._note}\nenter copies it · esc closes".strip(), classes="hint")

    def action_copy(self) -> None:
        """Answer that it is to be copied."""
        self.dismiss(True)
