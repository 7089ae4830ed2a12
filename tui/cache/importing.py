"""Brings a model of the user's own into the cache: a directory, a bundle or an archive."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path

from tui.cache.bundle import is_archive, unpack
from tui.foundry.backend import Backend
from tui.foundry.errors import InvalidModelFolder
from tui.foundry.on_disk.local_models import delete_tree


async def import_from(backend: Backend, source: Path, name: str, unpacked_dir: Path) -> str:
    """Import a model; nothing is left behind where that fails.

    Args:
        backend: Whose cache it joins.
        source: A directory, a bundle of ours, or a tar or zip of a model directory.
        name: What to call it.
        unpacked_dir: Where archives are unpacked; what lies there goes with its model.

    Returns:
        Its variant id.

    Raises:
        InvalidModelFolder, BundleError: It cannot be used; says what to change.
    """
    if await asyncio.to_thread(source.is_dir):
        return await backend.import_model(source, name)
    if not await asyncio.to_thread(source.is_file) or not is_archive(source):
        raise InvalidModelFolder(
            f"{source} is neither a directory nor a .tar or .zip file.",
            "Name the directory of the model, or a bundle made with `cache export`.",
        )
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:40]
    place = unpacked_dir / f"{safe}-{secrets.token_hex(4)}"
    model_folder = await asyncio.to_thread(unpack, source, place)
    try:
        return await backend.import_model(model_folder, name)
    except BaseException:
        await asyncio.to_thread(delete_tree, place)
        raise
