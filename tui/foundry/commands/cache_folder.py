"""The directory that the command line keeps its models in, as far as we look into it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.foundry.errors import RequestFailed
from tui.foundry.ids import same_variant
from tui.foundry.listing import entries_from_rows
from tui.foundry.on_disk.local_models import IDENTITY, LocalModels, delete_tree, folder_size
from tui.foundry.on_disk.model_folder import read_json
from tui.foundry.on_disk.scan import partial_folder, scan_cache
from tui.foundry.on_disk.sizes import walk
from tui.foundry.types import CacheEntry, CacheInfo, ImportOptions, Variant


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """A model cache of Foundry Local's command line. All calls read or write the disk."""

    location: Path
    sizes_file: Path | None = None
    """Where the sizes of model directories are kept."""

    def info(self, variants: Sequence[Variant]) -> CacheInfo:
        """Return what lies here, and what the tool lists as cached but does not lie here.

        Args:
            variants: All that is known, with their marks.
        """
        cached = [variant for variant in variants if variant.cached]
        places = self._places(variant.id for variant in cached)
        found = scan_cache(
            self.location,
            LocalModels(self.location, None),
            {variant_id: str(path) for variant_id, path in places.items()},
            [variant.id for variant in variants],
            self.sizes_file,
        )
        entries = list(entries_from_rows(found))
        there = {entry.variant_id.casefold() for entry in entries}
        entries += [
            _elsewhere(variant, places.get(variant.id), self.location)
            for variant in cached
            if variant.id.casefold() not in there
        ]
        return CacheInfo(self.location, tuple(entries), self.free_bytes() or 0)

    def free_bytes(self) -> int | None:
        """Return the free space on its disk; None where that cannot be read."""
        place = self.location
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            return shutil.disk_usage(place).free
        except OSError:
            return None

    def size_of(self, variant_id: str) -> int | None:
        """Return the bytes of a model's directory; None where there is none."""
        place = self._places([variant_id]).get(variant_id)
        return None if place is None else folder_size(place)

    def add(self, folder: Path, name: str, taken: set[str], options: ImportOptions) -> str:
        """Bring the user's directory into the cache; returns its id. See `LocalModels.add`."""
        local = LocalModels(self.location, None, prompt_templates=True)
        return local.add(folder, name, taken, options).id

    def remove_own(self, variant_id: str) -> int | None:
        """Delete what the tool cannot: an imported model's links, or a partial download.

        Returns:
            The bytes freed; None where it is neither.
        """
        local = LocalModels(self.location, None)
        try:
            if local.find(variant_id) is not None:
                return local.remove(variant_id)
            folder = partial_folder(self.location, variant_id)
            return None if folder is None else delete_tree(folder)
        except OSError as error:
            raise RequestFailed(
                f"'{variant_id}' could not be deleted: {error.strerror or error}.",
                "Close what uses it, and check the rights of the directory.",
            ) from error

    def _places(self, ids: Iterable[str]) -> dict[str, Path]:
        """Return the directories of variants, by the name in them or the name of the directory."""
        wanted = list(ids)
        places: dict[str, Path] = {}
        for parent, folders, files in os.walk(self.location):
            if IDENTITY not in files and "genai_config.json" not in files:
                continue
            folders.clear()
            folder = Path(parent)
            identity = read_json(folder / IDENTITY) or {}
            named = str(identity.get("Name") or "")
            for variant_id in wanted:
                fitting = {variant_id.replace(":", "-").casefold(), variant_id.casefold()}
                if (
                    same_variant(variant_id, named)
                    or {
                        folder.name.casefold(),
                        folder.parent.name.casefold(),
                    }
                    & fitting
                ):
                    places.setdefault(variant_id, folder)
        return places


def _elsewhere(variant: Variant, place: Path | None, location: Path) -> CacheEntry:
    """Return the entry of what does not lie where downloads do, or cannot be seen from here."""
    if place is None:
        return CacheEntry(variant.id, location, variant.size_bytes or 0, 0.0)
    measured = walk(place)[1]
    return CacheEntry(
        variant.id, place, measured.size_bytes, measured.modified_at, linked=measured.linked
    )
