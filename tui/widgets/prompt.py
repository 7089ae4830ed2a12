"""The text field for questions: several lines, enter sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from tui.actions import actions_of


class Prompt(TextArea, inherit_bindings=False):
    """Grows with its text; what was sent before comes back with the arrow keys at its edges.

    Args:
        placeholder: What an empty field says.
        keys: The config's keys by action id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Redo has ctrl+y there, with which the pane copies.
        binding
        for binding in TextArea.BINDINGS
        if not isinstance(binding, Binding) or "ctrl+y" not in binding.key
    ]
    DEFAULT_CSS = """
    Prompt {
        height: auto;
        min-height: 3;
        max-height: 8;
        border: round $panel;
        background: $background;
        padding: 0 1;
        scrollbar-size-vertical: 1;
    }
    Prompt:focus { border: round $primary; background: $background; }
    """

    @dataclass
    class Submitted(Message):
        """A question was sent; the field is empty again."""

        prompt: Prompt
        text: str

    def __init__(
        self,
        placeholder: str,
        keys: Mapping[str, str],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder=placeholder,
            tab_behavior="focus",
        )
        self._methods = {
            key.strip(): action.method
            for action in actions_of("prompt")
            for key in keys.get(action.id, action.keys).split(",")
        }
        self._sent: list[str] = []
        self._place = 0

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings: the text area would take enter before them, and with priority they
        # would overtake letters typed just before.
        if method := self._methods.get(event.key):
            event.stop()
            event.prevent_default()
            await self.run_action(method)
        else:
            await super()._on_key(event)

    def restore(self, text: str) -> None:
        """Put back a question that could not be answered, unless something new was typed."""
        if not self.text:
            self.text = text
            self.move_cursor(self.document.end)

    def replace_text(self, text: str) -> None:
        """Put a text here instead of what stands here."""
        self.text = text
        self.move_cursor(self.document.end)

    def action_submit(self) -> None:
        """Send what stands here."""
        text = self.text.strip()
        if not text:
            return
        self._sent.append(text)
        self._place = len(self._sent)
        self.text = ""
        self.post_message(self.Submitted(self, text))

    def action_newline(self) -> None:
        """Start a new line."""
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up; from the first line to what was sent before."""
        if self.cursor_at_first_line and not select and self._place > 0 and self._unchanged:
            self._show_sent(self._place - 1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down; from the last line to what was sent after."""
        if (
            self.cursor_at_last_line
            and not select
            and self._place < len(self._sent)
            and self._unchanged
        ):
            self._show_sent(self._place + 1)
        else:
            super().action_cursor_down(select)

    @property
    def _unchanged(self) -> bool:
        """Whether what stands here would not be lost: nothing, or something sent before."""
        return not self.text or self.text in self._sent

    def _show_sent(self, place: int) -> None:
        self._place = place
        self.text = self._sent[place] if place < len(self._sent) else ""
        self.move_cursor(self.document.end)
