"""What all panes have in common."""

from __future__ import annotations

from typing import ClassVar

from textual.widget import Widget

from tui.session import Session
from tui.store import State, Store, Topic


class Pane(Widget):
    """A pane: mounted on its first visit, kept afterwards, redrawn only while it shows.

    Subclasses set `TOPICS` and override `show_state`. They never import each other; what
    concerns others goes up as a message.
    """

    TOPICS: ClassVar[tuple[Topic, ...]] = ()
    """Topics of the store whose changes redraw this pane."""
    SCOPES: ClassVar[tuple[str, ...]] = ()
    """Scopes of `tui.actions` that work here, for footer and help."""
    HELP: ClassVar[str] = ""
    """What the pane is for, in a sentence or two."""

    def __init__(self, store: Store, session: Session, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.store = store
        self.session = session
        self._stale = False

    def on_mount(self) -> None:
        """Show what is known already and follow the changes."""
        for topic in self.TOPICS:
            self.store.signal(topic).subscribe(self, self._state_changed)
        self.show_state(self.store.state)

    def _state_changed(self, state: State) -> None:
        # A hidden pane catches up in one go when it is shown again.
        if self.display:
            self.show_state(self.store.state)
        else:
            self._stale = True

    def activated(self) -> None:
        """Called by the app each time the pane comes to the front."""
        if self._stale:
            self._stale = False
            self.show_state(self.store.state)
        self.focus_default()

    def focus_default(self) -> None:
        """Give the focus to the pane's main widget."""

    def help_text(self) -> str:
        """Say what the pane is for; panes that have more to say override it."""
        return self.HELP

    def show_state(self, state: State) -> None:
        """Draw the state; overridden by each pane."""
