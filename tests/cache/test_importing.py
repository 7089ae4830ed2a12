"""How a directory joins the cache; whatever fails on the way, nothing is left behind."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.folder_backend import FolderBackend
from tests.support.model_folders import write_model_folder
from tui.cache import importing
from tui.cache.importing import Way, import_from, make_arriving
from tui.foundry.errors import FoundryError, InvalidModelFolder, RequestFailed
from tui.foundry.on_disk.local_models import folder_size
from tui.foundry.types import AS_LINKS, ImportOptions, Progress


@pytest.fixture
def backend(tmp_path: Path) -> FolderBackend:
    made = FolderBackend()
    made.location = tmp_path / "cache"
    return made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = write_model_folder(tmp_path / "user" / "mine")
    (folder / ".git").mkdir()
    (folder / "gone.md").symlink_to(tmp_path / "nothing")
    (folder / "extra").mkdir()
    (folder / "extra" / "notes.txt").write_text("notes")
    return folder


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("way", ["link", "copy", "register"])
async def test_each_way_gives_a_whole_model_and_leaves_the_directory_alone(
    backend: FolderBackend, source: Path, tmp_path: Path, way: Way
) -> None:
    before = files_below(source)
    imported = await import_from(backend, source, "mine", tmp_path / "unpacked", way=way)
    assert imported.variant_id == "mine:1"
    place = backend.location / "Local" / "mine-1"
    assert (place / "extra" / "notes.txt").read_text() == "notes"
    assert (place / "model.onnx.data").is_symlink() is (way == "link")
    same = (place / "model.onnx.data").samefile(source / "model.onnx.data")
    assert same is (way != "copy")
    assert folder_size(place) > folder_size(source)
    assert files_below(source) == before
    assert [path.name for path in place.parent.iterdir()] == ["mine-1"]
    if way != "link":
        shutil.rmtree(source)
        assert (place / "model.onnx").read_bytes()
        assert backend.local.models()[0].source == str(place)
    backend.local.remove("mine:1")
    assert list(place.parent.iterdir()) == []


async def test_what_is_missing_is_mended_beside_the_files(
    backend: FolderBackend, source: Path, tmp_path: Path
) -> None:
    (source / "chat_template.jinja").unlink()
    with pytest.raises(InvalidModelFolder, match="no chat template") as caught:
        await import_from(backend, source, "mine", tmp_path)
    assert "--mend" in caught.value.hint
    imported = await import_from(backend, source, "mine", tmp_path, mend_as="phi")
    place = backend.location / "Local" / "mine-1"
    assert "<|end|>" in (place / "chat_template.jinja").read_text()
    assert not (place / "chat_template.jinja").is_symlink()
    assert not (source / "chat_template.jinja").exists()
    assert imported.mended == ("The chat template is phi: compare it with the model's page.",)
    identity = json.loads((place / "inference_model.json").read_text())
    assert identity["Name"] == "mine:1"
    assert identity["PromptTemplate"]["prompt"].startswith("<|user|>")


async def test_a_copy_tells_how_far_it_is(
    backend: FolderBackend, source: Path, tmp_path: Path
) -> None:
    told: list[Progress] = []
    await import_from(backend, source, "mine", tmp_path, way="copy", report=told.append)
    await asyncio.sleep(0)
    assert told[-1].fraction == 1.0
    assert told[-1].message == "copying"


STEPS = ["mkdir", "read", "write", "space", "json", "rename", "backend"]


@pytest.mark.parametrize("way", ["link", "copy", "register"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_failure_at_any_step_leaves_nothing_behind(
    backend: FolderBackend,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    way: Way,
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: Any, **__: Any) -> Any:
        raise full

    if step == "backend":
        backend.fail("import_model", RequestFailed("The runtime ended.", "Try again."))
    elif step == "mkdir":
        real = Path.mkdir
        monkeypatch.setattr(
            Path, "mkdir", lambda self, *a, **k: fail() if ".." not in str(self)
            and self.name.startswith(".") else real(self, *a, **k),
        )  # fmt: skip
    elif step == "space":
        if way != "copy":
            pytest.skip("takes no space")
        monkeypatch.setattr(importing, "folder_size", lambda _: 2**60)
    elif step == "read":
        if way == "register":
            monkeypatch.setattr(os, "link", fail)
        elif way == "link":
            monkeypatch.setattr(Path, "symlink_to", fail)
        else:
            monkeypatch.setattr(importing, "open", fail, raising=False)
    elif step == "write":
        monkeypatch.setattr(Path, "write_text", fail)
    elif step == "json":
        monkeypatch.setattr("tui.foundry.on_disk.local_models._write_json", fail)
    else:
        monkeypatch.setattr(Path, "rename", fail)
    (source / "chat_template.jinja").unlink()
    with pytest.raises(FoundryError) as caught:
        await import_from(backend, source, "mine", tmp_path, way=way, mend_as="")
    assert caught.value.hint
    monkeypatch.undo()
    root = backend.location / "Local"
    assert not root.exists() or list(root.iterdir()) == []
    assert await import_from(backend, source, "again", tmp_path, mend_as="")


@pytest.mark.skipif(sys.platform == "win32", reason="two disks of Unix")
async def test_hard_links_across_disks_say_what_to_take(
    backend: FolderBackend, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_disk(*_: Any) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    with pytest.raises(InvalidModelFolder, match="another disk") as caught:
        await import_from(backend, source, "mine", tmp_path, way="register")
    assert "--link" in caught.value.hint


@pytest.mark.parametrize("way", ["link", "copy", "register"])
async def test_a_cancel_while_the_backend_imports_takes_the_model_out_again(
    backend: FolderBackend,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Way,
) -> None:
    inside = asyncio.Event()
    real = backend.import_model

    async def slow(folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        inside.set()
        await asyncio.sleep(0)
        return await real(folder, name, options)

    monkeypatch.setattr(backend, "import_model", slow)
    task = asyncio.create_task(import_from(backend, source, "mine", tmp_path, way=way))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((backend.location / "Local").iterdir()) == []


async def test_a_cancel_while_copying_deletes_the_half_copy(
    backend: FolderBackend, source: Path, tmp_path: Path
) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(
        import_from(backend, source, "mine", tmp_path, way="copy", report=lambda _: started.set())
    )
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((backend.location / "Local").iterdir()) == []


def test_what_a_killed_program_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    root = tmp_path / "Local"
    gone = root / ".arriving-999999999-ab"
    (gone / "model").mkdir(parents=True)
    mine = make_arriving(root, "a")
    other = make_arriving(root, "b")
    assert not gone.exists()
    assert {path.name for path in root.iterdir()} == {mine.name, other.name}
    with pytest.raises(InvalidModelFolder, match="being made already"):
        make_arriving(root, "a")
