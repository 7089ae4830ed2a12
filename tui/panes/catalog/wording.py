"""What the catalog pane says beside its rows."""

from __future__ import annotations

from tui.catalog.fit import MemoryState
from tui.store import State


def memory_of(state: State) -> MemoryState:
    """Return the room on this machine, as last sampled."""
    sample = state.sample
    if sample is None:
        return MemoryState()
    return MemoryState(
        sample.ram_total_bytes,
        sample.ram_available_bytes,
        state.cache.free_bytes if state.cache else sample.disk_free_bytes,
        state.device_memory,
    )


def empty_text(state: State, query: str) -> str:
    """Say why the list is empty, and what to do about it."""
    if query:
        return f"Nothing matches '{query}'.\nesc clears the search."
    if state.connection == "connecting":
        return "Looking for Foundry Local …"
    if state.connection == "failed" and state.connection_error is not None:
        error = state.connection_error
        return f"{error.message}\n\n{error.hint}\n\nR tries again · q leaves"
    if state.models_error is not None:
        return f"{state.models_error.message}\n{state.models_error.hint}\n\nR tries again"
    if state.models is None:
        return "Reading the catalog …"
    return "The backend lists no models.\nR asks again."
