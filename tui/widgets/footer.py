"""The last line: the keys that matter here, made from the list of actions."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.actions import Action, actions_of, keys_of

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
        self._scopes: tuple[str, ...] = ()
        self._overrides: Mapping[str, str] = {}
        self._typing = False
        self._keys: list[tuple[str, str]] = []
        self._last_keys: list[tuple[str, str]] = []

    def show_scopes(self, scopes: tuple[str, ...], overrides: Mapping[str, str]) -> None:
        """Show the actions of `scopes`, with the config's key `overrides`."""
        self._scopes, self._overrides = scopes, overrides
        self._typing = bool(self.screen.query("Prompt:focus"))
        self._choose()

    def on_mount(self) -> None:
        """Follow the focus: in a text field other keys work than beside it."""
        self.screen.bindings_updated_signal.subscribe(self, self._look_at_focus)

    def _look_at_focus(self, _screen: Screen[object]) -> None:
        typing = bool(self.screen.query("Prompt:focus"))
        if typing != self._typing:
            self._typing = typing
            self._choose()

    def _choose(self) -> None:
        scopes = [one for one in self._scopes if one != "prompt" or self._typing]
        keys: dict[str, str] = {}
        for action in actions_of(*scopes):
            if action.footer:
                keys.setdefault(self._key_of(action), action.label)
        self._keys = list(keys.items())[:MOST_KEYS]
        self._last_keys = [
            (self._key_of(action), action.label)
            for action in actions_of("everywhere")
            if action.footer
        ]
        self._draw()

    def _key_of(self, action: Action) -> str:
        """Return the first key that works here: a text field keeps the letters."""
        keys = keys_of(action, self._overrides).split()
        return next((key for key in keys if len(key) > 1 or not self._typing), keys[0])

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
