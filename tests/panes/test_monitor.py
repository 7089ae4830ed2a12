"""The monitor pane and dock, as a person sees them."""

from __future__ import annotations

import pytest

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.foundry.types import LoadResult
from tui.panes.monitor import wording
from tui.store import State
from tui.system.gpu import GpuReader, GpuSample
from tui.system.model_memory import ModelMemory
from tui.system.sampler import ProcessSample, Sample
from tui.widgets.chart import Chart

MB = 1_000_000


def sample(**values: object) -> Sample:
    return Sample(at_s=0.0, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_it_shows_machine_models_and_processes(size: tuple[int, int]) -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=size) as pilot:
        await pilot.press("enter")
        await wait_until(pilot, lambda: "● demo-" in screen_text(pilot.app), "the model")
        await pilot.press("4")
        await wait_until(pilot, lambda: "THREADS" in screen_text(pilot.app), "the processes")
        text = screen_text(pilot.app)
        for words in ("CPU ", "RAM ", "100%┤", "MODEL", "foundry-tui (us)", "GPU", "a sample"):
            assert words in text
        row = next(line for line in text.splitlines() if "+38.8 MB" in line)
        assert "demo-large-generic-cpu" in row
        assert any("▲" in line for line in text.splitlines())


async def test_freezing_holds_the_picture_still() -> None:
    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        await pilot.press("4", "f")
        await wait_until(pilot, lambda: "frozen: f goes on" in screen_text(pilot.app))
        chart = pilot.app.query_one("#monitor-cpu", Chart)
        before = chart._graph
        pilot.app._sample()  # type: ignore[attr-defined]
        await pilot.pause()
        assert chart._graph is before
        await pilot.press("f")
        await wait_until(pilot, lambda: "last 2 min" in screen_text(pilot.app))


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


def test_cores_get_bars_and_very_many_cores_a_column_each() -> None:
    lines = wording.core_lines((100.0, 50.0), 80)
    assert lines == ["core 0  ████████100 %  core 1  ████     50 %"]
    many = wording.core_lines(tuple(float(number) for number in range(96)), 80)
    assert [len(line) for line in many] == [80, 16]


def test_an_unload_that_gave_back_little_is_an_alarm() -> None:
    memory = ModelMemory().loaded(LoadResult("big:1", 1.0, 900 * MB), at=0.0)
    little, alarm = wording.unload_line(State(memory=memory.unloaded("big:1", 100 * MB, at=60.0)))
    assert "gave back 100 MB of 900 MB" in little
    assert alarm
    assert little.startswith("! ")
    fine, alarm = wording.unload_line(State(memory=memory.unloaded("big:1", 880 * MB, at=60.0)))
    assert not alarm
    assert "880 MB" in fine


def test_what_is_not_known_is_never_zero() -> None:
    line = wording.process_lines(sample(processes=(ProcessSample(7, "x", None, None, None),)), "")
    assert line[1].split() == ["x", "7", "-", "-", "-"]
    assert "swap none" in wording.machine_line(sample())
    assert wording.cpu_title(sample()) == "CPU -"


def test_a_gpu_is_told_or_the_reason_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = GpuSample("NVIDIA H100", 40.0, 8_000 * MB, 80_000 * MB)
    assert wording.gpu_line((gpu,), "") == "NVIDIA H100 40 %, 8.0 GB of 80.0 GB"
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    reader = GpuReader()
    assert reader.read() == ()
    assert "nvidia-ml-py is not installed" in wording.gpu_line(reader.read(), reader.reason)


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
        await wait_until(pilot, lambda: "gave back 10.0 MB of 15.7 MB" in screen_text(pilot.app))
