"""The last line: the keys that matter here, made from the list of actions."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widgets import Static

from tui.actions import actions_of, keys_of

MOST_KEYS = 6
GAP = "  "


class KeyFooter(Static):
    """The pane's most useful keys, and help last; what has no room is left out before help."""

    DEFAULT_CSS = """
    KeyFooter {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $footer-background;
        color: $footer-foreground;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._keys: list[tuple[str, str]] = []
        self._last_keys: list[tuple[str, str]] = []

    def show_scopes(self, scopes: tuple[str, ...], overrides: Mapping[str, str]) -> None:
        """Show the actions of `scopes`, with the config's key `overrides`."""
        self._keys = [
            (keys_of(action, overrides).split()[0], action.label)
            for action in actions_of(*scopes)
            if action.footer
        ][:MOST_KEYS]
        self._last_keys = [
            (keys_of(action, overrides).split()[0], action.label)
            for action in actions_of("everywhere")
            if action.footer
        ]
        self._draw()

    def on_resize(self) -> None:
        """Show as many keys as there is room for."""
        self._draw()

    def _draw(self) -> None:
        shown = list(self._keys)
        while shown and _width([*shown, *self._last_keys]) > self.content_size.width > 0:
            shown.pop()
        parts = [
            Content.assemble((key, "$footer-key-foreground b"), f" {label}")
            for key, label in [*shown, *self._last_keys]
        ]
        self.update(Content(GAP).join(parts), layout=False)


def _width(keys: list[tuple[str, str]]) -> int:
    return sum(len(key) + 1 + len(label) for key, label in keys) + len(GAP) * (len(keys) - 1)
