"""What the cache pane lists: one row for each directory on disk, and their sum."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from tui.formats import format_bytes
from tui.foundry.ids import same_variant, split_version
from tui.foundry.types import CacheEntry, CacheInfo

NAMED = 8
"""Rows that a question names; more are counted."""
CacheState = Literal["loaded", "cached", "partial", "orphan"]
_ORDER: dict[CacheState, int] = {"loaded": 0, "cached": 1, "partial": 2, "orphan": 3}


@dataclass(frozen=True, slots=True)
class CacheRow:
    """One directory on disk. Text in it comes from outside: clean it before it is drawn."""

    key: str
    """Unique among the rows."""
    label: str
    """The variant's name without version; the directory's name where no model is known in it."""
    version: int | None
    state: CacheState
    origin: Literal["catalog", "demo", "imported"]
    size_bytes: int
    frees_bytes: int
    """What deleting it gives back; 0 where the files belong to another directory."""
    deletable: bool
    note: str
    """A sentence about what deleting does, or why it cannot be done now."""
    entry: CacheEntry

    @property
    def loaded(self) -> bool:
        """Whether it is in memory."""
        return self.state == "loaded"


@dataclass(frozen=True, slots=True)
class CacheSummary:
    """The sum over all rows."""

    variants: int
    total_bytes: int
    free_bytes: int
    """Left on the disk."""
    leftover_bytes: int
    """In partial downloads and orphans."""


def build_cache_rows(cache: CacheInfo, loaded: Collection[str]) -> tuple[CacheRow, ...]:
    """Return the rows: loaded, complete, partial, orphans; in each of these by name.

    Args:
        cache: What is on disk.
        loaded: Ids of the variants in memory, in whatever spelling the backend has.
    """
    rows = [_row(entry, loaded) for entry in cache.entries]
    return tuple(
        sorted(rows, key=lambda row: (_ORDER[row.state], row.label.casefold(), -(row.version or 0)))
    )


def summarize(cache: CacheInfo) -> CacheSummary:
    """Return the sums for the head of the pane."""
    leftovers = [entry for entry in cache.entries if entry.state != "complete"]
    return CacheSummary(
        variants=len(cache.entries) - len(leftovers),
        total_bytes=cache.total_bytes,
        free_bytes=cache.free_bytes,
        leftover_bytes=sum(entry.size_bytes for entry in leftovers),
    )


def delete_question(rows: Sequence[CacheRow]) -> str:
    """Say what deleting these rows does, all together."""
    if len(rows) == 1:
        return f"{rows[0].entry.variant_id}\n{rows[0].note}"
    shown = [f"{row.entry.variant_id}  {format_bytes(row.size_bytes)}" for row in rows[:NAMED]]
    if len(rows) > NAMED:
        shown.append(f"and {len(rows) - NAMED} more")
    loaded = [row.entry.variant_id for row in rows if row.loaded]
    freed = format_bytes(sum(row.frees_bytes for row in rows))
    ends = [f"This frees {freed}."]
    if loaded:
        ends.append(f"In memory, unloaded first: {', '.join(loaded)}.")
    return "\n".join([*shown, "", *ends])


def _row(entry: CacheEntry, loaded: Collection[str]) -> CacheRow:
    name, version = split_version(entry.variant_id)
    state = _state(entry, loaded)
    linked = entry.origin != "catalog"
    return CacheRow(
        key=f"{entry.path.as_posix()}#{entry.variant_id}",
        label=name or entry.path.name,
        version=version,
        state=state,
        origin=entry.origin,
        size_bytes=entry.size_bytes,
        frees_bytes=0 if linked else entry.size_bytes,
        deletable=bool(entry.variant_id),
        note=_note(entry, state),
        entry=entry,
    )


def _state(entry: CacheEntry, loaded: Collection[str]) -> CacheState:
    if entry.state != "complete":
        return entry.state
    in_memory = any(same_variant(one, entry.variant_id) for one in loaded)
    return "loaded" if in_memory else "cached"


def _note(entry: CacheEntry, state: CacheState) -> str:
    if state == "loaded":
        return "In memory: deleting it unloads it first."
    if state == "partial":
        return "A download that ended early: downloading it again goes on from here."
    if state == "orphan" or not entry.variant_id:
        return (
            "No model that the backend knows: look into the directory before deleting it by hand."
        )
    if entry.origin == "imported":
        return "Yours: deleting takes it off the list, your own directory stays as it is."
    if entry.origin == "demo":
        return "Ships with the program: deleting frees next to nothing, and it comes back."
    return "From the catalog: it can be downloaded again."
