"""What the cache pane lists: one row for each directory on disk, and their sum."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui.cache.notes import CacheNotes
from tui.cache.versions import newer_of, newest_by_name, old_versions, versions_on_disk
from tui.formats import UNKNOWN, format_age, format_bytes
from tui.foundry.ids import same_variant, split_version
from tui.foundry.types import CacheEntry, CacheInfo, Model, Variant

NAMED = 8
"""Rows that a question names; more are counted."""
CacheState = Literal["loaded", "cached", "partial", "orphan"]
Origin = Literal["catalog", "demo", "imported", "foreign", "-"]
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
    origin: Origin
    """'foreign' for a model that no catalog knows."""
    size_bytes: int
    frees_bytes: int
    """What deleting it gives back; 0 where the files belong to another directory."""
    deletable: bool
    note: str
    """A sentence about what deleting does, or why it cannot be done now."""
    entry: CacheEntry
    newer_id: str = ""
    """The newest version that can be downloaded, where it is newer and not on disk."""
    replaced_by: str = ""
    """A newer version that is on disk too."""
    replacement_worked: bool = False
    """Whether that one was in memory here."""
    goes_back_to: str = ""
    """An older version on disk, to which one can go back."""
    last_used_s: float | None = None
    """Seconds since the epoch; None where no use is known."""
    share: float | None = None
    """Of a partial download how much of it is there, 0 to 1, where the size is known."""

    @property
    def loaded(self) -> bool:
        """Whether it is in memory."""
        return self.state == "loaded"

    @property
    def usable(self) -> bool:
        """Whether it can be run."""
        return self.state in ("loaded", "cached")


@dataclass(frozen=True, slots=True)
class CacheSummary:
    """The sum over all rows."""

    variants: int
    total_bytes: int
    free_bytes: int
    """Left on the disk."""
    leftover_bytes: int
    """In partial downloads and orphans."""


def build_cache_rows(
    cache: CacheInfo,
    loaded: Collection[str],
    models: Sequence[Model] = (),
    notes: CacheNotes | None = None,
) -> tuple[CacheRow, ...]:
    """Return the rows: loaded, complete, partial, orphans; in each of these by name.

    Args:
        cache: What is on disk.
        loaded: Ids of the variants in memory, in whatever spelling the backend has.
        models: The catalog.
        notes: What this program remembers.
    """
    notes = notes or CacheNotes()
    known = {
        variant.id.casefold(): (model, variant) for model in models for variant in model.variants
    }
    newest = newest_by_name(models)
    replaced = {old.entry: old for old in old_versions(cache, notes)}
    rows: list[CacheRow] = []
    for entry in cache.entries:
        row = _row(entry, loaded, known.get(entry.variant_id.casefold()), bool(models))
        if old := replaced.get(entry):
            row = replace(row, replaced_by=old.newer_id, replacement_worked=old.worked)
        elif row.usable:
            newer = newer_of(entry.variant_id, newest)
            row = replace(row, newer_id=newer or "", goes_back_to=_older(entry, cache))
        if entry.variant_id:
            row = replace(row, last_used_s=notes.last_used_s(entry.variant_id))
        rows.append(row)
    return tuple(
        sorted(rows, key=lambda row: (_ORDER[row.state], row.label.casefold(), -(row.version or 0)))
    )


def last_used(row: CacheRow, now_s: float) -> str:
    """Return how long ago a variant was used: `now` in memory, `never` where no use is known."""
    if row.loaded:
        return "now"
    if not row.usable:
        return UNKNOWN
    return "never" if row.last_used_s is None else format_age(now_s - row.last_used_s)


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
        freed = f" This frees {format_bytes(rows[0].frees_bytes)}." if rows[0].frees_bytes else ""
        return f"{rows[0].entry.variant_id}\n{rows[0].note}{freed}"
    shown = [f"{row.entry.variant_id}  {format_bytes(row.size_bytes)}" for row in rows[:NAMED]]
    if len(rows) > NAMED:
        shown.append(f"and {len(rows) - NAMED} more")
    loaded = [row.entry.variant_id for row in rows if row.loaded]
    freed = format_bytes(sum(row.frees_bytes for row in rows))
    ends = [f"This frees {freed}."]
    if loaded:
        ends.append(f"In memory, unloaded first: {', '.join(loaded)}.")
    return "\n".join([*shown, "", *ends])


def _row(
    entry: CacheEntry,
    loaded: Collection[str],
    found: tuple[Model, Variant] | None,
    listed: bool,
) -> CacheRow:
    name, version = split_version(entry.variant_id)
    state = _state(entry, loaded)
    return CacheRow(
        key=f"{entry.path.as_posix()}#{entry.variant_id}",
        label=name or entry.path.name,
        version=version,
        state=state,
        origin=_origin(entry, found, listed),
        size_bytes=entry.size_bytes,
        frees_bytes=0 if entry.linked or entry.origin == "demo" else entry.size_bytes,
        deletable=bool(entry.variant_id),
        note=_note(entry, state),
        entry=entry,
        share=_share(entry, found[1] if found else None),
    )


def _older(entry: CacheEntry, cache: CacheInfo) -> str:
    versions = versions_on_disk(cache.entries, entry.variant_id)
    return versions[1].variant_id if entry in versions[:1] and len(versions) > 1 else ""


def _origin(entry: CacheEntry, found: tuple[Model, Variant] | None, listed: bool) -> Origin:
    if not entry.variant_id:
        return "-"
    if entry.origin != "catalog" or not listed or entry.state != "complete":
        return entry.origin
    # A backend lists as local what lies on disk and in no catalog.
    return "foreign" if found is None or found[0].local else "catalog"


def _share(entry: CacheEntry, variant: Variant | None) -> float | None:
    if entry.state != "partial" or variant is None or not variant.size_bytes:
        return None
    return min(0.99, entry.size_bytes / variant.size_bytes)


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
        return "No model that the backend knows: the doctor (d) can delete it."
    if entry.linked and entry.origin == "catalog":
        return "Links to files in another directory: deleting takes it off the list, no more."
    if entry.origin == "imported" and not entry.linked:
        return "Yours, a copy in the cache: deleting it deletes the files."
    if entry.origin == "imported":
        return "Yours: deleting takes it off the list, your own directory stays as it is."
    if entry.origin == "demo":
        return "Ships with the program: deleting frees next to nothing, and it comes back."
    return "From the catalog: it can be downloaded again."
