"""Shows what would change in a file, before it does."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog

_TONES = {"+": "$text-success", "-": "$text-error", "@": "$foreground-muted"}
CHROME_LINES = 12
MOST_BESIDE = 6


class DiffDialog(Dialog[bool]):
    """Answers whether the change is to be written.

    Args:
        title: The file.
        diff: Lines that begin with '+', '-' or a blank.
        beside: What else there is to know; a line that begins with '!' is a warning.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,q", "answer(False)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]
    DEFAULT_CSS = """
    DiffDialog {
        & > .box { width: 100; }
        & VerticalScroll { height: auto; }
        & VerticalScroll Static { height: auto; }
        & #beside { height: auto; margin-top: 1; }
    }
    """

    def __init__(self, title: str, diff: str, beside: str = "") -> None:
        super().__init__()
        self._title = title
        self._diff = diff
        self._beside = beside

    def compose(self) -> ComposeResult:
        """Lay out the change and the buttons."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            with VerticalScroll(can_focus=False):
                yield Static(_toned(self._diff))
            if self._beside:
                yield Static(_toned(self._beside, other="$foreground-muted"), id="beside")
            with Horizontal(classes="buttons"):
                yield Button("Write (y)", variant="primary", id="yes")
                yield Button("Leave it (n)", id="no")

    def on_mount(self) -> None:
        """Start on the harmless answer, and keep the buttons in sight."""
        taken = CHROME_LINES + min(MOST_BESIDE, self._beside.count("\n") + 1)
        self.query_one(VerticalScroll).styles.max_height = max(3, self.app.size.height - taken)
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)

    def action_scroll(self, lines: int) -> None:
        """Go up or down in the change."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _toned(text: str, other: str = "") -> Content:
    """Return the lines, each in the tone of its first sign."""
    return Content("\n").join(
        Content.styled(clean_text(line, False), _TONES.get(line[:1], other))
        for line in text.splitlines()
    )
