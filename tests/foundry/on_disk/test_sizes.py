"""Sizes that are kept from start to start, and not believed when something moved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui.foundry.on_disk import sizes
from tui.foundry.on_disk.sizes import KeptSizes, walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "Microsoft" / "otter-1"
    (folder / "v1").mkdir(parents=True)
    (folder / "v1" / "genai_config.json").write_text("{}")
    (folder / "v1" / "weights").write_bytes(bytes(1000))
    return folder


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []

    def counted(folder: Path) -> object:
        found.append(folder)
        return walk(folder)

    monkeypatch.setattr(sizes, "walk", counted)
    return found


def measured(folder: Path, file: Path | None) -> int:
    kept = KeptSizes(file)
    size = kept.of(folder).size_bytes
    kept.save()
    return size


def test_a_second_start_does_not_walk_again(
    folder: Path, tmp_path: Path, walked: list[Path]
) -> None:
    file = tmp_path / "data" / "sizes.json"
    assert [measured(folder, file) for _ in range(3)] == [1002] * 3
    assert walked == [folder]
    assert [path.name for path in file.parent.iterdir()] == ["sizes.json"]


def test_what_moved_is_measured_again(folder: Path, tmp_path: Path, walked: list[Path]) -> None:
    file = tmp_path / "sizes.json"
    measured(folder, file)
    (folder / "v1" / "more").write_bytes(bytes(10))
    os.utime(folder / "v1", ns=(1, 1))  # however coarse the disk's clock is
    assert measured(folder, file) == 1012
    (folder / "v1" / "weights").unlink()
    os.utime(folder / "v1", ns=(2, 2))
    assert measured(folder, file) == 12
    assert len(walked) == 3


def test_a_partial_download_is_measured_each_time(
    folder: Path, tmp_path: Path, walked: list[Path]
) -> None:
    (folder / "v1" / "download.tmp").touch()
    file = tmp_path / "sizes.json"
    kept = KeptSizes(file)
    assert kept.of(folder).partial
    assert kept.of(folder).partial
    kept.save()
    assert len(walked) == 2
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"folders": 3}', '{"folders": {"%s": {"times": 7}}}'])
def test_a_broken_file_costs_a_walk(folder: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "sizes.json"
    file.write_text(text.replace("%s", str(folder)))
    assert measured(folder, file) == 1002
    assert measured(folder, None) == 1002


def test_a_disk_that_cannot_be_written_is_no_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert measured(folder, tmp_path / "file" / "sizes.json") == 1002
