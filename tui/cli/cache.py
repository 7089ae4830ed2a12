"""`cache [list]`, `cache location`, `cache cd DIR`, `cache rm X...`, `cache doctor`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.cache.bundle import Manifest, entry_of, export_bundle, verify_bundle
from tui.cache.doctor import Finding, examine
from tui.cli.execute import Context, exit_code_of, find
from tui.cli.output import table
from tui.formats import UNKNOWN, format_bytes
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError, NotFound
from tui.foundry.types import CacheInfo, Progress


async def run(context: Context) -> int:
    """Show or change what is on disk."""
    if context.arguments.action == "verify":
        return await _verify(context)
    async with context.backend() as backend:
        if context.arguments.action == "rm":
            return await _remove(context, backend)
        if context.arguments.action == "export":
            return await _export(context, backend)
        if context.arguments.action == "doctor":
            return await _doctor(context, backend)
        if context.arguments.action == "cd":
            return await _move(context, backend)
        cache = await backend.cache()
        values = _values(cache)
        if context.arguments.action == "location":
            del values["entries"]
            context.output.result(values, str(cache.location))
        else:
            context.output.result(values, _text(cache))
    return 0


def _values(cache: CacheInfo) -> dict[str, Any]:
    return {
        "location": str(cache.location),
        "total_bytes": cache.total_bytes,
        "free_bytes": cache.free_bytes,
        "entries": [
            {
                "variant": entry.variant_id,
                "path": str(entry.path),
                "size_bytes": entry.size_bytes,
                "modified_at": _moment(entry.modified_at).isoformat(timespec="seconds")
                if entry.modified_at
                else None,
                "state": entry.state,
                "origin": entry.origin,
            }
            for entry in cache.entries
        ],
    }


def _text(cache: CacheInfo) -> str:
    summary = (
        f"{cache.location}: {format_bytes(cache.total_bytes)} in {len(cache.entries)} "
        f"{'entry' if len(cache.entries) == 1 else 'entries'}, "
        f"{format_bytes(cache.free_bytes)} free"
    )
    if not cache.entries:
        return f"{summary}\nNothing here yet: `foundry-tui download X` fetches a model."
    rows = [
        [
            entry.variant_id or UNKNOWN,
            format_bytes(entry.size_bytes),
            _moment(entry.modified_at).astimezone().strftime("%Y-%m-%d %H:%M")
            if entry.modified_at
            else UNKNOWN,
            entry.state,
            entry.origin,
        ]
        for entry in cache.entries
    ]
    headings = ("VARIANT", "SIZE", "CHANGED", "STATE", "ORIGIN")
    return f"{table(headings, rows, right=(1,))}\n{summary}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


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


async def _doctor(context: Context, backend: Backend) -> int:
    """Exit code 0 where nothing is wrong or all was mended, 1 where something is left."""
    models = await backend.models()
    findings = await asyncio.to_thread(examine, await backend.cache(), models)
    mended: list[Finding] = []
    if context.arguments.repair:
        for finding in findings:
            if finding.kind == "partial" and finding.repair == "delete":
                await backend.remove(finding.variant_id)
            elif finding.repair == "delete file":
                await asyncio.to_thread(finding.path.unlink, True)
            else:
                continue
            mended.append(finding)
    rows = [
        {
            "kind": one.kind,
            "what": one.what,
            "mend": one.mend,
            "size_bytes": one.size_bytes,
            "path": str(one.path),
            "variant": one.variant_id,
            "mended": one in mended,
        }
        for one in findings
    ]
    lines = [
        f"{'mended: ' if one in mended else '! '}{one.what}"
        + ("" if one in mended else f" {one.mend}")
        for one in findings
    ]
    context.output.result({"findings": rows}, "\n".join(lines) or "Nothing is wrong on disk.")
    return 0 if len(mended) == len(findings) else 1


async def _move(context: Context, backend: Backend) -> int:
    await backend.move_cache(context.arguments.folder)
    cache = await backend.cache()
    values = _values(cache)
    del values["entries"]
    context.output.result(values, f"The models are kept in {cache.location} now.")
    return 0


async def _remove(context: Context, backend: Backend) -> int:
    wanted = list(dict.fromkeys(context.arguments.models))
    removed: list[dict[str, Any]] = []
    errors: list[FoundryError] = []
    for name in wanted:
        try:
            _, variant = await find(backend, name)
            freed = await backend.remove(variant.id)
        except FoundryError as error:
            errors.append(error)
            context.output.error(error)
        else:
            removed.append({"variant": variant.id, "freed_bytes": freed})
    if removed:
        lines = [
            f"Deleted {row['variant']}: {format_bytes(row['freed_bytes'])} freed" for row in removed
        ]
        values = {"removed": removed, "freed_bytes": sum(row["freed_bytes"] for row in removed)}
        context.output.result(values, "\n".join(lines))
    return exit_code_of(errors, len(wanted))
