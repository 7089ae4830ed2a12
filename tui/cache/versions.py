"""Versions of one variant: what is on disk against the newest, updating, going back, cleaning."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.cache.notes import CacheNotes
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import NotFound, Unsupported
from tui.foundry.ids import same_variant, split_version
from tui.foundry.types import CacheEntry, CacheInfo, Capability, Model


@dataclass(frozen=True, slots=True)
class OldVersion:
    """A version on disk beside a newer one."""

    entry: CacheEntry
    newer_id: str
    """The newest on disk."""
    worked: bool
    """Whether the newer one was in memory here: then the old one is no longer needed."""


def same_name(one: str, other: str) -> bool:
    """Tell whether two ids are versions of the same variant."""
    return split_version(one)[0].casefold() == split_version(other)[0].casefold()


def newest_listed(variant_id: str, models: Iterable[Model]) -> str | None:
    """Return the id of the newest version that can be had, where it is newer than this one."""
    return newer_of(variant_id, newest_by_name(models))


def newest_by_name(models: Iterable[Model]) -> Mapping[str, tuple[int, str]]:
    """Return version and id of the newest version of each variant, by its folded name.

    Rows of the snapshot that ships with the program cannot be downloaded, so they do not count.
    """
    newest: dict[str, tuple[int, str]] = {}
    for model in models:
        for variant in model.variants if not model.as_of else ():
            name, version = split_version(variant.id)
            if version is not None and version > newest.get(name.casefold(), (-1, ""))[0]:
                newest[name.casefold()] = (version, variant.id)
    return newest


def newer_of(variant_id: str, newest: Mapping[str, tuple[int, str]]) -> str | None:
    """Return the id of the newest version, where it is newer than this one."""
    name, version = split_version(variant_id)
    listed = newest.get(name.casefold())
    return None if version is None or listed is None or listed[0] <= version else listed[1]


def versions_on_disk(entries: Iterable[CacheEntry], variant_id: str) -> list[CacheEntry]:
    """Return the whole versions of a variant on disk, the newest first."""
    found = [
        entry
        for entry in entries
        if entry.state == "complete"
        and entry.origin == "catalog"
        and entry.variant_id
        and same_name(entry.variant_id, variant_id)
    ]
    return sorted(found, key=lambda entry: -(split_version(entry.variant_id)[1] or 0))


def old_versions(cache: CacheInfo, notes: CacheNotes) -> tuple[OldVersion, ...]:
    """Return all versions on disk that have a newer one beside them."""
    old: list[OldVersion] = []
    for entry in cache.entries:
        versions = versions_on_disk(cache.entries, entry.variant_id) if entry.variant_id else []
        if entry in versions[1:]:
            newest = versions[0].variant_id
            old.append(OldVersion(entry, newest, notes.has_worked(newest)))
    return tuple(old)


async def update(
    backend: Backend, variant_id: str, models: Sequence[Model], on_progress: ProgressCallback
) -> str:
    """Download the newest version; the old one stays on disk until it is cleaned.

    Args:
        backend: Where the models are.
        variant_id: The version on disk.
        models: The catalog.
        on_progress: Told how far the download is.

    Returns:
        The id of the new version.

    Raises:
        NotFound: There is no newer one.
        Unsupported: This backend cannot download.
    """
    if not backend.info.supports(Capability.DOWNLOAD):
        raise Unsupported(backend.info.unavailable[Capability.DOWNLOAD])
    newest = newest_listed(variant_id, models)
    if newest is None:
        raise NotFound(
            f"No version newer than '{variant_id}' is listed.",
            "Ask the catalog again: R in the pane Catalog, or `foundry-tui models`.",
        )
    await backend.download(newest, on_progress)
    return newest


def rollback_pair(cache: CacheInfo, variant_id: str) -> tuple[CacheEntry, CacheEntry]:
    """Return the newest version of a variant on disk, and the one that a rollback leaves.

    Raises:
        NotFound: There are not two.
    """
    versions = versions_on_disk(cache.entries, variant_id)
    if len(versions) < 2:
        raise NotFound(
            f"No older version of '{split_version(variant_id)[0]}' is on disk to go back to.",
            "An update keeps the old version until `cache clean`.",
        )
    return versions[0], versions[1]


async def remove_unloaded(
    backend: Backend, variant_id: str, loaded: Collection[str]
) -> tuple[int, int | None, bool]:
    """Delete a variant, out of memory first where it is there.

    Args:
        backend: Where it is.
        variant_id: Which.
        loaded: Ids in memory.

    Returns:
        Bytes freed on disk, bytes given back in memory where that is known, whether it was
        in memory.
    """
    in_memory = any(same_variant(one, variant_id) for one in loaded)
    given_back = await backend.unload(variant_id) if in_memory else None
    return await backend.remove(variant_id), given_back, in_memory
