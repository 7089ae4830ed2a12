"""What the catalog pane says beside its rows."""

from __future__ import annotations

from tui.catalog.fit import COARSE_BYTES, MemoryState
from tui.formats import format_age
from tui.store import State
from tui.system.device_memory import held_by_runtime


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


def gpu_bytes_of(state: State) -> int | None:
    """Return what the runtime holds of the GPU's memory, in steps; None where no driver tells."""
    if state.info is None or state.info.pid is None or state.sample is None:
        return None
    held = held_by_runtime(state.sample.devices)
    return held and max(1, held // COARSE_BYTES) * COARSE_BYTES


def notice_text(state: State, now: float) -> str:
    """Say that the list is none of now, how old it is, why, and what to try; '' while it is.

    Args:
        state: What is shown.
        now: Seconds since the epoch.
    """
    if state.models is None:
        return ""
    if error := state.models_error:
        known = (
            "The catalog that ships with the program"
            if state.models_at is None
            else f"The catalog as it was {format_age(now - state.models_at)}"
        )
        return f"{known}. {error.message}\n{error.hint} R tries again.".replace("\n ", "\n")
    saved_at = state.info.catalog_saved_at if state.info else None
    if saved_at is None:
        as_of = next((one.as_of for one in state.models if one.as_of), "")
        return (
            f"The public catalog cannot be reached: its models of {as_of}. R tries again."
            if as_of
            else ""
        )
    age = format_age(now - saved_at)
    return f"The public catalog cannot be reached; it answered last {age}. R tries again."


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
