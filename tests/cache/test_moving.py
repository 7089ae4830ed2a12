"""Changing the directory: models are moved, copied, linked or left, and all can be taken back."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.scripted_backend import ScriptedBackend
from tui.cache import carrier as carrying
from tui.cache import moving
from tui.cache.carrier import MoveError, Way
from tui.cache.moving import Moved, MovePlan, change_place, plan_move
from tui.cache.notes import CacheNotebook
from tui.database import Database
from tui.foundry.errors import RequestFailed, Unsupported
from tui.foundry.types import CacheEntry, CacheInfo, Capability, Progress

OTTER = "otter-generic-cpu:1"


class Shelf(ScriptedBackend):
    """A backend whose cache is really on disk."""

    async def cache(self) -> CacheInfo:
        folders = sorted(self.location.glob("Microsoft/*"))
        entries = tuple(
            CacheEntry(f"{path.name[:-2]}:{path.name[-1]}", path, 1000, 1.0)
            for path in folders
            if not path.name.startswith(".")
        )
        return CacheInfo(self.location, entries, 10**9)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    place = tmp_path / "old"
    for name in ("newt-generic-cpu-1", "otter-generic-cpu-1"):
        folder = place / "Microsoft" / name / "v1"
        folder.mkdir(parents=True)
        (folder / "weights.onnx").write_bytes(name.encode() * 100)
        (folder / "link").symlink_to(folder / "weights.onnx")
    return place


@pytest.fixture
def backend(old: Path) -> Shelf:
    return Shelf(location=old)


@pytest.fixture
def notebook(tmp_path: Path) -> CacheNotebook:
    return CacheNotebook(Database(tmp_path / "x.sqlite3"))


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the old and the new place be on two disks, as far as renaming tells."""
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(carrying.os, "rename", rename)


def content(place: Path) -> dict[str, bytes]:
    files = (path for path in place.rglob("*") if path.is_file())
    return {str(path.relative_to(place)): path.read_bytes() for path in files}


def names(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


async def move(
    backend: Shelf, new: Path, way: Way, notebook: CacheNotebook,
    report: Callable[[Progress], None] = lambda _: None,
) -> Moved:  # fmt: skip
    plan = plan_move(await backend.cache(), new)
    return await change_place(backend, plan, way, notebook, report)


@pytest.mark.parametrize("two_disks", [False, True])
async def test_models_move_and_go_back(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook, two_disks: bool,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    if two_disks:
        request.getfixturevalue("other_disk")
    before, new = content(old), tmp_path / "far" / "new"
    notebook.keep_checksums(old / "Microsoft" / "otter-generic-cpu-1", {"a": (1, 2, "x")})
    told: list[Progress] = []
    done = await move(backend, new, "move", notebook, told.append)
    assert content(new).keys() == before.keys()
    assert content(new)["Microsoft/newt-generic-cpu-1/v1/link"].startswith(b"newt-generic")
    assert names(old) == []
    assert backend.location == new
    assert done.sentence() == f"The models are kept in {new} now.\n2 moved."
    assert told[-2].fraction == 1.0
    assert notebook.checksums(new / "Microsoft" / "otter-generic-cpu-1") is not None
    previous = notebook.read("runtime").previous
    assert previous == old
    await move(backend, previous, "move", notebook)
    assert content(old) == before
    assert backend.location == old
    assert notebook.read("runtime").previous == new


async def test_a_place_that_names_nobody_s_home_is_below_the_working_directory(
    backend: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert plan_move(await backend.cache(), Path("~nobody-here")).new == tmp_path / "~nobody-here"


async def test_left_models_are_named(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook
) -> None:
    before = content(old)
    done = await move(backend, tmp_path / "new", "leave", notebook)
    assert "2 in" in done.sentence()
    assert f"no longer listed: newt-generic-cpu:1, {OTTER}." in done.sentence()
    assert content(old) == before
    assert content(tmp_path / "new") == {}


async def test_links_need_no_room_and_no_copy(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook
) -> None:
    before = content(old)
    await move(backend, tmp_path / "new", "link", notebook)
    assert content(old) == content(tmp_path / "new") == before
    folder = tmp_path / "new" / "Microsoft" / "otter-generic-cpu-1"
    assert not folder.is_symlink()
    assert (folder / "v1" / "weights.onnx").is_symlink()
    assert len((await backend.cache()).entries) == 2
    await move(backend, old, "move", notebook)  # they are there: nothing is carried, or lost
    assert content(old) == before


@pytest.mark.parametrize("way", ["move", "link"])
@pytest.mark.parametrize("two_disks", [False, True])
async def test_where_the_backend_refuses_all_is_as_before(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook, way: Way, two_disks: bool,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    if two_disks:
        request.getfixturevalue("other_disk")
    before, links = content(old), names(old)
    backend.fail("move_cache", RequestFailed("It will not.", ""))
    with pytest.raises(RequestFailed, match="will not"):
        await move(backend, tmp_path / "a" / "new", way, notebook)
    assert content(old) == before
    assert names(old) == links
    assert not (tmp_path / "a" / "new").exists()
    assert notebook.read("runtime").previous is None


async def test_a_disk_that_fails_half_way(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook,
    other_disk: None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before = content(old)
    real = carrying.shutil.copystat

    def full(source: Path, target: Path) -> None:
        if "otter" in str(source):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(carrying.shutil, "copystat", full)
    with pytest.raises(MoveError, match="No space left"):
        await move(backend, tmp_path / "new", "move", notebook)
    assert content(old) == before
    assert not (tmp_path / "new").exists()
    assert backend.location == old


async def test_a_cancelled_move_is_taken_back(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook, other_disk: None
) -> None:
    before = content(old)
    tasks: list[asyncio.Task[Moved]] = []

    def cancel(progress: Progress) -> None:
        if progress.done_bytes:
            tasks[0].cancel()

    tasks.append(asyncio.create_task(move(backend, tmp_path / "new", "move", notebook, cancel)))
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert content(old) == before
    assert not (tmp_path / "new").exists()
    assert backend.location == old


async def test_a_backend_that_did_it_and_failed_to_say_so(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async def clumsy(folder: Path) -> None:
        backend.location = folder
        raise RequestFailed("No answer.", "")

    monkeypatch.setattr(backend, "move_cache", clumsy)
    await move(backend, tmp_path / "new", "move", notebook)
    assert len((await backend.cache()).entries) == 2


async def test_what_lies_there_already_stays_there(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook
) -> None:
    theirs = tmp_path / "new" / "Microsoft" / "otter-generic-cpu-1" / "mine"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    plan = plan_move(await backend.cache(), tmp_path / "new")
    assert plan.there == (OTTER,)
    await move(backend, tmp_path / "new", "move", notebook)
    assert theirs.read_text() == "theirs"
    assert [path.name for path in (old / "Microsoft").iterdir()] == ["otter-generic-cpu-1"]


async def test_a_place_that_cannot_be_one(backend: Shelf, old: Path, tmp_path: Path) -> None:
    cache = await backend.cache()
    (tmp_path / "file").touch()
    for place, words in (
        (old, "already"),
        (tmp_path / "x" / ".." / "old", "already"),
        (old / "inside", "in each other"),
        (tmp_path, "in each other"),
        (tmp_path / "file", "is a file"),
    ):
        with pytest.raises(MoveError, match=words):
            plan_move(cache, place)


async def test_too_little_room_is_said_first(
    backend: Shelf, old: Path, tmp_path: Path, notebook: CacheNotebook
) -> None:
    plan = plan_move(await backend.cache(), tmp_path / "new")
    assert plan.fits  # on the same disk nothing is needed
    full = MovePlan(plan.old, plan.new, plan.pieces, (), same_disk=False, free_bytes=2000)
    assert dict(full.ways())["move"].startswith("not enough room: 2.0 kB needed")
    with pytest.raises(MoveError, match="are free"):
        await change_place(backend, full, "move", notebook, lambda _: None)
    assert moving.SPARE_BYTES > 0
    assert not (tmp_path / "new").exists()


async def test_a_backend_that_keeps_its_place(
    old: Path, tmp_path: Path, notebook: CacheNotebook
) -> None:
    backend = Shelf(location=old, unavailable={Capability.MOVE_CACHE: "It stays."})
    with pytest.raises(Unsupported, match="It stays"):
        await move(backend, tmp_path / "new", "move", notebook)
