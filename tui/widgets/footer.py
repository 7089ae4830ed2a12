"""The last line: the keys that matter here, made from the list of actions."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.widgets import Static

from tui.actions import actions_of, keys_of

MOST_KEYS = 6


class KeyFooter(Static):
    """The pane's most useful keys, and help last."""

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

    def show_scopes(self, scopes: tuple[str, ...], overrides: Mapping[str, str]) -> None:
        """Show the actions of `scopes`, with the config's key `overrides`."""
        shown = [action for action in actions_of(*scopes) if action.footer][:MOST_KEYS]
        shown += [action for action in actions_of("everywhere") if action.footer]
        parts = [
            Content.assemble(
                (keys_of(action, overrides).split()[0], "$footer-key-foreground b"),
                f" {action.label}",
            )
            for action in shown
        ]
        self.update(Content("  ").join(parts), layout=False)
