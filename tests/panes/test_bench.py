"""The bench pane, as a person sees it, on a scripted backend."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from glob import glob
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.app import running_app
from tests.support.bench_runs import kept_run
from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.bench.plan import BenchPlan
from tui.bench.plan_file import load_plan, save_plan
from tui.bench.recorder import Recorder
from tui.bench.targets import Target
from tui.database import Database
from tui.paths import Paths


@asynccontextmanager
async def bench(
    backend: ScriptedBackend, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Pilot[int]]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("5")
        await expect_text(pilot, "s start")
        yield pilot


async def expect_text(pilot: Pilot[int], text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.answers_by_variant = {
        SMALL: words("one two three four", ttft_s=0.02, itl_s=0.002),
        LARGE: words("one two three four", ttft_s=0.04, itl_s=0.004),
    }
    return backend


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_two_models_stand_side_by_side_with_a_verdict(
    backend: ScriptedBackend, size: tuple[int, int]
) -> None:
    async with bench(backend, size) as pilot:
        await pilot.press("space", "space", "s")
        await expect_text(pilot, "decode")
        await expect_text(pilot, "20 ms")
        await expect_text(pilot, "40 ms")
        await expect_text(pilot, "500 tok/s")
        await expect_text(pilot, "250 tok/s")
        await wait_until(pilot, lambda: not pilot.app.query_one("#bench").running, "the end")
        await expect_text(pilot, "demo-small needs 50.0 % less time for an answer")
        await expect_text(pilot, "s start")


async def test_one_model_is_no_comparison(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await pilot.press("space", "s")
        await expect_text(pilot, "Choose at least two models")


async def test_nothing_measured_says_what_to_do(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await expect_text(pilot, "Choose two or three models with space, then press s")
        await pilot.press("e")
        await expect_text(pilot, "Nothing to export yet")


async def test_rounds_and_prompts_are_chosen_by_key(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await pilot.press("plus", "plus", "minus")
        await expect_text(pilot, "11 rounds")
        await pilot.press(*["minus"] * 6)
        await expect_text(pilot, "5 rounds (+ -) (a verdict needs 6)")
        await pilot.press("p")
        await expect_text(pilot, "small set")


async def test_stopping_keeps_what_was_measured(backend: ScriptedBackend, paths: Paths) -> None:
    gate = asyncio.Event()
    backend.answers_by_variant[LARGE] = replace(backend.answers_by_variant[LARGE], gate=gate)
    async with bench(backend) as pilot:
        await pilot.press("space", "space", "s")
        await expect_text(pilot, "x stops")
        await pilot.press("x")
        await expect_text(pilot, "s start")
    assert len(Recorder(Database(paths.database)).list()) == 1


async def test_a_run_is_exported_as_table_as_json_and_as_a_report_with_the_picture(
    backend: ScriptedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with bench(backend) as pilot:
        await pilot.press("space", "space", "s")
        await expect_text(pilot, "conditions")
        await pilot.press("e")
        await expect_text(pilot, "Written:")
    table, whole, report = sorted(map(Path, glob(f"{tmp_path}/bench-*")))
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert len(rows) == 20
    assert {row["answer"] for row in rows} == {"one two three four"}
    assert json.loads(whole.read_text("utf-8"))["schema"] == 1
    assert "memory →" in report.read_text("utf-8")


async def measured(pilot: Pilot[int]) -> None:
    """Measure both demo models with the course's prompt."""
    await pilot.press("space", "space", "s")
    await expect_text(pilot, "esc models")


async def test_the_list_gives_its_room_to_the_run_and_comes_back(
    backend: ScriptedBackend,
) -> None:
    async with bench(backend, (80, 24)) as pilot:
        await measured(pilot)
        assert "DEVICE" not in screen_text(pilot.app)
        await pilot.press("escape")
        await expect_text(pilot, "DEVICE")
        await expect_text(pilot, "2 chosen")
        await pilot.press("t")
        await expect_text(pilot, "esc models")


@pytest.mark.parametrize(("size", "columns"), [((80, 24), 2), ((200, 50), 4)])
async def test_a_run_is_followed_while_it_goes_on(
    backend: ScriptedBackend,
    size: tuple[int, int],
    columns: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    gate = asyncio.Event()
    backend.answers_by_variant[LARGE] = replace(
        backend.answers_by_variant[LARGE], gate=gate, gate_after=2
    )
    targets = [(SMALL, 0.0), (LARGE, 0.0), (SMALL, 0.5), (LARGE, 0.5)][:columns]
    named = tuple(Target(one, f"{one[5:10]}-t{t:g}", temperature=t) for one, t in targets)
    save_plan(BenchPlan(named, rounds=6, warm_up=0), tmp_path / "bench-plan.toml")
    async with bench(backend, size) as pilot:
        await pilot.press("ctrl+o", "enter")
        await expect_text(pilot, f"bench-plan.toml: {columns} targets")
        await pilot.press("s")
        await expect_text(pilot, "one two")
        await expect_text(pilot, "round 1 of 6 · x stops")
        text = screen_text(pilot.app)
        assert all(one.label in text for one in named)
        assert " of 6" in text
        assert "x stops" in text
        gate.set()
        await expect_text(pilot, "esc models")
        await expect_text(pilot, "0 of 6")


async def test_everything_can_be_set_in_a_form_that_refuses_nonsense(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    prompts = tmp_path / "own.txt"
    prompts.write_text("One?\nTwo?\n", "utf-8")
    async with bench(backend, (80, 24)) as pilot:
        await pilot.press("c")
        await expect_text(pilot, "requests at the same time")
        dialog = pilot.app.screen
        dialog.query_one("#prompts", Input).value = str(prompts)
        dialog.query_one("#rounds", Input).value = "many"
        await pilot.press("enter")
        await expect_text(pilot, "Rounds: 'many' is no number")
        dialog.query_one("#rounds", Input).value = "7"
        dialog.query_one("#temperature", Input).value = "9"
        await pilot.press("enter")
        await expect_text(pilot, "'temperature' must be from 0 to 2")
        dialog.query_one("#temperature", Input).value = "0.5"
        dialog.query_one("#max_tokens", Input).value = "12"
        await pilot.press("enter")
        await expect_text(pilot, "own.txt (p) · 7 rounds")
        await measured(pilot)
        await expect_text(pilot, "own.txt")
    asked = backend.requests[-1]
    assert (asked.temperature, asked.max_tokens) == (0.5, 12)
    assert asked.messages[0].content in ("One?", "Two?")


async def test_what_is_chosen_is_saved_as_a_plan_and_opened_again(
    backend: ScriptedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with bench(backend) as pilot:
        await pilot.press("space", "space", "plus", "ctrl+s", "enter")
        await expect_text(pilot, "Written: bench-plan.toml")
        await pilot.press("minus", "minus", "ctrl+o", "enter")
        await expect_text(pilot, "bench-plan.toml: 2 targets · course prompt (p) · 11 rounds")
        await pilot.press("ctrl+o", "x", "enter")
        await expect_text(pilot, "cannot be read")
        await pilot.press("ctrl+u", *"~no1", "enter")
        await expect_text(pilot, "cannot be read: No such file")
    assert load_plan(tmp_path / "bench-plan.toml").rounds == 11


async def test_answers_stand_side_by_side_prompt_by_prompt(backend: ScriptedBackend) -> None:
    backend.answers_by_variant[LARGE] = words("four five six")
    async with bench(backend, (80, 24)) as pilot:
        await pilot.press("p")
        await measured(pilot)
        await pilot.press("o")
        await expect_text(pilot, "Prompt 1 of 6")
        text = screen_text(pilot.app)
        (line,) = (line for line in text.splitlines() if "one two three four" in line)
        assert "four five six" in line
        await pilot.press("right")
        await expect_text(pilot, "What is a local model?")
        await pilot.press("left", "left")
        await expect_text(pilot, "Prompt 6 of 6")


async def test_the_picture_marks_what_nothing_beats(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await measured(pilot)
        await pilot.press("v")
        await expect_text(pilot, "memory →")
        await expect_text(pilot, "A  demo-large     250 tok/s   38.8 MB  not rated   beaten")
        await expect_text(pilot, "B* demo-small")


async def test_the_whole_picture_is_seen_on_a_small_terminal(backend: ScriptedBackend) -> None:
    async with bench(backend, (80, 24)) as pilot:
        await measured(pilot)
        await pilot.press("v")
        await expect_text(pilot, "memory →")
        await expect_text(pilot, "B* demo-small")
        await expect_text(pilot, "better on one.")
        assert pilot.app.query_one("#bench-report").max_scroll_y == 0


async def test_a_note_is_kept_with_the_run(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await measured(pilot)
        await pilot.press("n", *"quiet", "ctrl+s")
        await expect_text(pilot, "note  quiet")
        await pilot.press("h")
        await expect_text(pilot, "Earlier runs")
        await expect_text(pilot, "quiet")


async def test_earlier_runs_are_opened_noted_and_deleted(
    backend: ScriptedBackend, paths: Paths
) -> None:
    recorder = Recorder(Database(paths.database))
    kept_run(recorder, "aaaa00000000")
    kept_run(recorder, "bbbb00000000", rounds=2)
    async with bench(backend) as pilot:
        await pilot.press("h")
        await expect_text(pilot, "demo-small is fastest, 2.5x")
        await expect_text(pilot, "too few rounds")
        await pilot.press("down", "enter")
        await expect_text(pilot, "run aaaa00000000")
        await expect_text(pilot, "60.0 % less time")
        await pilot.press("h")
        await expect_text(pilot, "too few rounds")
        await pilot.press("n", *"old", "ctrl+s")
        await expect_text(pilot, "old")
        await pilot.press("x")
        await expect_text(pilot, "Delete this run with all answers, ratings and notes?")
        await pilot.press("y")
        await wait_until(
            pilot, lambda: [one.run_id for one in recorder.list()] == ["aaaa00000000"], "one left"
        )


async def test_a_stopped_run_goes_on_from_the_history(backend: ScriptedBackend) -> None:
    gate = asyncio.Event()
    held = backend.answers_by_variant[LARGE]
    backend.answers += [held] * 20
    backend.answers_by_variant[LARGE] = replace(held, gate=gate)
    async with bench(backend) as pilot:
        await pilot.press("space", "space", "p", "s")
        await wait_until(pilot, lambda: not backend.answers, "some requests")
        await pilot.press("x")
        await expect_text(pilot, "Stopped")
        await expect_text(pilot, "There are numbers and no verdict")
        backend.answers_by_variant[LARGE] = held
        before = len(backend.requests)
        await pilot.press("h")
        await expect_text(pilot, "not finished")
        await pilot.press("r")
        await expect_text(pilot, "0 of 60")
        await expect_text(pilot, "conditions")
    assert len(backend.requests) - before < 120


async def test_what_was_measured_goes_into_models_json_after_it_was_shown(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    registry = tmp_path / "models.json"
    entry = {"name": "demo-small", "task": "chat", "min_ram_gb": 1, "notes": "tiny"}
    registry.write_text(json.dumps([entry], indent=2), "utf-8")
    async with running_app(backend, models_file=registry) as pilot:
        await pilot.press("5")
        await expect_text(pilot, "s start")
        await measured(pilot)
        await pilot.press("w")
        await expect_text(pilot, "Write into models.json?")
        await expect_text(pilot, '+      "ttft_s"')
        await expect_text(pilot, "Without an entry, so left out: demo-large")
        assert json.loads(registry.read_text("utf-8")) == [entry]
        await pilot.press("y")
        await expect_text(pilot, "Written:")
    (written,) = json.loads(registry.read_text("utf-8"))
    assert written["measured"]["ttft_s"] == pytest.approx(0.02)
    assert written["notes"] == "tiny"


async def test_two_runs_are_compared_after_saying_what_was_not_alike(
    backend: ScriptedBackend, paths: Paths
) -> None:
    recorder = Recorder(Database(paths.database))
    kept_run(recorder, "aaaa00000000")
    slower = {SMALL: 0.03, LARGE: 0.05}
    kept_run(recorder, "bbbb00000000", targets=slower, context={"backend_version": "2.3.0"})
    async with bench(backend) as pilot:
        await pilot.press("h")
        await expect_text(pilot, "Earlier runs")
        await expect_text(pilot, "1.7x")
        await pilot.press("space", "c")
        await expect_text(pilot, "Mark two runs with space first")
        await pilot.press("space", "c")
        await expect_text(pilot, "The conditions were not alike:")
        await expect_text(pilot, "2.3.0")
        await expect_text(pilot, "+50.0 %")
        await expect_text(pilot, "small changes say nothing")
        await pilot.press("t")
        await expect_text(pilot, "run bbbb00000000")


async def test_a_model_against_itself_says_which_margin_this_machine_needs(
    backend: ScriptedBackend,
) -> None:
    backend.answers_by_variant[LARGE] = words(" ".join(["word"] * 12), ttft_s=0.02, itl_s=0.002)
    async with bench(backend) as pilot:
        await pilot.press("y")
        await expect_text(pilot, "E2E: the usual margin of 1 % is enough here")
        await expect_text(pilot, "TPOT: the usual margin")
        await expect_text(pilot, "One loaded copy was asked under two names")
    assert {one.variant_id for one in backend.requests} == {LARGE}


async def test_a_run_of_another_process_is_followed_left_and_followed_again(
    backend: ScriptedBackend, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(Database(paths.database))
    summary = kept_run(recorder, "aaaa00000000", rounds=2)
    going_on = True
    monkeypatch.setattr("tui.bench.detached.living_pid", lambda context: 4711 if going_on else None)
    with recorder._database.transaction() as connection:
        connection.execute("UPDATE bench_runs SET finished_at = NULL")
    async with bench(backend) as pilot:
        await pilot.press("h")
        await expect_text(pilot, "goes on now")
        await pilot.press("enter")
        await expect_text(pilot, "elsewhere · esc leaves it · x stops it · run aaaa00000000")
        await expect_text(pilot, "12 of 12")
        await pilot.press("escape")
        await expect_text(pilot, "s start")
        await pilot.press("h")
        await expect_text(pilot, "goes on now")
        await pilot.press("enter")
        await expect_text(pilot, "elsewhere")
        recorder.finish(summary.run_id, summary.context, [one.facts for one in summary.targets])
        going_on = False
        await expect_text(pilot, "a verdict needs 6")
    assert backend.requests == []
