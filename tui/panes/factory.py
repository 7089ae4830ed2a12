"""Makes a pane on its first visit; its module is imported then and not before."""

from __future__ import annotations

from tui.panes.base import Pane
from tui.session import Session
from tui.store import Store
from tui.system.history import History


def make_pane(name: str, store: Store, session: Session, history: History) -> Pane:
    """Return a new pane.

    Args:
        name: `catalog`, `cache`, `chat`, `monitor` or `bench`.
        store: Shared state.
        session: Settings and file locations.
        history: System samples since the program started.
    """
    match name:
        case "catalog":
            from tui.panes.catalog.pane import CatalogPane

            return CatalogPane(store, session, id=name)
        case "cache":
            from tui.panes.cache.pane import CachePane

            return CachePane(store, session, id=name)
        case "chat":
            from tui.panes.chat.pane import ChatPane

            return ChatPane(store, session, id=name)
        case "monitor":
            from tui.panes.monitor.pane import MonitorPane

            return MonitorPane(store, session, history, id=name)
        case "bench":
            from tui.panes.bench.pane import BenchPane

            return BenchPane(store, session, id=name)
    raise ValueError(f"no pane named {name!r}")
