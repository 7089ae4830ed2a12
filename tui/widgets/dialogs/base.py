"""The frame that all dialogs share."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box over the dimmed pane; esc leaves it without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "close", show=False)]
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > .box {
            width: 76;
            max-width: 96%;
            height: auto;
            max-height: 92%;
            padding: 1 2;
            background: $panel;
            border: round $primary;
            border-title-color: $primary;
            border-title-style: bold;
        }
        & .hint { color: $text-muted; margin-top: 1; height: auto; }
        & .buttons { height: auto; margin-top: 1; align-horizontal: right; }
        & .buttons Button { margin-left: 2; min-width: 12; }
    }
    """

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close with an answer; only once, however fast the keys come."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
