"""The text field for questions: several lines, enter sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from tui.actions import actions_of
from tui.formats import format_bytes
from tui.foundry.text import clean_text

LONGEST_TEXT = 50_000
LONGEST_LINE = 5_000
"""Characters that can still be edited without a key press having to wait."""


class Prompt(TextArea, inherit_bindings=False):
    """Grows with its text; what was sent before comes back with the arrow keys at its edges.

    Args:
        placeholder: What an empty field says.
        keys: The config's keys by action id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Redo has ctrl+y there, with which the pane copies; a page up and down scrolls what was
        # said, for what is written here is no page long.
        binding
        for binding in TextArea.BINDINGS
        if not isinstance(binding, Binding)
        or not {"ctrl+y", "pageup", "pagedown"} & set(binding.key.split(","))
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
        # Each blink is some hundred bytes over SSH, for as long as nobody types.
        self.cursor_blink = False
        self._methods = {
            key.strip(): action.method
            for action in actions_of("prompt")
            for key in keys.get(action.id, action.keys).split(",")
        }
        self._sent: list[str] = []
        self._place = 0
        """Which of `_sent` stands here; behind the last one, what is being written."""
        self._edits: dict[int, str] = {}
        """What was written at each place, while the reader is at another."""
        self._folded: dict[str, str] = {}
        """Texts too long to be edited, by the mark that stands for each."""

    @property
    def whole_text(self) -> str:
        """What stands here, with folded texts in full."""
        text = self.text
        for mark, folded in self._folded.items():
            text = text.replace(mark, folded)
        return text

    def remember(self, sent: Sequence[str]) -> None:
        """Take what was sent in earlier sessions, oldest first; the arrow keys bring it back."""
        self._sent[:0] = sent
        self._place += len(sent)
        self._edits = {place + len(sent): text for place, text in self._edits.items()}

    async def _on_key(self, event: events.Key) -> None:
        # Not as bindings: the text area would take enter before them, and with priority they
        # would overtake letters typed just before.
        if method := self._methods.get(event.key):
            event.stop()
            event.prevent_default()
            await self.run_action(method)
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        # The base class would insert the text as it came, control sequences and all.
        event.prevent_default()
        event.stop()
        if result := self._replace_via_keyboard(
            self._shortened(clean_text(event.text)), *self.selection
        ):
            self.move_cursor(result.end_location)

    def restore(self, text: str) -> None:
        """Put back a question that could not be answered, unless something new was typed."""
        if not self.text:
            self.replace_text(text)

    def replace_text(self, text: str) -> None:
        """Put a text here instead of what stands here."""
        self.text = self._shortened(text)
        self.move_cursor(self.document.end)

    def _shortened(self, text: str) -> str:
        """Return a text, or a mark that stands for it where each key would have to wait for it."""
        if len(text) <= LONGEST_TEXT and max(map(len, text.split("\n"))) <= LONGEST_LINE:
            return text
        for mark, folded in self._folded.items():
            if folded == text:
                return mark
        lines = text.count("\n") + 1
        size = f"{lines:,} lines, " if lines > 1 else ""
        mark = f"[long text {len(self._folded) + 1}: {size}{format_bytes(len(text.encode()))}]"
        self._folded[mark] = text
        return mark

    def action_submit(self) -> None:
        """Send what stands here."""
        text = self.whole_text.strip()
        if not text:
            return
        if not self._sent or self._sent[-1] != text:
            self._sent.append(text)
        self._place = len(self._sent)
        self._edits.clear()
        self.text = ""
        self.post_message(self.Submitted(self, text))

    def action_newline(self) -> None:
        """Start a new line."""
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up; from the first line to what was sent before."""
        if self.cursor_at_first_line and not select and self._place > 0:
            self._go_to(self._place - 1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down; from the last line to what was sent after."""
        if self.cursor_at_last_line and not select and self._place < len(self._sent):
            self._go_to(self._place + 1)
        else:
            super().action_cursor_down(select)

    def _go_to(self, place: int) -> None:
        """Show what was sent, or is being written, at a place; nothing written is lost."""
        self._edits[self._place] = self.whole_text
        self._place = place
        sent = self._sent[place] if place < len(self._sent) else ""
        self.replace_text(self._edits.get(place, sent))
