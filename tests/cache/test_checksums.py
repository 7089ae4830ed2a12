"""Checksums are taken once and compared later; repairs do what they say and no more."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.scripted_backend import ScriptedBackend
from tui.cache.checksums import check_all, glance
from tui.cache.doctor import examine
from tui.cache.duplicates import LEAST_BYTES
from tui.cache.findings import Finding, Repair
from tui.cache.notes import CacheNotebook, CacheNotes
from tui.cache.repairs import CannotMend, repair
from tui.database import Database, DatabaseError
from tui.foundry.types import CacheEntry, CacheInfo

ID = "otter:1"


@pytest.fixture
def notebook(tmp_path: Path) -> CacheNotebook:
    return CacheNotebook(Database(tmp_path / "x.sqlite3"))


def model(root: Path, name: str = "otter", weights: bytes = b"abc" * 1000) -> CacheEntry:
    folder = root / "cache" / "Microsoft" / f"{name}-1"
    (folder / "v1").mkdir(parents=True)
    (folder / "v1" / "genai_config.json").write_text("{}")
    (folder / "v1" / "inference_model.json").write_text(f'{{"Name": "{name}:1"}}')
    (folder / "v1" / "model.onnx").write_bytes(weights)
    return CacheEntry(f"{name}:1", folder, len(weights), 1.0)


def quiet(_done: int, _total: int) -> None:
    pass


def found(entries: Sequence[CacheEntry], notebook: CacheNotebook) -> list[tuple[str, str]]:
    checked = check_all(entries, notebook, quiet)
    assert all(one.what.endswith(".") and one.mend.endswith(".") for one in checked.findings)
    return [(one.kind, one.repair) for one in checked.findings]


def test_the_first_sight_takes_them_and_a_flipped_bit_is_found(
    tmp_path: Path, notebook: CacheNotebook
) -> None:
    entry = model(tmp_path)
    told: list[tuple[int, int]] = []
    first = check_all([entry], notebook, lambda done, total: told.append((done, total)))
    assert first.sentence() == "Checksums: 1 taken for the first time; nothing differs."
    assert told[-1][0] >= entry.size_bytes
    again = check_all([entry], notebook, quiet)
    assert again.sentence() == "Checksums: 1 compared; nothing differs."
    weights = entry.path / "v1" / "model.onnx"
    status = weights.stat()
    data = bytearray(weights.read_bytes())
    data[500] ^= 1
    weights.write_bytes(data)
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a failing disk would
    assert glance(entry, notebook.checksums(entry.path) or {}) is None
    assert found([entry], notebook) == [("damaged", "delete")]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("genai_config.json", '{"search": 1}', ("changed", "accept")),
        ("genai_config.json", None, ("damaged", "delete")),
        ("model.onnx", "short", ("damaged", "delete")),
        ("model.onnx", None, ("damaged", "delete")),
        ("inference_model.json", "{}", None),  # ours to write
        ("new.txt", "hello", None),  # what came later breaks nothing
    ],
)
def test_what_changed_shows_at_a_glance(
    tmp_path: Path, notebook: CacheNotebook, file: str, text: str | None,
    expected: tuple[str, str] | None,
) -> None:  # fmt: skip
    entry = model(tmp_path)
    check_all([entry], notebook, quiet)
    path = entry.path / "v1" / file
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    assert found([entry], notebook) == ([expected] if expected else [])
    seen = glance(entry, notebook.checksums(entry.path) or {})
    assert (seen and (seen.kind, seen.repair)) == expected


def test_what_cannot_be_read_is_damage(
    tmp_path: Path, notebook: CacheNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("tui.cache.checksums.take", broken)
    assert found([model(tmp_path)], notebook) == [("damaged", "delete")]


def test_copies_under_two_names_are_found(tmp_path: Path) -> None:
    weights = os.urandom(LEAST_BYTES + 10)
    one, two = model(tmp_path, "otter", weights), model(tmp_path, "newt", weights)
    other = model(tmp_path, "crab", os.urandom(LEAST_BYTES + 10))
    cache = CacheInfo(tmp_path / "cache", (one, two, other), 0)
    (finding,) = examine(cache, (), 1.0, CacheNotes({"otter:1": 5.0}))
    assert (finding.kind, finding.variant_id, finding.repair) == ("duplicate", "newt:1", "delete")
    assert "otter:1" in finding.what
    assert not finding.certain
    # Links to the same files take no room.
    linked = model(tmp_path, "link", b"")
    path = linked.path / "v1" / "model.onnx"
    path.unlink()
    path.symlink_to(one.path / "v1" / "model.onnx")
    assert examine(CacheInfo(tmp_path / "cache", (one, linked), 0), (), 1.0) == ()


def finding_of(entry: CacheEntry, how: Repair, path: Path | None = None) -> Finding:
    return Finding("orphan", "What.", "Mend.", 1, path or entry.path, entry.variant_id, how)


async def mend(finding: Finding, location: Path, notebook: CacheNotebook) -> int:
    backend = ScriptedBackend.with_demo_models()
    return await repair(backend, finding, location, notebook, lambda _: None)


async def test_repairs(tmp_path: Path, notebook: CacheNotebook) -> None:
    entry, location = model(tmp_path), tmp_path / "cache"
    identity = entry.path / "v1" / "inference_model.json"
    identity.unlink()
    assert await mend(finding_of(entry, "write identity"), location, notebook) == 0
    assert identity.read_text() == '{"Name": "otter:1"}'
    check_all([entry], notebook, quiet)
    (entry.path / "v1" / "genai_config.json").write_text("changed")
    await mend(finding_of(entry, "accept"), location, notebook)
    assert found([entry], notebook) == []
    assert await mend(finding_of(entry, "delete folder"), location, notebook) > 3000
    assert not entry.path.exists()
    assert notebook.checksums(entry.path) is None
    with pytest.raises(CannotMend):
        await mend(finding_of(entry, "by hand"), location, notebook)


@pytest.mark.parametrize("where", ["outside", "cache", ""])
async def test_nothing_outside_of_the_cache_is_deleted(
    tmp_path: Path, notebook: CacheNotebook, where: str
) -> None:
    entry = model(tmp_path)
    victim = tmp_path / where
    victim.mkdir(exist_ok=True)
    with pytest.raises(CannotMend, match="not in the cache"):
        await mend(finding_of(entry, "delete folder", victim), tmp_path / "cache", notebook)
    assert victim.is_dir()


async def test_a_link_in_the_cache_is_deleted_and_not_what_it_points_to(
    tmp_path: Path, notebook: CacheNotebook
) -> None:
    entry = model(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    link = tmp_path / "cache" / "Microsoft" / "link-1"
    link.symlink_to(outside)
    await mend(finding_of(entry, "delete folder", link), tmp_path / "cache", notebook)
    assert not link.is_symlink()
    assert (outside / "file").exists()


def test_a_database_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = CacheNotebook(Database(tmp_path / "file" / "x.sqlite3"))
    entry = model(tmp_path)
    with pytest.raises(DatabaseError):
        check_all([entry], broken, quiet)
    cache = CacheInfo(tmp_path / "cache", (entry,), 0)
    assert examine(cache, (), 1.0, notebook=broken) == ()
