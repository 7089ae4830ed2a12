"""`cache update X... | --all`, `cache rollback X`, `cache clean`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tui.cache.notes import CacheNotebook, CacheNotes
from tui.cache.versions import (
    newest_listed,
    old_versions,
    remove_unloaded,
    rollback_pair,
    update,
    versions_on_disk,
)
from tui.cli.execute import Context, exit_code_of, find
from tui.cli.output import UsageError
from tui.database import Database, DatabaseError
from tui.formats import format_bytes
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.ids import split_version
from tui.foundry.types import Model


async def run(context: Context) -> int:
    """Change which versions are on disk."""
    work = {"update": _update, "rollback": _roll_back, "clean": _clean}
    async with context.backend() as backend:
        return await work[context.arguments.action](context, backend)


async def read_notes(context: Context, backend: Backend) -> CacheNotes:
    """Return what is remembered about the cache of a backend; without a database nothing."""
    notebook = CacheNotebook(Database(context.session.paths.database))
    try:
        return await asyncio.to_thread(notebook.read, backend.info.kind)
    except DatabaseError as error:
        context.output.warning(error.message)
        return CacheNotes()


async def _update(context: Context, backend: Backend) -> int:
    models = await backend.models()
    names: list[str] = context.arguments.models
    if bool(names) == context.arguments.all:
        raise UsageError("Name what to update, or give --all.", "`foundry-tui cache` shows ▲.")
    wanted = names or await _with_newer(backend, models)
    updated: list[dict[str, Any]] = []
    errors: list[FoundryError] = []
    for name in dict.fromkeys(wanted):
        try:
            old = (await find(backend, name))[1].id
            new = await update(backend, old, models, context.on_progress(old))
        except FoundryError as error:
            errors.append(error)
            context.output.error(error)
        else:
            updated.append({"old": old, "new": new})
    if updated or not wanted:
        lines = [
            f"{one['new']} is on disk. {one['old']} stays until {one['new']} has loaded once: "
            "then `foundry-tui cache clean`."
            for one in updated
        ]
        context.output.result({"updated": updated}, "\n".join(lines) or "All is up to date.")
    return exit_code_of(errors, len(wanted))


async def _with_newer(backend: Backend, models: Sequence[Model]) -> list[str]:
    """Return the newest version on disk of each variant that has a newer one in the catalog."""
    entries = (await backend.cache()).entries
    found: list[str] = []
    for entry in entries:
        if entry not in versions_on_disk(entries, entry.variant_id)[:1]:
            continue
        if newest_listed(entry.variant_id, models):
            found.append(entry.variant_id)
    return found


async def _roll_back(context: Context, backend: Backend) -> int:
    models = await backend.models()
    _, variant = await find(backend, context.arguments.model)
    new, old = rollback_pair(await backend.cache(), variant.id)
    freed, _, _ = await remove_unloaded(backend, new.variant_id, _loaded(models))
    context.output.result(
        {"removed": new.variant_id, "kept": old.variant_id, "freed_bytes": freed},
        f"Deleted {new.variant_id}: {format_bytes(freed)} freed. {old.variant_id} is used again.",
    )
    return 0


async def _clean(context: Context, backend: Backend) -> int:
    models = await backend.models()
    cache, notes = await backend.cache(), await read_notes(context, backend)
    old = old_versions(cache, notes)
    chosen = [one for one in old if one.worked or context.arguments.all]
    kept = [one for one in old if one not in chosen]
    removed: list[dict[str, Any]] = []
    errors: list[FoundryError] = []
    for one in chosen:
        variant_id = one.entry.variant_id
        try:
            freed, _, _ = await remove_unloaded(backend, variant_id, _loaded(models))
        except FoundryError as error:
            errors.append(error)
            context.output.error(error)
        else:
            removed.append({"variant": variant_id, "freed_bytes": freed})
    lines = [
        f"Deleted {one['variant']}: {format_bytes(one['freed_bytes'])} freed" for one in removed
    ]
    lines += [
        f"Kept {one.entry.variant_id}: version {split_version(one.newer_id)[1]} has not been "
        "loaded yet (--all deletes it all the same)"
        for one in kept
    ]
    values = {
        "removed": removed,
        "freed_bytes": sum(one["freed_bytes"] for one in removed),
        "kept": [one.entry.variant_id for one in kept],
    }
    context.output.result(values, "\n".join(lines) or "No old version is on disk.")
    return exit_code_of(errors, len(chosen))


def _loaded(models: Sequence[Model]) -> list[str]:
    return [one.id for model in models for one in model.variants if one.loaded]
