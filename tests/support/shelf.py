"""A backend whose cache is a directory on disk, with things in it that are wrong."""

from __future__ import annotations

from pathlib import Path

from tests.support.scripted_backend import ScriptedBackend
from tui.foundry.types import CacheEntry, CacheInfo, Device, Model, Variant

OTTER, HALF = "otter-generic-cpu:1", "half-generic-cpu:1"


class Shelf(ScriptedBackend):
    """Its entries are those that the test says."""

    entries: tuple[CacheEntry, ...] = ()

    async def cache(self) -> CacheInfo:
        there = tuple(one for one in self.entries if f"remove {one.variant_id}" not in self.calls)
        return CacheInfo(self.location, there, 1)


def untidy_shelf(location: Path) -> Shelf:
    """Return one with a whole model, a partial download, a directory of no model, a stale file."""
    root = location / "Microsoft"
    for name in ("otter-1", "junk"):
        (root / name).mkdir(parents=True)
        for file in ("genai_config.json", "inference_model.json", "model.onnx"):
            (root / name / file).write_text("{}")
    (location / "foundry.modelinfo.json").write_text('{"savedAtUnix": 1}')
    models = [
        Model(one.partition("-")[0], (Variant(one, one, Device.CPU, cached=True),))
        for one in (OTTER, HALF)
    ]
    shelf = Shelf(models, location=location)
    shelf.entries = (
        CacheEntry(OTTER, root / "otter-1", 6, 1.0),
        CacheEntry(HALF, root / "half-1", 400, 1.0, "partial"),
        CacheEntry("", root / "junk", 300, 1.0, "orphan"),
    )
    return shelf
