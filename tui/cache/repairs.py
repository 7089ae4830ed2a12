"""Carries out the repair that the doctor names."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Collection
from pathlib import Path

from tui.cache.checksums import take
from tui.cache.findings import Finding
from tui.cache.notes import CacheNotebook
from tui.cache.threads import in_thread
from tui.cache.versions import remove_unloaded
from tui.database import DatabaseError
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import FoundryError
from tui.foundry.on_disk.local_models import IDENTITY, delete_tree


class CannotMend(FoundryError):
    """A repair is not possible, or the disk refuses it."""

    code = "cannot_mend"


async def repair(
    backend: Backend,
    finding: Finding,
    location: Path,
    notebook: CacheNotebook,
    on_progress: ProgressCallback,
    loaded: Collection[str] = (),
) -> int:
    """Mend one thing; returns the bytes that this frees.

    Args:
        backend: Where the models are.
        finding: From `examine` or `check_all`.
        location: The cache; nothing outside of it is deleted.
        notebook: Where the checksums are.
        on_progress: Told how far a long repair is.
        loaded: Ids in memory.

    Raises:
        CannotMend: With the reason.
    """
    try:
        freed = await _carry_out(backend, finding, location, notebook, on_progress, loaded)
    except OSError as error:
        raise CannotMend(
            f"{finding.path}: {error.strerror or error}.",
            "Close what uses it, and check the rights of the directory.",
        ) from error
    if finding.repair in ("delete", "delete folder"):
        with contextlib.suppress(DatabaseError):
            await asyncio.to_thread(notebook.forget_checksums, finding.path)
    return freed


async def _carry_out(
    backend: Backend,
    finding: Finding,
    location: Path,
    notebook: CacheNotebook,
    on_progress: ProgressCallback,
    loaded: Collection[str],
) -> int:
    match finding.repair:
        case "delete" if finding.kind == "dangling" and finding.certain:
            return await asyncio.to_thread(_delete_folder, finding.path, location)
        case "delete":
            freed, _, _ = await remove_unloaded(backend, finding.variant_id, loaded)
            return freed
        case "delete folder":
            return await asyncio.to_thread(_delete_folder, finding.path, location)
        case "delete file":
            await asyncio.to_thread(finding.path.unlink, True)
            return finding.size_bytes
        case "write identity":
            await asyncio.to_thread(_write_identity, finding.path, finding.variant_id)
            return 0
        case "accept":
            sums = await in_thread(lambda tell: take(finding.path, tell), on_progress, "reading")
            await asyncio.to_thread(notebook.keep_checksums, finding.path, sums)
            return 0
        case "by hand":
            raise CannotMend(finding.what, f"{finding.mend} {finding.path}")


def _delete_folder(folder: Path, location: Path) -> int:
    inside = folder.parent.resolve().is_relative_to(location.resolve())
    if not inside or folder.resolve() == location.resolve():
        raise CannotMend(f"{folder} is not in the cache.", "Delete it by hand.")
    return delete_tree(folder)


def _write_identity(folder: Path, variant_id: str) -> None:
    """Write the file by which the runtime knows a model, beside its configuration."""
    configs = sorted(folder.rglob("genai_config.json"), key=lambda path: len(path.parts))
    if not configs:
        raise CannotMend(f"{folder} holds no genai_config.json.", "Delete it and get it again.")
    path = configs[0].with_name(IDENTITY)
    path.write_text(json.dumps({"Name": variant_id}), encoding="utf-8")
