"""What lies in the model cache: whole models, partial downloads, orphans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui.foundry.ids import split_version
from tui.foundry.on_disk.local_models import LocalModels, unpacked_place
from tui.foundry.on_disk.sizes import KeptSizes, Measured, walk


def scan_cache(
    cache_dir: Path,
    local: LocalModels,
    cached: Mapping[str, str],
    ids: list[str],
    sizes_file: Path | None = None,
) -> list[dict[str, Any]]:
    """Return one row for each directory of a model, with the fields of `CacheEntry`.

    The size of a local model is that of its files, wherever these lie: deleting the entry of an
    imported model frees next to nothing.

    Args:
        cache_dir: The runtime's model cache.
        local: The local models in it.
        cached: Path of each cached variant by its id, as the runtime tells.
        ids: All ids of the catalog, to name partial downloads.
        sizes_file: Where the sizes of what was downloaded are kept; None keeps none.
    """
    rows = []
    sizes = KeptSizes(sizes_file)
    for model in local.models():
        folder = local.folder(model)
        whole = all(path.exists() for path in folder.iterdir())
        # The user's files may be written anew in place, so these are looked at each time.
        measured = walk(folder)[1]
        if measured.linked and unpacked_place(Path(model.source)):
            measured = replace(measured, linked=False)  # what was unpacked goes with the model
        rows.append(
            _row(model.id, folder, "complete" if whole else "orphan", model.origin, measured)
        )
    by_path = {Path(path).resolve(): variant_id for variant_id, path in cached.items()}
    for folder in _model_folders(cache_dir):
        inside = [variant_id for path, variant_id in by_path.items() if path.is_relative_to(folder)]
        measured = sizes.of(folder)
        named = next((one for one in ids if _is_folder_of(folder, one)), "")
        variant_id = inside[0] if inside else named
        unfinished = measured.marked or (measured.partial and variant_id)
        state = "partial" if unfinished else "complete" if inside else "orphan"
        rows.append(_row(variant_id, folder, state, "catalog", measured))
    sizes.save()
    return rows


def partial_folder(cache_dir: Path, variant_id: str) -> Path | None:
    """Return the directory of a download that was not finished."""
    for folder in _model_folders(cache_dir):
        if _is_folder_of(folder, variant_id) and walk(folder)[1].partial:
            return folder
    return None


def allocated_size(folder: Path) -> int:
    """Return the bytes that a partial download has on disk."""
    return walk(folder)[1].size_bytes


def _model_folders(cache_dir: Path) -> Iterator[Path]:
    """Yield `<publisher>/<name>-<version>` directories, those of local models left out."""
    root = cache_dir.resolve()
    for publisher in _directories(root):
        if publisher.name != "Local":
            yield from (folder for folder in _directories(publisher) if any(folder.iterdir()))


def _is_folder_of(folder: Path, variant_id: str) -> bool:
    """Tell by its name whether a directory is a variant's; old ids have no version, it has one."""
    name, version = split_version(variant_id)
    found = folder.name.casefold()
    if version is None:
        return re.sub(r"-\d+$", "", found) == name.casefold()
    return found == f"{name}-{version}".casefold()


def _directories(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[:1] != ".")
    except OSError:
        return []


def _row(
    variant_id: str, folder: Path, state: str, origin: str, measured: Measured
) -> dict[str, Any]:
    return {
        "variant_id": variant_id,
        "path": str(folder),
        "size_bytes": measured.size_bytes,
        "modified_at": measured.modified_at,
        "state": state,
        "origin": origin,
        "linked": measured.linked,
    }
