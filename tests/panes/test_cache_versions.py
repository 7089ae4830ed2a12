"""Versions in the cache pane: the mark, updating, going back, cleaning."""

from __future__ import annotations

import pytest

from tests.panes.test_cache import cache, expect_text
from tests.support.scripted_backend import ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.foundry.types import Capability, Device, Model, Variant

OLD, NEW = "otter-generic-cpu:3", "otter-generic-cpu:4"


@pytest.fixture
def backend() -> ScriptedBackend:
    variants = (
        Variant(OLD, "otter", Device.CPU, size_bytes=10**9, cached=True),
        Variant(NEW, "otter", Device.CPU, size_bytes=10**9),
    )
    return ScriptedBackend([Model("otter", variants)])


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_a_newer_version_is_marked(backend: ScriptedBackend, size: tuple[int, int]) -> None:
    async with cache(backend, size) as pilot:
        await expect_text(pilot, "otter-generic")
        await expect_text(pilot, "Version 4 is out")
        if size[0] >= 80:
            await expect_text(pilot, "3 ▲4")
            await expect_text(pilot, "never")


async def test_update_try_and_clean(backend: ScriptedBackend) -> None:
    async with cache(backend) as pilot:
        await expect_text(pilot, "3 ▲4")
        await pilot.press("U")
        await expect_text(pilot, f"{NEW} is on disk.")
        await expect_text(pilot, "2 variants · 2.0 GB")
        await pilot.press("C")
        await expect_text(pilot, "has not been loaded yet: run it once")
        await pilot.press("g", "l")
        await expect_text(pilot, f"{NEW} works.")
        await wait_until(pilot, lambda: "loaded" in screen_text(pilot.app))
        await wait_until(
            pilot, lambda: pilot.app.store.state.cache_notes.has_worked(NEW), "the note"
        )
        await pilot.press("C")
        await expect_text(pilot, "Delete 1 old version?")
        await expect_text(pilot, "This frees 1.0 GB.")
        await pilot.press("y")
        await expect_text(pilot, "1 variant · 1.0 GB")
        assert backend.find(NEW).cached


async def test_going_back(backend: ScriptedBackend) -> None:
    backend.mark(NEW, cached=True, loaded=True)
    async with cache(backend) as pilot:
        await expect_text(pilot, "2 variants")
        await pilot.press("b")
        await expect_text(pilot, f"{NEW} will be deleted.")
        await pilot.press("y")
        await expect_text(pilot, "is used again.")
        await expect_text(pilot, "1 variant ·")
        assert backend.calls.index(f"unload {NEW}") < backend.calls.index(f"remove {NEW}")


async def test_a_backend_that_cannot_download_says_why(backend: ScriptedBackend) -> None:
    backend.info.unavailable[Capability.DOWNLOAD] = "This session is offline."
    async with cache(backend) as pilot:
        await expect_text(pilot, "3 ▲4")
        await pilot.press("U")
        await expect_text(pilot, "This session is offline.")
