"""Links to the user's and to shipped models: the originals are never touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tui.foundry.errors import InvalidModelFolder, NotFound
from tui.foundry.on_disk.local_models import LocalModels, folder_size
from tui.foundry.on_disk.scan import scan_cache
from tui.foundry.types import ImportOptions


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def demos(tmp_path: Path, model_folder: Path) -> Path:
    folder = tmp_path / "demos"
    shutil.copytree(model_folder, folder / "demo-small")
    card = {
        "alias": "demo-small",
        "name": "Demo, small",
        "version": 1,
        "license": "MIT",
        "publisher": "Foundry TUI",
        "context_tokens": 4096,
        "description": "Answers.",
    }
    (folder / "demo-small" / "card.json").write_text(json.dumps(card))
    return folder


def test_an_import_links_and_leaves_the_directory_alone(cache: Path, model_folder: Path) -> None:
    before = snapshot(model_folder)
    (model_folder / "inference_model.json").write_text('{"Name": "theirs"}')
    before = snapshot(model_folder)
    models = LocalModels(cache, None)
    model = models.add(model_folder, "mine", set())
    link = models.folder(model)
    assert model.id == "mine:1"
    assert link == cache / "Local" / "mine-1"
    assert (link / "model.onnx.data").read_bytes() == bytes(5000)
    assert json.loads((link / "inference_model.json").read_text()) == {"Name": "mine:1"}
    assert folder_size(link) > 5000
    freed = models.remove("mine:1")
    assert not link.exists()
    assert freed < 5000
    assert snapshot(model_folder) == before


def test_imported_models_are_there_in_the_next_session(cache: Path, model_folder: Path) -> None:
    LocalModels(cache, None).add(model_folder, "mine", set())
    (again,) = LocalModels(cache, None).models()
    assert (again.id, again.origin, again.context_tokens) == ("mine:1", "imported", 4096)


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "../x", "a/b", "a:1", "x" * 65, "é", "a\n"])
def test_a_name_with_bad_characters_is_refused(cache: Path, model_folder: Path, name: str) -> None:
    with pytest.raises(InvalidModelFolder, match="name cannot be used") as caught:
        LocalModels(cache, None).add(model_folder, name, set())
    assert "letters, digits" in caught.value.hint
    assert not cache.exists()


@pytest.mark.parametrize("name", ["phi-4-mini", "Phi-4-Mini", "MINE"])
def test_a_name_that_is_taken_is_refused(cache: Path, model_folder: Path, name: str) -> None:
    models = LocalModels(cache, None)
    models.add(model_folder, "mine", set())
    with pytest.raises(InvalidModelFolder, match="already"):
        models.add(model_folder, name, {"phi-4-mini"})


def test_the_cache_itself_is_not_imported(cache: Path, model_folder: Path) -> None:
    models = LocalModels(cache, None)
    model = models.add(model_folder, "mine", set())
    with pytest.raises(InvalidModelFolder, match="cache itself"):
        models.add(models.folder(model), "twice", set())


def test_removing_what_is_not_there_says_so(cache: Path) -> None:
    with pytest.raises(NotFound):
        LocalModels(cache, None).remove("nothing:1")


def test_demo_models_are_linked_once_and_follow_the_program(cache: Path, demos: Path) -> None:
    models = LocalModels(cache, demos)
    assert models.link_demos() == []
    (model,) = models.models()
    assert (model.id, model.alias, model.origin) == (
        "demo-small-generic-cpu:1", "demo-small", "demo",
    )  # fmt: skip
    assert (model.license, model.description) == ("MIT", "Answers.")
    link = models.folder(model)
    made = link.stat().st_ino
    assert models.link_demos() == []
    assert link.stat().st_ino == made
    moved = demos.rename(demos.with_name("elsewhere"))
    LocalModels(cache, moved).link_demos()
    assert (link / "model.onnx").read_bytes()
    assert LocalModels(cache, None).link_demos() == []
    assert LocalModels(cache, None).models() == ()


def test_a_broken_card_costs_one_demo_model_only(cache: Path, demos: Path) -> None:
    shutil.copytree(demos / "demo-small", demos / "demo-large")
    (demos / "demo-large" / "card.json").write_text("{")
    models = LocalModels(cache, demos)
    (problem,) = models.link_demos()
    assert "demo-large" in problem
    assert [model.alias for model in models.models()] == ["demo-small"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"model": {}}', '{"model": 3}', '{"model": {"name": 1}}', '{"schema": 1}']
)
def test_a_broken_marker_costs_what_it_told_only(
    cache: Path, model_folder: Path, text: str
) -> None:
    models = LocalModels(cache, None)
    model = models.add(model_folder, "mine", set())
    (models.folder(model) / "foundry-tui.json").write_text(text)
    assert [found.id for found in models.models()] == ["mine:1"]


def test_a_model_put_there_by_hand_is_found(cache: Path, model_folder: Path) -> None:
    folder = cache / "Local" / "byhand-2"
    shutil.copytree(model_folder, folder)
    (folder / "inference_model.json").write_text('{"Name": "byhand:2"}')
    (model,) = LocalModels(cache, None).models()
    assert (model.id, model.origin) == ("byhand:2", "imported")


def test_the_scan_tells_whole_partial_and_orphaned_directories(
    cache: Path, model_folder: Path, demos: Path
) -> None:
    models = LocalModels(cache, demos)
    models.link_demos()
    models.add(model_folder, "mine", set())
    for name in ("whole-1", "half-2", "lost-3"):
        shutil.copytree(model_folder, cache / "Contoso" / name)
    (cache / "Contoso" / "half-2" / "download.tmp").touch()
    (cache / "Contoso" / "empty-4").mkdir()
    shutil.rmtree(model_folder)
    rows = scan_cache(
        cache, models, {"whole:1": str(cache / "Contoso" / "whole-1")}, ["whole:1", "half:2"]
    )
    told = {row["variant_id"]: (row["state"], row["origin"]) for row in rows}
    assert told == {
        "demo-small-generic-cpu:1": ("complete", "demo"),
        "mine:1": ("orphan", "imported"),
        "whole:1": ("complete", "catalog"),
        "half:2": ("partial", "catalog"),
        "": ("orphan", "catalog"),
    }
    sizes = {row["variant_id"]: row["size_bytes"] for row in rows}
    assert sizes["whole:1"] > 5000
    assert sizes["demo-small-generic-cpu:1"] > 5000


def test_a_model_with_files_of_its_own_follows_the_cache(
    cache: Path, model_folder: Path, tmp_path: Path
) -> None:
    LocalModels(cache, None).add(model_folder, "mine", set(), ImportOptions("register"))
    shutil.rmtree(model_folder)
    moved = cache.rename(tmp_path / "elsewhere")
    models = LocalModels(moved, None)
    (model,) = models.models()
    assert model.source == str(moved / "Local" / "mine-1")
    assert (Path(model.source) / "model.onnx").is_file()
    models.remove("mine:1")
    assert list((moved / "Local").iterdir()) == []
