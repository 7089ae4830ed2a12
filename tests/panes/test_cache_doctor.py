"""The doctor in the cache pane."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.panes.test_cache import cache, expect_text
from tests.support.shelf import HALF, OTTER, Shelf, untidy_shelf
from tests.support.waiting import screen_text, wait_until
from tui.foundry.errors import RequestFailed
from tui.foundry.types import Capability


@pytest.fixture
def backend(tmp_path: Path) -> Shelf:
    return untidy_shelf(tmp_path / "models")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_each_finding_stands_with_size_and_repair(
    backend: Shelf, size: tuple[int, int]
) -> None:
    async with cache(backend, size) as pilot:
        await expect_text(pilot, "otter-generic")
        await pilot.press("d")
        await expect_text(pilot, "partial")
        await expect_text(pilot, "orphan")
        await expect_text(pilot, "esc closes")
        if size[0] >= 80:
            await expect_text(pilot, "300 B")
            await expect_text(pilot, "a download that ended")


async def test_all_that_is_certain_is_mended_at_once(backend: Shelf) -> None:
    async with cache(backend) as pilot:
        await expect_text(pilot, "otter-generic")
        await pilot.press("d")
        await expect_text(pilot, "a mends all marked ●, frees 418 B")
        await pilot.press("a")
        await expect_text(pilot, "This frees 418 B.")
        await pilot.press("y")
        await expect_text(pilot, "Mended.")
        assert not (backend.location / "foundry.modelinfo.json").exists()
        assert f"remove {HALF}" in backend.calls
        assert (backend.location / "Microsoft" / "junk").exists()


async def test_one_is_mended_by_enter_and_not_without_a_yes(backend: Shelf) -> None:
    junk = backend.location / "Microsoft" / "junk"
    async with cache(backend) as pilot:
        await expect_text(pilot, "otter-generic")
        for answer, there in (("n", True), ("y", False)):
            await pilot.press("d")
            await expect_text(pilot, "belong to no model")
            await pilot.press("j", "enter")
            await expect_text(pilot, "This frees 300 B.")
            await pilot.press(answer)
            await wait_until(pilot, lambda: "This frees" not in screen_text(pilot.app))
            if not there:
                await expect_text(pilot, "Mended.")
            assert junk.exists() == there


async def test_what_fails_is_told_and_the_rest_is_done(backend: Shelf) -> None:
    backend.fail("remove", RequestFailed("It is in use.", "Close it."))
    async with cache(backend) as pilot:
        await expect_text(pilot, "otter-generic")
        await pilot.press("d")
        await expect_text(pilot, "esc closes")
        await pilot.press("a")
        await expect_text(pilot, "This frees")
        await pilot.press("y")
        await expect_text(pilot, "It is in use. (1 of 2 failed)")
        assert not (backend.location / "foundry.modelinfo.json").exists()


async def test_damage_is_found_by_key_and_shown_in_the_list(backend: Shelf) -> None:
    backend.entries = backend.entries[:1]
    weights: Path = backend.location / "Microsoft" / "otter-1" / "model.onnx"
    async with cache(backend) as pilot:
        for text in ("1 taken for the first time", "1 differs"):
            await pilot.press("d")
            await expect_text(pilot, "c checksums")
            await pilot.press("c")
            await expect_text(pilot, text)
            weights.write_text("[]")  # noqa: ASYNC240 - two bytes
        await expect_text(pilot, "Not as it was")
        await pilot.press("d")
        await expect_text(pilot, f"{OTTER}: model.onnx not as it was.")


async def test_where_no_disk_is_told_of_it_says_why(backend: Shelf) -> None:
    async with cache(backend) as pilot:
        await expect_text(pilot, "otter-generic")
        backend.info.unavailable[Capability.CACHE] = "It does not tell."
        await pilot.press("d")
        await expect_text(pilot, "It does not tell.")
