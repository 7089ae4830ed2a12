"""The keys of a pane, made from the list of actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

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
        Binding("question_mark,q", "leave", "close", show=False),
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
            yield Static(self._text())

    def _text(self) -> Content:
        parts = [Content(self._introduction)]
        for scope in self._scopes:
            heading = _HEADINGS.get(scope, self._title)
            parts.append(Content.assemble("\n", (heading, "b $primary")))
            for action in actions_of(scope):
                keys = keys_of(action, self._overrides)
                parts.append(Content.assemble((f"{keys:<{KEY_WIDTH}}", "b"), " ", action.help))
        return Content("\n").join(parts)

    def action_scroll(self, way: str) -> None:
        """Scroll by a line."""
        box = self.query_one(VerticalScroll)
        box.scroll_down(animate=False) if way == "down" else box.scroll_up(animate=False)
