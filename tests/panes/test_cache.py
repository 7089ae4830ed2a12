"""The cache pane, as a person sees it, on a scripted backend."""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select

from tests.support.app import running_app
from tests.support.model_folders import write_model_folder
from tests.support.scripted_backend import SMALL, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui import demo_models
from tui.foundry.types import Capability


@asynccontextmanager
async def cache(
    backend: ScriptedBackend, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Pilot[int]]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("2")
        await expect_text(pilot, "VARIANT")
        yield pilot


async def expect_text(pilot: Pilot[int], text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend.with_demo_models()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_what_is_on_disk_stands_with_sizes_and_free_space(
    backend: ScriptedBackend, size: tuple[int, int]
) -> None:
    async with cache(backend, size) as pilot:
        await expect_text(pilot, "2 variants · 6.3 MB · 53.7 GB free")
        await expect_text(pilot, "demo-small")
        await expect_text(pilot, "ic-cpu")  # what tells variants apart is not cut
        await expect_text(pilot, "4.2 MB")


async def test_deleting_asks_first(backend: ScriptedBackend) -> None:
    async with cache(backend) as pilot:
        await pilot.press("x")
        await expect_text(pilot, "Keep (n)")
        await pilot.press("n")
        await wait_until(pilot, lambda: "Keep (n)" not in screen_text(pilot.app))
        assert not [call for call in backend.calls if call.startswith("remove")]
        await pilot.press("x")
        await expect_text(pilot, "Keep (n)")
        await pilot.press("y")
        await expect_text(pilot, "1 variant ·")
        assert [call for call in backend.calls if call.startswith("remove")]


async def test_several_are_deleted_after_one_question_loaded_ones_unloaded_first(
    backend: ScriptedBackend,
) -> None:
    backend.mark(SMALL, loaded=True)
    async with cache(backend) as pilot:
        await pilot.press("space", "space", "x")
        await expect_text(pilot, "Delete 2?")
        await expect_text(pilot, "This frees 0 B.")  # demo models come back
        await expect_text(pilot, f"In memory, unloaded first: {SMALL}.")
        await pilot.press("y")
        await expect_text(pilot, "Nothing is on disk yet.")
        done = [call for call in backend.calls if call.startswith(("unload", "remove"))]
        assert done.index(f"unload {SMALL}") < done.index(f"remove {SMALL}")
        assert len(done) == 3


async def test_the_doctor_shows_what_is_wrong_and_mends_it(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.location = tmp_path / "models"
    backend.location.mkdir()
    copy = backend.location / "foundry.modelinfo.json"
    copy.write_text('{"savedAtUnix": 1}')
    async with cache(backend) as pilot:
        await pilot.press("d")
        await expect_text(pilot, "copy of the catalog")
        await pilot.press("enter")
        await expect_text(pilot, "Mend?")
        await expect_text(pilot, "Delete (y)")
        await pilot.press("y")
        await wait_until(pilot, lambda: not copy.exists(), "the file to go")
        await pilot.press("d")
        await expect_text(pilot, "Nothing is wrong on disk.")


async def test_a_directory_of_ones_own_is_checked_and_imported(backend: ScriptedBackend) -> None:
    folder = demo_models.folder() / "demo-small"
    async with cache(backend) as pilot:
        await pilot.press("i")
        await expect_text(pilot, "Import a model directory")
        pilot.app.screen.query_one("#folder", Input).value = str(folder)
        await expect_text(pilot, "Can be imported")
        await pilot.press("enter")
        await expect_text(pilot, "import demo-small: done")


async def test_a_directory_that_is_no_model_says_what_is_missing(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    async with cache(backend) as pilot:
        await pilot.press("i")
        await expect_text(pilot, "Import a model directory")
        pilot.app.screen.query_one("#folder", Input).value = str(tmp_path / "empty")
        await expect_text(pilot, "genai_config.json")
        await expect_text(pilot, "✗")
        await pilot.press("enter")
        await pilot.pause()
        assert not [call for call in backend.calls if call.startswith("import")]


async def test_a_backend_that_cannot_import_says_why() -> None:
    reason = "This server cannot take models."
    backend = ScriptedBackend.with_demo_models(unavailable={Capability.IMPORT: reason})
    async with cache(backend) as pilot:
        await pilot.press("i")
        await expect_text(pilot, reason)


async def test_a_model_is_exported_into_a_chosen_directory(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.location = tmp_path / "models"
    folder = backend.location / "demo-large-generic-cpu-1"
    folder.mkdir(parents=True)
    (folder / "genai_config.json").write_text("{}")
    out = tmp_path / "stick"
    out.mkdir()
    async with cache(backend) as pilot:
        await pilot.press("g", "e")
        await expect_text(pilot, "import it there with i")
        pilot.app.screen.query_one("#folder", Input).value = str(out)
        await pilot.press("enter")
        await expect_text(pilot, "Write it as")
        await pilot.press("enter")
        await expect_text(pilot, "export demo-large-generic-cpu:1: done")
    assert [path.name for path in out.iterdir()] == ["demo-large-generic-cpu-1.tar"]


async def test_a_bundle_is_written_as_a_directory_and_verified(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.location = tmp_path / "models"
    folder = backend.location / "demo-large-generic-cpu-1"
    folder.mkdir(parents=True)
    (folder / "genai_config.json").write_text("{}")
    stick = tmp_path / "stick"
    async with cache(backend) as pilot:
        await pilot.press("g", "e")
        await expect_text(pilot, "import it there with i")
        pilot.app.screen.query_one("#folder", Input).value = str(tmp_path)
        await pilot.press("enter")
        await expect_text(pilot, "Write it as")
        await pilot.press("j", "enter")
        await expect_text(pilot, "is written to")
        (tmp_path / "demo-large-generic-cpu-1").rename(stick)
        for text, words in (("{}", "stick is whole: demo-large"), ("{ }", "is damaged")):
            (stick / "genai_config.json").write_text(text)
            await pilot.press("v")
            await expect_text(pilot, "Verify a bundle")
            pilot.app.screen.query_one("#folder", Input).value = str(stick)
            await pilot.press("enter")
            await expect_text(pilot, words)


async def test_a_bundle_is_imported_by_its_path(backend: ScriptedBackend, tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "otter")
    archive = tmp_path / "otter.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(folder, "otter")
    async with cache(backend) as pilot:
        await pilot.press("i")
        await expect_text(pilot, "Import a model directory")
        pilot.app.screen.query_one("#folder", Input).value = str(archive)
        await expect_text(pilot, "otter.tar will be unpacked")
        pilot.app.screen.query_one("#name", Input).value = "otter"
        await pilot.press("enter")
        await expect_text(pilot, "import otter: done")
    assert any(call.startswith("import_model") for call in backend.calls)


async def test_a_missing_chat_template_is_offered_and_the_way_is_chosen(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    folder = write_model_folder(tmp_path / "otter", chat_template__jinja=None)
    async with cache(backend, (80, 24)) as pilot:
        await pilot.press("i")
        await expect_text(pilot, "Import a model directory")
        assert "Mend it" not in screen_text(pilot.app)
        pilot.app.screen.query_one("#folder", Input).value = str(folder)
        await expect_text(pilot, "+ The chat template is plain")
        await expect_text(pilot, "Can be imported")
        assert "Import " in screen_text(pilot.app)
        pilot.app.screen.query_one("#mend", Select).value = "no"
        await expect_text(pilot, "There is no chat template")
        pilot.app.screen.query_one("#import", Button).press()
        await pilot.pause()
        assert not [call for call in backend.calls if call.startswith("import")]
        pilot.app.screen.query_one("#mend", Select).value = "phi"
        pilot.app.screen.query_one("#way", Select).value = "register"
        await expect_text(pilot, "+ The chat template is phi")
        pilot.app.screen.query_one("#import", Button).press()
        await expect_text(pilot, "import otter: done")
    assert f"import_model {folder} otter register" in backend.calls
    assert not (folder / "chat_template.jinja").exists()


@pytest.mark.parametrize("typed", ["~nobody", "x" * 300, "a\tb"], ids=["user", "long", "tab"])
async def test_a_path_that_is_half_typed_does_no_harm(backend: ScriptedBackend, typed: str) -> None:
    async with cache(backend) as pilot:
        await pilot.press("i")
        await expect_text(pilot, "Import a model directory")
        pilot.app.screen.query_one("#folder", Input).value = typed
        await expect_text(pilot, "✗")
