"""`cache [list]`, `cache location`, `cache rm X...`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tui.cache.entries import CacheRow, build_cache_rows, last_used
from tui.cache.notes import CacheNotebook
from tui.cli.asking import confirm, somebody_is_there
from tui.cli.cache_versions import read_notes
from tui.cli.execute import Context, exit_code_of, find
from tui.cli.output import table
from tui.database import Database
from tui.formats import format_bytes
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.ids import split_version
from tui.foundry.text import clean_text
from tui.foundry.types import CacheInfo


async def run(context: Context) -> int:
    """Show or change what is on disk."""
    async with context.backend() as backend:
        if context.arguments.action == "rm":
            return await _remove(context, backend)
        cache = await backend.cache()
        if context.arguments.action == "location":
            context.output.result(_place(cache), str(cache.location))
            return 0
        models, notes = await backend.models(), await read_notes(context, backend)
        loaded = [one.id for model in models for one in model.variants if one.loaded]
        rows = build_cache_rows(cache, loaded, models, notes)
        values = {**_place(cache), "entries": [_values(row) for row in rows]}
        context.output.result(values, _text(cache, rows))
    return 0


def _place(cache: CacheInfo) -> dict[str, Any]:
    return {
        "location": str(cache.location),
        "total_bytes": cache.total_bytes,
        "free_bytes": cache.free_bytes,
    }


def _values(row: CacheRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "variant": entry.variant_id,
        "path": str(entry.path),
        "size_bytes": entry.size_bytes,
        "frees_bytes": row.frees_bytes,
        "modified_at": _moment(entry.modified_at) if entry.modified_at else None,
        "last_used_at": _moment(row.last_used_s) if row.last_used_s else None,
        "state": entry.state,
        "loaded": row.loaded,
        "origin": row.origin,
        "newer": row.newer_id or None,
        "replaced_by": row.replaced_by or None,
    }


def _text(cache: CacheInfo, rows: Sequence[CacheRow]) -> str:
    summary = (
        f"{cache.location}: {format_bytes(cache.total_bytes)} in {len(rows)} "
        f"{'entry' if len(rows) == 1 else 'entries'}, {format_bytes(cache.free_bytes)} free"
    )
    if not rows:
        return f"{summary}\nNothing here yet: `foundry-tui download X` fetches a model."
    now_s = time.time()
    cells = [
        [
            row.entry.variant_id or row.label,
            f"▲{split_version(row.newer_id)[1]}" if row.newer_id else "",
            format_bytes(row.size_bytes),
            last_used(row, now_s),
            row.state if row.share is None else f"partial {row.share:.0%}",
            row.origin,
        ]
        for row in rows
    ]
    headings = ("VARIANT", "NEWER", "SIZE", "LAST USED", "STATE", "ORIGIN")
    return f"{table(headings, cells, right=(2,))}\n{summary}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


async def _remove(context: Context, backend: Backend) -> int:
    wanted = list(dict.fromkeys(context.arguments.models))
    removed: list[dict[str, Any]] = []
    errors: list[FoundryError] = []
    for name in wanted:
        try:
            _, variant = await find(backend, name)
            if variant.loaded and await _may_unload(context, variant.id):
                await backend.unload(variant.id)
            freed = await backend.remove(variant.id)
        except FoundryError as error:
            errors.append(error)
            context.output.error(error)
        else:
            removed.append({"variant": variant.id, "freed_bytes": freed})
    if removed:
        await _forget_gone(context, backend)
        lines = [
            f"Deleted {row['variant']}: {format_bytes(row['freed_bytes'])} freed" for row in removed
        ]
        values = {"removed": removed, "freed_bytes": sum(row["freed_bytes"] for row in removed)}
        context.output.result(values, "\n".join(lines))
    return exit_code_of(errors, len(wanted))


async def _may_unload(context: Context, variant_id: str) -> bool:
    """Ask before a model leaves memory; where nobody is there the backend refuses to delete it."""
    if not context.arguments.yes and not somebody_is_there():
        return False
    question = f"{clean_text(variant_id, False)} is in memory. Unload and delete it?"
    return await confirm(question, yes=context.arguments.yes)


async def _forget_gone(context: Context, backend: Backend) -> None:
    notebook = CacheNotebook(Database(context.session.paths.database))
    with contextlib.suppress(FoundryError):  # what is deleted is deleted
        await asyncio.to_thread(notebook.forget_gone, await backend.cache())
