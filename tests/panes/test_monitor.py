"""The monitor pane and dock, as a person sees them."""

from __future__ import annotations

import pytest

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.widgets.chart import Chart

MB = 1_000_000


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_it_shows_machine_models_and_processes(size: tuple[int, int]) -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=size) as pilot:
        await pilot.press("enter")
        await wait_until(pilot, lambda: "● demo-" in screen_text(pilot.app), "the model")
        await pilot.press("4")
        pilot.app.sampling.take()  # type: ignore[attr-defined]
        await wait_until(pilot, lambda: "100%┤" in screen_text(pilot.app), "the graphs")
        text = screen_text(pilot.app)
        for words in ("CPU ", "RAM ", "100%┤", "MODEL", "foundry-tui (us)", "each 1 s (i)"):
            assert words in text
        row = next(line for line in text.splitlines() if "+38.8 MB" in line)
        assert "demo-large-generic-cpu" in row
        assert any("▲" in line for line in text.splitlines())


async def test_freezing_holds_the_picture_still() -> None:
    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        await pilot.press("4", "f")
        await wait_until(pilot, lambda: ": f goes on" in screen_text(pilot.app))
        chart = pilot.app.query_one("#monitor-cpu", Chart)
        before = chart.picture
        pilot.app.sampling.take()  # type: ignore[attr-defined]
        await pilot.pause()
        assert chart.picture is before
        await pilot.press("f")
        await wait_until(pilot, lambda: "f goes on" not in screen_text(pilot.app))
        assert chart.picture is not before


async def test_the_dock_stands_beside_a_pane_where_there_is_room() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(160, 40)) as pilot:
        await pilot.press("D")
        await wait_until(pilot, lambda: "last 2 min" in screen_text(pilot.app), "the dock")
        assert "demo-small" in screen_text(pilot.app)
        await pilot.press("D")
        await wait_until(pilot, lambda: "last 2 min" not in screen_text(pilot.app), "it to go")


async def test_a_narrow_terminal_says_where_to_look_instead() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(100, 30)) as pilot:
        await pilot.press("D")
        await wait_until(pilot, lambda: "needs 140 columns" in screen_text(pilot.app))


async def test_memory_that_a_model_took_is_gone_with_it() -> None:
    backend = ScriptedBackend.with_demo_models()
    backend.freed_bytes = 10 * MB
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"small", "enter", "enter")
        await wait_until(pilot, lambda: "● demo-small" in screen_text(pilot.app))
        await pilot.press("u")
        await wait_until(pilot, lambda: f"unload {SMALL}" in backend.calls)
        await pilot.press("4")
        await wait_until(pilot, lambda: "nothing in memory" in screen_text(pilot.app))
        told = "gave back 10.0 MB of 15.7 MB (63 %)"
        await wait_until(pilot, lambda: told in screen_text(pilot.app))
