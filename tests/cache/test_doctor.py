"""What can be wrong on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tui.cache.doctor import examine
from tui.cache.notes import CacheNotes
from tui.foundry.types import CacheEntry, CacheInfo, Device, Model, Variant

NOW = 1_790_000_000.0
MB = 1024 * 1024


def folder(root: Path, name: str, *files: str) -> Path:
    place = root / "Microsoft" / name / "v1"
    place.mkdir(parents=True)
    for file in files:
        (place / file).write_text("{}")
    return place.parent


def entry(path: Path, variant_id: str, size: int = 100 * MB, **changes: object) -> CacheEntry:
    return CacheEntry(variant_id, path, size, NOW, **changes)  # type: ignore[arg-type]


def catalog(*ids: str) -> list[Model]:
    return [Model(one, (Variant(one, one, Device.CPU, "", 100 * MB),)) for one in ids]


def kinds(root: Path, entries: list[CacheEntry], *ids: str) -> list[tuple[str, str]]:
    found = examine(CacheInfo(root, tuple(entries), 0), catalog(*ids), NOW)
    assert all(one.what.endswith(".") and one.mend.endswith(".") for one in found)
    return [(one.kind, one.repair) for one in found]


WHOLE = ("genai_config.json", "inference_model.json")


def test_a_whole_cache_has_nothing_wrong(tmp_path: Path) -> None:
    whole = entry(folder(tmp_path, "otter-1", *WHOLE), "otter:1")
    assert kinds(tmp_path, [whole], "otter:1") == []


@pytest.mark.parametrize(
    ("files", "variant_id", "size", "state", "expected"),
    [
        (WHOLE, "otter:1", 10, "partial", ("partial", "delete")),
        (WHOLE, "", 10, "partial", ("partial", "delete folder")),
        (WHOLE, "", 10, "orphan", ("orphan", "delete folder")),
        (WHOLE[:1], "otter:1", 10, "orphan", ("unnamed", "write identity")),
        (WHOLE[1:], "otter:1", 10, "orphan", ("orphan", "delete folder")),
        (WHOLE[:1], "otter:1", 100 * MB, "complete", ("unnamed", "write identity")),
        (WHOLE[1:], "otter:1", 100 * MB, "complete", ("incomplete", "delete")),
        (WHOLE, "stranger:1", 100 * MB, "complete", ("unknown", "delete")),
        (WHOLE, "otter:1", 50 * MB, "complete", ("too small", "delete")),
    ],
)
def test_each_kind(
    tmp_path: Path, files: tuple[str, ...], variant_id: str, size: int, state: str,
    expected: tuple[str, str],
) -> None:  # fmt: skip
    place = folder(tmp_path, "otter-1", *files)
    assert kinds(tmp_path, [entry(place, variant_id, size, state=state)], "otter:1") == [expected]


def test_an_older_version_beside_a_newer_one(tmp_path: Path) -> None:
    old = entry(folder(tmp_path, "otter-1", *WHOLE), "otter:1")
    new = entry(folder(tmp_path, "otter-3", *WHOLE), "Otter:3")
    assert kinds(tmp_path, [old, new], "otter:1", "Otter:3") == [("older", "delete")]


def test_an_older_version_may_go_once_the_newer_has_worked(tmp_path: Path) -> None:
    old = entry(folder(tmp_path, "otter-1", *WHOLE), "otter:1")
    new = entry(folder(tmp_path, "otter-3", *WHOLE), "otter:3")
    cache, models = CacheInfo(tmp_path, (old, new), 0), catalog("otter:1", "otter:3")
    assert [one.certain for one in examine(cache, models, NOW)] == [False]
    notes = CacheNotes({"otter:3": 1.0})
    assert [one.certain for one in examine(cache, models, NOW, notes)] == [True]


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    place = folder(tmp_path, "otter-1", *WHOLE)
    (place / "v1" / "model.onnx").symlink_to(tmp_path / "gone")
    assert kinds(tmp_path, [entry(place, "otter:1")], "otter:1") == [("dangling", "delete")]
    own = tmp_path / "Local" / "mine-1"
    own.mkdir(parents=True)
    (own / "model.onnx").symlink_to(tmp_path / "usb" / "model.onnx")
    lost = entry(own, "mine:1", origin="imported", state="orphan")
    (found,) = examine(CacheInfo(tmp_path, (lost,), 0), (), NOW)
    assert (found.kind, found.certain) == ("dangling", False)
    assert str(tmp_path / "usb") in found.what


def test_without_a_catalog_nothing_is_unknown(tmp_path: Path) -> None:
    assert kinds(tmp_path, [entry(folder(tmp_path, "otter-1", *WHOLE), "otter:1")]) == []


def test_what_only_the_disk_lists_is_unknown(tmp_path: Path) -> None:
    place = folder(tmp_path, "otter-1", *WHOLE)
    listed = [Model("otter", (Variant("otter:1", "otter", cached=True),), local=True)]
    found = examine(CacheInfo(tmp_path, (entry(place, "otter:1"),), 0), listed, NOW)
    assert [one.kind for one in found] == ["unknown"]


def test_a_copy_that_was_left_off(tmp_path: Path) -> None:
    part = folder(tmp_path, ".otter-1.part", "model.onnx")
    for path in (part, *part.rglob("*")):
        os.utime(path, (NOW, NOW))
    assert kinds(tmp_path, []) == []  # somebody may be writing to it
    for path in (part, *part.rglob("*")):
        os.utime(path, (NOW - 7200, NOW - 7200))
    assert kinds(tmp_path, []) == [("unfinished", "delete folder")]


def test_what_is_ours_is_left_alone(tmp_path: Path) -> None:
    own = entry(tmp_path / "own", "mine:1", 1, origin="imported")
    assert kinds(tmp_path, [own]) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (json.dumps({"savedAtUnix": NOW - 3600}), False),
        (json.dumps({"savedAtUnix": NOW - 90_000}), True),
        (json.dumps({"savedAtUnix": True}), True),
        ("[]", True),
        ("{half", True),
    ],
)
def test_a_stale_copy_of_the_catalog(tmp_path: Path, text: str, wrong: bool) -> None:
    (tmp_path / "foundry.modelinfo.json").write_text(text)
    assert kinds(tmp_path, []) == ([("stale", "delete file")] if wrong else [])


def test_the_biggest_comes_first(tmp_path: Path) -> None:
    entries = [
        entry(tmp_path / name, f"{name}:1", size, state="partial")
        for name, size in (("a", 1), ("b", 3), ("c", 2))
    ]
    found = examine(CacheInfo(tmp_path, tuple(entries), 0), (), NOW)
    assert [one.size_bytes for one in found] == [3, 2, 1]
