"""`cache export X FILE`, `cache verify FILE`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tui.cache.bundle import Manifest, entry_of, export_bundle, verify_bundle
from tui.cli.execute import Context, find
from tui.formats import format_bytes
from tui.foundry.backend import Backend
from tui.foundry.errors import NotFound
from tui.foundry.types import Progress


async def run(context: Context) -> int:
    """Write a model into a bundle, or compare one with its checksums."""
    if context.arguments.action == "verify":
        return await _verify(context)
    async with context.backend() as backend:
        return await _export(context, backend)


async def _export(context: Context, backend: Backend) -> int:
    _, variant = await find(backend, context.arguments.model)
    entry = entry_of(await backend.cache(), variant.id)
    show = context.on_progress(variant.id)

    def tell(done: int, total: int) -> None:
        show(Progress(done / total if total else 1.0, done, total, "packing"))

    target = context.arguments.file.expanduser().absolute()
    manifest = await asyncio.to_thread(export_bundle, entry.path, variant.id, target, tell)
    context.output.result(
        _bundle_values(manifest, target),
        f"{variant.id}: {len(manifest.files)} files, {format_bytes(manifest.size_bytes)}, "
        f"written to {target}.\nOn the other machine: foundry-tui import FILE --name NAME",
    )
    return 0


async def _verify(context: Context) -> int:
    path = context.arguments.file.expanduser().absolute()
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Check the path.")
    manifest = await asyncio.to_thread(verify_bundle, path)
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
