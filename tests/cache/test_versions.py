"""Versions of one variant on disk and in the catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.scripted_backend import ScriptedBackend
from tui.cache.entries import CacheRow, build_cache_rows, last_used
from tui.cache.notes import CacheNotes
from tui.cache.versions import newest_listed, old_versions, rollback_pair, update
from tui.foundry.errors import NotFound, Unsupported
from tui.foundry.types import CacheEntry, CacheInfo, Capability, Device, Model, Progress, Variant

NAME = "Otter-generic-cpu"


def catalog(*versions: int, as_of: str = "") -> Model:
    variants = tuple(Variant(f"{NAME}:{one}", "otter", Device.CPU) for one in versions)
    return Model("otter", variants, as_of=as_of)


def on_disk(*versions: int, **changes: object) -> CacheInfo:
    entries = tuple(
        replace(
            CacheEntry(f"{NAME.lower()}:{one}", Path(f"/c/otter-{one}"), 10 * one, 1.0),
            **changes,  # type: ignore[arg-type]
        )
        for one in versions
    )
    return CacheInfo(Path("/c"), entries, 1)


def row_of(
    cache: CacheInfo, *models: Model, notes: CacheNotes | None = None
) -> Callable[[int], CacheRow]:
    rows = build_cache_rows(cache, (), models, notes)
    return lambda version: next(row for row in rows if row.version == version)


@pytest.mark.parametrize(
    ("variant_id", "models", "expected"),
    [
        ("otter-generic-CPU:3", [catalog(3, 5, 4)], f"{NAME}:5"),
        ("otter-generic-cpu:5", [catalog(5)], None),
        ("otter-generic-cpu:9", [catalog(5)], None),
        ("otter-generic-cpu", [catalog(5)], None),
        ("otter-cuda-gpu:3", [catalog(5)], None),
        ("otter-generic-cpu:3", [catalog(5, as_of="2026-09")], None),
    ],
)
def test_the_newest_that_can_be_had(
    variant_id: str, models: list[Model], expected: str | None
) -> None:
    assert newest_listed(variant_id, models) == expected


def test_a_newer_version_stands_at_the_newest_on_disk_alone() -> None:
    row = row_of(on_disk(3, 4), catalog(5))
    assert (row(4).newer_id, row(3).newer_id) == (f"{NAME}:5", "")
    assert (row(3).replaced_by, row(4).goes_back_to) == (f"{NAME.lower()}:4", f"{NAME.lower()}:3")
    assert row_of(on_disk(3), catalog(3))(3).newer_id == ""


def test_an_old_version_is_needed_until_the_new_one_was_in_memory() -> None:
    cache = on_disk(2, 3, 4)
    assert [(one.entry.size_bytes, one.worked) for one in old_versions(cache, CacheNotes())] == [
        (20, False),
        (30, False),
    ]
    worked = CacheNotes({f"{NAME.lower()}:4": 5.0})
    assert all(one.worked for one in old_versions(cache, worked))
    assert not any(one.worked for one in old_versions(cache, CacheNotes({NAME.lower(): 5.0})))
    assert row_of(cache, notes=worked)(3).replacement_worked
    assert old_versions(on_disk(4), worked) == ()
    assert old_versions(on_disk(3, 4, state="partial"), worked) == ()
    assert old_versions(on_disk(3, 4, origin="imported"), worked) == ()


def test_going_back_needs_an_older_version() -> None:
    new, old = rollback_pair(on_disk(2, 4, 3), f"{NAME}:4")
    assert (new.size_bytes, old.size_bytes) == (40, 30)
    with pytest.raises(NotFound, match="No older version"):
        rollback_pair(on_disk(4), f"{NAME}:4")


def test_last_used() -> None:
    notes = CacheNotes({f"{NAME.lower()}:3": 1000.0, NAME.lower(): 1500.0})
    assert notes.last_used_s(f"{NAME}:3") == 1500.0
    assert notes.last_used_s("other:1") is None
    row = row_of(on_disk(3), notes=notes)(3)
    assert last_used(row, 1500.0 + 7200) == "2 h ago"
    assert last_used(row_of(on_disk(3))(3), 0.0) == "never"
    assert last_used(row_of(on_disk(3, state="partial"))(3), 0.0) == "-"
    loaded = build_cache_rows(on_disk(3), [f"{NAME}:3"])[0]
    assert last_used(loaded, 0.0) == "now"


def test_what_no_catalog_knows_is_foreign() -> None:
    assert row_of(on_disk(3), catalog(3))(3).origin == "catalog"
    assert row_of(on_disk(7), catalog(3))(7).origin == "foreign"
    assert row_of(on_disk(7))(7).origin == "catalog"  # nothing is listed: nothing is said


def test_a_partial_download_tells_its_share() -> None:
    model = Model("otter", (Variant(f"{NAME}:3", "otter", size_bytes=60),))
    assert row_of(on_disk(3, state="partial"), model)(3).share == 0.5
    assert row_of(on_disk(3, state="partial"))(3).share is None


async def test_an_update_downloads_and_deletes_nothing() -> None:
    backend = ScriptedBackend([catalog(3, 4)])
    backend.mark(f"{NAME}:3", cached=True)
    seen: list[Progress] = []
    models = await backend.models()
    assert await update(backend, f"{NAME}:3", models, seen.append) == f"{NAME}:4"
    assert seen
    assert all(backend.find(f"{NAME}:{one}").cached for one in (3, 4))
    with pytest.raises(NotFound, match="newer"):
        await update(backend, f"{NAME}:4", models, seen.append)


async def test_an_update_that_the_backend_cannot_do() -> None:
    backend = ScriptedBackend([catalog(3, 4)], unavailable={Capability.DOWNLOAD: "Offline."})
    with pytest.raises(Unsupported, match="Offline"):
        await update(backend, f"{NAME}:3", await backend.models(), lambda _: None)
