"""The keys of a pane, made from the list of actions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.actions import actions_of, keys_of
from tui.widgets.dialogs.base import Dialog

KEY_WIDTH = 12
_HEADINGS = {"everywhere": "Everywhere", "table": "In a list", "prompt": "In the text field"}


class HelpDialog(Dialog[None]):
    """Lists keys and what they do.

    Args:
        title: The pane's name.
        introduction: What the pane is for, in a sentence or two.
        scopes: Scopes of actions to list.
        overrides: Keys from the config, by action id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q", "leave", "close", show=False),
        Binding("j", "scroll('down')", show=False),
        Binding("k", "scroll('up')", show=False),
    ]

    def __init__(
        self,
        title: str,
        introduction: str,
        scopes: tuple[str, ...],
        overrides: Mapping[str, str],
    ) -> None:
        super().__init__()
        self._title = title
        self._introduction = introduction
        self._scopes = scopes
        self._overrides = overrides

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with VerticalScroll(classes="box") as box:
            box.border_title = f"Help: {self._title}"
            box.border_subtitle = "esc closes · keys can be changed in config.toml"
            yield _Wrapped(self._text)

    def _text(self, width: int) -> Content:
        parts = [Content(self._introduction)]
        for scope in self._scopes:
            heading = _HEADINGS.get(scope, self._title)
            parts.append(Content.assemble("\n", (heading, "b $primary")))
            parts += [
                _row(keys_of(action, self._overrides), action.help, width)
                for action in actions_of(scope)
            ]
        return Content("\n").join(parts)

    def action_scroll(self, way: str) -> None:
        """Scroll by a line."""
        box = self.query_one(VerticalScroll)
        box.scroll_down(animate=False) if way == "down" else box.scroll_up(animate=False)


class _Wrapped(Static):
    """Shows a text that is made anew for each width."""

    def __init__(self, make: Callable[[int], Content]) -> None:
        super().__init__()
        self._make = make
        self._width = 0

    def on_resize(self, event: events.Resize) -> None:
        """Fit the text to the width."""
        if event.size.width != self._width:
            self._width = event.size.width
            self.update(self._make(self._width))


def _row(keys: str, text: str, width: int) -> Content:
    """Return keys and what they do, in a column of its own; long lists of keys stand above it."""
    indent = " " * (KEY_WIDTH + 1)
    first = f"{keys:<{KEY_WIDTH}} " if len(keys) <= KEY_WIDTH else f"{keys}\n{indent}"
    lines = textwrap.wrap(text, max(10, width - len(indent)))
    return Content.assemble((first, "b"), f"\n{indent}".join(lines))
