"""`cache export X FILE|DIR [--directory]`, `cache verify FILE|DIR`."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from tui.cache.bundle import Form, entry_of, export_bundle, sums_of, verify_bundle
from tui.cache.manifest import Manifest
from tui.cache.notes import CacheNotebook
from tui.cache.threads import Tell, in_thread
from tui.cli.execute import Context, find
from tui.database import Database, DatabaseError
from tui.formats import format_bytes
from tui.foundry.backend import Backend
from tui.foundry.errors import NotFound
from tui.paths import typed_path


async def run(context: Context) -> int:
    """Write a model into a bundle, or compare one with its checksums."""
    if context.arguments.action == "verify":
        return await _verify(context)
    async with context.backend() as backend:
        return await _export(context, backend)


async def _export(context: Context, backend: Backend) -> int:
    _, variant = await find(backend, context.arguments.model)
    entry = entry_of(await backend.cache(), variant.id)
    target = typed_path(str(context.arguments.file))
    form: Form = "directory" if context.arguments.directory else "file"
    notebook = CacheNotebook(Database(context.session.paths.database))
    known = None
    with contextlib.suppress(DatabaseError):
        known = await asyncio.to_thread(notebook.checksums, entry.path)

    def pack(tell: Tell) -> tuple[Path, Manifest]:
        return export_bundle(entry.path, variant.id, target, tell, form=form, known=known)

    written, manifest = await in_thread(pack, context.on_progress(variant.id), "packing")
    if known is None and form == "file":
        with contextlib.suppress(DatabaseError, OSError):
            sums = await asyncio.to_thread(sums_of, entry.path, manifest)
            await asyncio.to_thread(notebook.keep_checksums, entry.path, sums)
    context.output.result(
        _bundle_values(manifest, written),
        f"{variant.id}: {len(manifest.files)} files, {format_bytes(manifest.size_bytes)}, "
        f"written to {written}.\nOn the other machine: "
        f"foundry-tui import {written.name} --name NAME",
    )
    return 0


async def _verify(context: Context) -> int:
    path = typed_path(str(context.arguments.file))
    if not await asyncio.to_thread(path.exists):
        raise NotFound(f"There is no {path}.", "Check the path.")
    show = context.on_progress(path.name, people_only=True)
    manifest = await in_thread(lambda tell: verify_bundle(path, tell), show, "reading")
    text = f"{path.name} is whole: {manifest.variant_id}, {format_bytes(manifest.size_bytes)}."
    context.output.result(_bundle_values(manifest, path), text)
    return 0


def _bundle_values(manifest: Manifest, path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "variant": manifest.variant_id,
        "created_at": manifest.created_at,
        "size_bytes": manifest.size_bytes,
        "files": len(manifest.files),
    }
