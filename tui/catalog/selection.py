"""Chooses a model for a task by the course's rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tui.catalog.registry import RegistryEntry
from tui.foundry.text import clean_text

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry for the task, and whether this machine can run it."""

    entry: RegistryEntry
    viable: bool
    why: str
    """Half a sentence with both numbers."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice and how it came about."""

    choice: RegistryEntry | None
    reason: str
    """A sentence."""
    candidates: tuple[Candidate, ...]
    """All entries for the task, in the registry's order."""


def select(entries: Iterable[RegistryEntry], task: str, total_ram_bytes: int) -> Selection:
    """Return the first entry for `task` whose `min_ram_gb` this machine's total memory reaches.

    The rule is the course's: `total RAM / 1024**3 >= min_ram_gb`, first one wins. Letter case of
    the task does not matter.

    Args:
        entries: The registry's entries, in its order.
        task: `chat`, `code` ...
        total_ram_bytes: Memory of this machine in total, not what is free now.
    """
    entries = tuple(entries)
    total_gib = total_ram_bytes / GIB
    wanted = task.strip().casefold()
    candidates = tuple(
        _candidate(entry, total_gib) for entry in entries if entry.task.strip().casefold() == wanted
    )
    choice = next((one.entry for one in candidates if one.viable), None)
    return Selection(choice, _reason(entries, task, choice, candidates, total_gib), candidates)


def _candidate(entry: RegistryEntry, total_gib: float) -> Candidate:
    viable = total_gib >= entry.min_ram_gb
    # Two digits only where one would say '16 GiB, this machine has 16.0' of one that falls short.
    digits = 1 if abs(total_gib - entry.min_ram_gb) >= 0.05 else 2
    has = f"this machine has {total_gib:.{digits}f}"
    return Candidate(entry, viable, f"needs {entry.min_ram_gb:g} GiB, {has}")


def _reason(
    entries: tuple[RegistryEntry, ...],
    task: str,
    choice: RegistryEntry | None,
    candidates: tuple[Candidate, ...],
    total_gib: float,
) -> str:
    if choice is not None:
        why = next(one.why for one in candidates if one.entry is choice)
        return f"First of the entries for '{task}' that this machine can hold: {why}."
    if candidates:
        least = min(one.entry.min_ram_gb for one in candidates)
        return (
            f"No entry for '{task}' fits: the smallest needs {least:g} GiB, "
            f"this machine has {total_gib:.1f}."
        )
    if not entries:
        return "The registry has no entries."
    tasks = ", ".join(dict.fromkeys(clean_text(entry.task, False) for entry in entries))
    return f"No entry for the task '{clean_text(task, False)}'; the registry knows {tasks}."
