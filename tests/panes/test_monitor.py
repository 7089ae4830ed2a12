"""The monitor pane and dock, as a person sees them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Input

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.system.activity import LiveFigures
from tui.system.recording_file import RecordingFile, sample_values
from tui.system.sample import DeviceSample, Sample
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


@pytest.mark.parametrize("height", [14, 24, 30, 60])
async def test_the_dock_never_hides_the_models_behind_its_graphs(height: int) -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(160, height)) as pilot:
        await pilot.press("D")
        await wait_until(pilot, lambda: "nothing in memory" in screen_text(pilot.app))
        await wait_until(pilot, lambda: "this program" in screen_text(pilot.app))
        pilot.app.sampling.take()  # type: ignore[attr-defined]
        await wait_until(pilot, lambda: "100%┤" in screen_text(pilot.app), "the graphs")
        assert ("tok/s -" in screen_text(pilot.app)) == (height >= 24)


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


async def test_the_window_is_chosen_by_key_and_an_earlier_time_can_be_looked_at() -> None:
    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        await pilot.press("4")
        await wait_until(pilot, lambda: "2 min (+ -)" in screen_text(pilot.app))
        await pilot.press("minus")
        await wait_until(pilot, lambda: "10 min (+ -)" in screen_text(pilot.app))
        assert "-10 min" in screen_text(pilot.app)
        await pilot.press("minus", "minus")
        await wait_until(pilot, lambda: "1 h (+ -)" in screen_text(pilot.app))
        await pilot.press("plus", "plus", "plus")
        await wait_until(pilot, lambda: "30 s (+ -)" in screen_text(pilot.app))
        await pilot.press("left")
        await wait_until(pilot, lambda: "frozen at" in screen_text(pilot.app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "frozen at" not in screen_text(pilot.app))


async def test_the_scale_is_fixed_or_fits_what_shows() -> None:
    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        pilot.app.sampling._closed = True  # type: ignore[attr-defined]
        fill(pilot.app, cpu_percent=3.0)
        await pilot.press("4")
        await wait_until(pilot, lambda: "100%┤" in screen_text(pilot.app))
        await pilot.press("a")
        await wait_until(pilot, lambda: "  5%┤" in screen_text(pilot.app), "a scale to 5 %")
        assert "scale auto (a)" in screen_text(pilot.app)


async def test_a_small_terminal_shows_the_other_graphs_by_a_key() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(80, 24)) as pilot:
        pilot.app.sampling._closed = True  # type: ignore[attr-defined]
        fill(pilot.app, net_received_bytes_s=1e6, net_sent_bytes_s=1e6, disk_read_bytes_s=1.0)
        await pilot.press("4")
        await wait_until(pilot, lambda: "graphs 1-4 of" in screen_text(pilot.app))
        assert "Network 2.0 MB/s" not in screen_text(pilot.app)
        await pilot.press("m")
        await wait_until(pilot, lambda: "Network 2.0 MB/s" in screen_text(pilot.app))


async def test_speed_and_first_token_stand_on_the_same_time_axis() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(200, 50)) as pilot:
        history = pilot.app.history  # type: ignore[attr-defined]
        await pilot.press("4")
        now = time.perf_counter()
        first = LiveFigures(1, SMALL, "chat", 1, None, now, now, 0.25)
        history.take(first)
        history.take(replace(first, tokens=21, last_s=now + 0.5))
        pilot.app.sampling.take()  # type: ignore[attr-defined]
        await wait_until(pilot, lambda: "tok/s 40  demo-small" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert "TTFT 250 ms" in text
        marks = [line for line in text.splitlines() if "◆" in line]
        assert marks
        assert marks[0].count("◆") == 3  # below each graph of the first row


async def test_a_recording_is_made_and_played_by_keys(tmp_path: Path) -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(120, 40)) as pilot:
        await pilot.press("4", "r")
        await wait_until(pilot, lambda: "● recording" in screen_text(pilot.app))
        pilot.app.history.mark("load", SMALL)  # type: ignore[attr-defined]
        for _ in range(3):
            pilot.app.sampling.take()  # type: ignore[attr-defined]
            await pilot.pause(0.01)
        await pilot.press("r")
        await wait_until(pilot, lambda: "● recording" not in screen_text(pilot.app))
        folder = pilot.app.session.paths.recordings  # type: ignore[attr-defined]
        await wait_until(
            pilot, lambda: any(b'"event"' in file.read_bytes() for file in folder.glob("*.jsonl"))
        )
        await pilot.press("o")
        await wait_until(pilot, lambda: "another file" in screen_text(pilot.app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "replay " in screen_text(pilot.app), "the replay")
        await pilot.press("right_square_bracket")
        await wait_until(
            pilot, lambda: "ended: f pauses" in screen_text(pilot.app), "the end of it"
        )
        assert "▲" in screen_text(pilot.app)  # of the load
        await pilot.press("left", "f")
        await pilot.press("escape")
        await wait_until(
            pilot, lambda: "replay " not in screen_text(pilot.app).split("f freeze")[0]
        )


async def test_a_broken_recording_says_so_and_shows_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    file = RecordingFile(path)
    file.write([sample_values(Sample(100.0 + n, cpu_percent=77.0)) for n in range(3)])
    file.close()
    path.write_text(path.read_text("utf-8")[:-20], "utf-8")
    async with running_app(ScriptedBackend.with_demo_models(), size=(120, 40)) as pilot:
        await pilot.press("4", "o")
        await wait_until(pilot, lambda: "another file" in screen_text(pilot.app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "enter plays it" in screen_text(pilot.app))
        pilot.app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await wait_until(pilot, lambda: "line 3: no JSON" in screen_text(pilot.app))
        await wait_until(pilot, lambda: "CPU 77 %" in screen_text(pilot.app))


async def test_help_says_what_is_not_available_and_why() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(120, 60)) as pilot:
        await pilot.press("4")
        devices = DeviceSample(reasons=(("npu", "no NPU in /sys/class/accel"),))
        pilot.app.history.append(Sample(time.perf_counter(), devices=devices))  # type: ignore[attr-defined]
        await pilot.press("question_mark")
        await wait_until(
            pilot, lambda: "NPU: no NPU in /sys/class/accel." in screen_text(pilot.app)
        )


async def test_without_blocks_all_is_plain_ascii(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[monitor]\ngraphs = "ascii"\n', "utf-8")
    backend = ScriptedBackend.with_demo_models()
    async with running_app(backend, size=(120, 40), config_file=config) as pilot:
        pilot.app.sampling._closed = True  # type: ignore[attr-defined]
        fill(pilot.app, cpu_percent=60.0, per_core=(50.0, 60.0))
        pilot.app.history.mark("load", SMALL, at_s=pilot.app.history.last.at_s - 1)  # type: ignore[attr-defined]
        await pilot.press("4")
        await wait_until(pilot, lambda: "100%+" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert "####" in text
        assert "^ " in text
        assert not set("▁▂▃▄▅▆▇█┤│▲◆") & set(text)


def fill(app: App[object], **values: object) -> None:
    """Let the machine be like this from now on, for an hour."""
    history = app.history  # type: ignore[attr-defined]
    start_s = 0.0 if history.last is None else history.last.at_s
    for second in range(1, 3601):
        history.append(Sample(start_s + second, **values))  # type: ignore[arg-type]
    app.store.apply("system", sample=history.last)  # type: ignore[attr-defined]


async def test_on_a_very_small_terminal_no_column_is_cut() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(60, 20)) as pilot:
        await pilot.press("4")
        pilot.app.sampling.take()  # type: ignore[attr-defined]
        await wait_until(
            pilot,
            lambda: any(
                line.split()[:1] == ["MODEL"] and line.split()[-1].startswith("TTFT")
                for line in screen_text(pilot.app).splitlines()
            ),
            "all columns of the models",
        )
