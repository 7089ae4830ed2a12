"""A model as one file: packed, verified, unpacked, and what can be wrong with it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import json
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from tui.cache.bundle import Form, export_bundle, sums_of, unpack, verify_bundle
from tui.cache.manifest import MANIFEST, BundleError
from tui.cache.threads import Tell, in_thread
from tui.foundry.types import Progress


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "otter-1"
    (folder / "v1").mkdir(parents=True)
    (folder / "v1" / "genai_config.json").write_text('{"model": {}}')
    weights = tmp_path / "elsewhere.bin"
    weights.write_bytes(bytes(range(256)) * 5000)
    (folder / "v1" / "model.onnx.data").symlink_to(weights)
    (folder / "foundry-tui.json").write_text("ours, and no part of the model")
    return folder


def quiet(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def bundle(model: Path, tmp_path: Path) -> Path:
    export_bundle(model, "otter:1", tmp_path / "otter.tar", quiet)
    return tmp_path / "otter.tar"


def test_there_and_back(model: Path, bundle: Path, tmp_path: Path) -> None:
    manifest = verify_bundle(bundle)
    assert manifest.variant_id == "otter:1"
    assert set(manifest.files) == {"v1/genai_config.json", "v1/model.onnx.data"}
    assert manifest.size_bytes == 256 * 5000 + 13
    place = unpack(bundle, tmp_path / "unpacked" / "x")
    assert place == tmp_path / "unpacked" / "x" / "v1"
    there = place / "model.onnx.data"
    assert not there.is_symlink()
    assert there.read_bytes() == (model / "v1" / "model.onnx.data").read_bytes()


def test_it_tells_how_far_it_is_and_gets_a_name_in_a_directory(model: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    out = tmp_path / "out"
    out.mkdir()
    export_bundle(model, "otter:1", out, lambda done, total: told.append((done, total)))
    assert [path.name for path in out.iterdir()] == ["otter-1.tar"]
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == 256 * 5000 + 13
    with pytest.raises(BundleError, match="already"):
        export_bundle(model, "otter:1", out, quiet)


def test_a_stopped_or_failed_export_leaves_nothing(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()

    def stop(_done: int, _total: int) -> None:
        raise BundleError("Stopped.")

    with pytest.raises(BundleError, match="Stopped"):
        export_bundle(model, "otter:1", out, stop)
    with pytest.raises(BundleError, match="cannot be written"):
        export_bundle(model, "otter:1", tmp_path / "no" / "such" / "x.tar", quiet)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BundleError, match="no files"):
        export_bundle(empty, "otter:1", out, quiet)
    assert list(out.iterdir()) == []


def test_a_flipped_byte_is_found(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(BundleError, match="damaged"):
        verify_bundle(bundle)
    with pytest.raises(BundleError, match="damaged"):
        unpack(bundle, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_bundle_that_was_cut_is_found(bundle: Path, tmp_path: Path) -> None:
    data = bundle.read_bytes()
    for size in (0, 100, 700, len(data) // 2):
        bundle.write_bytes(data[:size])
        with pytest.raises(BundleError):
            verify_bundle(bundle)
        with pytest.raises(BundleError):
            unpack(bundle, tmp_path / "x")
        assert not (tmp_path / "x").exists()


def tar_of(path: Path, **files: str) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:\\evil", "..\\evil"])
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    archive = tar_of(tmp_path / "evil.tar", **{name: "x"})
    with pytest.raises(BundleError, match="outside"):
        unpack(archive, tmp_path / "x" / "y")
    assert [path.name for path in tmp_path.rglob("*evil*")] == ["evil.tar"]


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "l.tar", "w") as tar:
        info = tarfile.TarInfo("model.onnx")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(BundleError, match="no plain file"):
        unpack(tmp_path / "l.tar", tmp_path / "x")


def test_plain_archives_are_unpacked_and_cannot_be_verified(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a.tar", deep__in__genai_config_json="{}", **{
        "deep__genai_config.json": "{}",
    })  # fmt: skip
    assert unpack(archive, tmp_path / "x").name == "deep"
    with pytest.raises(BundleError, match="no manifest"):
        verify_bundle(archive)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("m/genai_config.json", "{}")
    assert unpack(tmp_path / "a.zip", tmp_path / "y").name == "m"


def test_an_archive_without_a_model_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no genai_config\.json"):
        unpack(tar_of(tmp_path / "a.tar", readme="hello"), tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("text", ["{half", "[]", '{"files": [{}]}', json.dumps({"files": 3})])
def test_a_broken_manifest_is_told(tmp_path: Path, text: str) -> None:
    archive = tar_of(tmp_path / "a.tar", **{MANIFEST: text})
    with pytest.raises(BundleError, match="manifest"):
        verify_bundle(archive)


def test_a_directory_that_can_be_used_where_it_lies(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "stick"
    out.mkdir()
    written, manifest = export_bundle(model, "otter:1", out, quiet, form="directory")
    assert written == out / "otter-1"
    assert set(manifest.files) == {"genai_config.json", "model.onnx.data"}
    assert sorted(path.name for path in written.iterdir()) == sorted([*manifest.files, MANIFEST])
    assert not (written / "model.onnx.data").is_symlink()
    told: list[tuple[int, int]] = []
    assert verify_bundle(written, lambda done, total: told.append((done, total))) == manifest
    assert told[-1] == (manifest.size_bytes, manifest.size_bytes)
    data = written / "model.onnx.data"
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(BundleError, match="damaged"):
        verify_bundle(written)
    data.unlink()
    with pytest.raises(BundleError, match="missing from the bundle"):
        verify_bundle(written)
    with pytest.raises(BundleError, match="no bundle"):
        verify_bundle(model)


@pytest.mark.parametrize("form", ["file", "directory"])
async def test_a_cancelled_export_leaves_nothing_even_in_a_large_file(
    model: Path, tmp_path: Path, form: Form
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    tasks: list[asyncio.Task[object]] = []
    cancelled = threading.Event()

    def report(_progress: Progress) -> None:
        tasks[0].cancel()
        asyncio.get_running_loop().call_soon(cancelled.set)

    def pack(tell: Tell) -> object:
        def slow(done: int, total: int) -> None:
            tell(done, total)
            cancelled.wait(10)

        return export_bundle(model, "otter:1", out, slow, form=form)

    tasks.append(asyncio.create_task(in_thread(pack, report, "packing")))
    with contextlib.suppress(asyncio.CancelledError):
        await tasks[0]
    assert tasks[0].cancelled()
    assert list(out.iterdir()) == []


def test_what_is_known_to_be_damaged_is_not_carried_on(model: Path, tmp_path: Path) -> None:
    _, manifest = export_bundle(model, "otter:1", tmp_path / "one.tar", quiet)
    known = sums_of(model, manifest)
    export_bundle(model, "otter:1", tmp_path / "two.tar", quiet, known=known)
    (tmp_path / "elsewhere.bin").write_bytes(bytes(256 * 5000))
    for form in ("file", "directory"):
        with pytest.raises(BundleError, match="not as it was"):
            export_bundle(model, "otter:1", tmp_path / "out", quiet, form=form, known=known)
    assert not list(tmp_path.glob("out*"))


def test_a_stick_that_takes_no_big_files(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr("tui.cache.bundle._write_tar", refuse)
    with pytest.raises(BundleError, match="File too large") as caught:
        export_bundle(model, "otter:1", tmp_path / "x.tar", quiet)
    assert "exFAT" in caught.value.hint


def test_too_little_room_is_said_before_anything_is_read(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tui.cache.bundle.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})
    )
    told: list[int] = []
    with pytest.raises(BundleError, match="10 B are free"):
        export_bundle(model, "otter:1", tmp_path / "x.tar", lambda done, _: told.append(done))
    assert told == []
