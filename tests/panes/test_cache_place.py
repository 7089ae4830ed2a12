"""Changing the directory from the pane."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.panes.test_cache import cache, expect_text
from tests.support.scripted_backend import ScriptedBackend
from tests.support.waiting import wait_until
from tui.foundry.errors import RequestFailed
from tui.foundry.types import Capability, Device, Model, Variant

OTTER = "otter-generic-cpu:3"


@pytest.fixture
def backend(tmp_path: Path) -> ScriptedBackend:
    folder = tmp_path / "old" / OTTER.replace(":", "-")
    folder.mkdir(parents=True)
    (folder / "genai_config.json").write_text("{}")
    variant = Variant(OTTER, "otter", Device.CPU, size_bytes=10**9, cached=True, loaded=True)
    return ScriptedBackend([Model("otter", (variant,))], location=tmp_path / "old")


async def name_place(pilot: Pilot[int], place: Path) -> None:
    await pilot.press("m")
    await expect_text(pilot, "Move the cache")
    pilot.app.screen.query_one("#folder", Input).value = str(place)
    await pilot.press("enter")


async def test_what_becomes_of_the_models_is_asked(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    async with cache(backend) as pilot:
        await name_place(pilot, new)
        await expect_text(pilot, "1 model, 1.0 GB: at once, on the same disk")
        await expect_text(pilot, "no longer in view")
        await pilot.press("enter")
        await expect_text(pilot, "1 moved.")
        assert (new / "otter-generic-cpu-3" / "genai_config.json").is_file()
        assert backend.calls.index(f"unload {OTTER}") < backend.calls.index(f"move_cache {new}")
        # The place before is offered the next time.
        await wait_until(
            pilot,
            lambda: pilot.app.store.state.cache_notes.previous == tmp_path / "old",
            "the note",
        )
        await pilot.press("m")
        await expect_text(pilot, "Before: …")
        assert pilot.app.screen.query_one("#folder", Input).value == str(tmp_path / "old")
        config = pilot.app.session.config_file.read_text()
        assert f'model_cache = "{new}"' in config


async def test_a_move_that_fails_leaves_all_in_place(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.fail("move_cache", RequestFailed("The service did not come up.", "Look at it."))
    async with cache(backend) as pilot:
        await name_place(pilot, tmp_path / "new")
        await expect_text(pilot, "at once")
        await pilot.press("enter")
        await expect_text(pilot, "The service did not come up.")
        assert (tmp_path / "old" / "otter-generic-cpu-3" / "genai_config.json").is_file()
        assert not (tmp_path / "new").exists()
        assert not pilot.app.session.config_file.exists()


async def test_a_place_that_cannot_be_one_is_refused(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    async with cache(backend) as pilot:
        await name_place(pilot, tmp_path / "old" / "inside")
        await expect_text(pilot, "lie in each other")


async def test_what_still_goes_on_is_not_moved_away_under(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.mark(OTTER, loaded=False)
    backend.load_gate = asyncio.Event()
    async with cache(backend) as pilot:
        await pilot.press("l")
        await name_place(pilot, tmp_path / "new")
        await expect_text(pilot, "at once")
        await pilot.press("enter")
        await expect_text(pilot, "is still going on")
        backend.load_gate.set()


async def test_a_backend_that_keeps_its_place_says_why() -> None:
    reason = "It keeps its models where it was told to."
    backend = ScriptedBackend.with_demo_models(unavailable={Capability.MOVE_CACHE: reason})
    async with cache(backend) as pilot:
        await pilot.press("m")
        await expect_text(pilot, reason)
