from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend
from tui.foundry.connect import Target
from tui.foundry.errors import BackendUnavailable, LoadFailed, RequestFailed

Run = Callable[..., Ran]
BOTH = ("bench", "--models", "demo-small,demo-large")


@pytest.fixture(autouse=True)
def answers(backend: ScriptedBackend) -> None:
    words = tuple(f"w{n} " for n in range(12))
    backend.answers_by_variant = {
        SMALL: ScriptedAnswer(deltas=words, ttft_s=0.02, itl_s=0.001),
        LARGE: ScriptedAnswer(deltas=words, ttft_s=0.05, itl_s=0.004),
    }


def test_two_models_in_one_table(run: Run, backend: ScriptedBackend) -> None:
    ran = run(*BOTH, "--rounds", "6")
    assert (ran.code, ran.err) == (0, "")
    small = next(line for line in ran.out.splitlines() if line.startswith(SMALL))
    assert "20 ms" in small
    assert "1,000 tok/s" in small
    assert "6/6" in small
    assert "demo-small needs" in ran.out
    assert len(backend.requests) >= 12


def test_the_run_as_json(run: Run) -> None:
    ran = run(*BOTH, "--rounds", "3", "--max-tokens", "9", "--json")
    values = ran.json
    assert values["schema"] == 1
    assert [one["target"] for one in values["targets"]] == [SMALL, LARGE]
    assert len(values["requests"]) == 6
    assert values["context"]["max_tokens"] == 9
    assert values["verdicts"]
    assert values["run_id"]


def test_prompts_from_a_file_and_a_table_for_a_spreadsheet(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("One?\nTwo?\n")
    out = tmp_path / "out.csv"
    ran = run(*BOTH, "--prompts", str(prompts), "--rounds", "2", "--csv", str(out))
    assert ran.code == 0
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert {row["prompt"] for row in rows} == {"One?", "Two?"}
    assert len(rows) == 8


def test_an_unknown_model_stops_it_before_anything_is_loaded(
    run: Run, backend: ScriptedBackend
) -> None:
    assert run("bench", "--models", "demo-small,nothing").code == 4
    assert backend.calls == ["models"]


def test_a_model_that_cannot_be_measured_is_code_5(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("load", LoadFailed("Too big.", ""))
    ran = run(*BOTH, "--rounds", "2")
    assert ran.code == 5
    assert "warning: demo-small-generic-cpu:1: Too big." in ran.err
    assert LARGE in ran.out


def test_nothing_measured_is_a_failure(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("chat", RequestFailed("No."), always=True)
    assert run(*BOTH, "--rounds", "1").code == 1


def test_plans_that_make_no_sense(run: Run, tmp_path: Path) -> None:
    assert run("bench", "--models", "demo-small,demo-small").code == 2
    assert run(*BOTH, "--prompts", str(tmp_path / "none.txt")).code == 2
    assert run(*BOTH, "--timeout", "0").code == 2


def test_progress_is_shown_to_people(run: Run) -> None:
    assert "bench: 4 of 4 requests" in run(*BOTH, "--rounds", "2", terminal=True).err


def test_one_model_at_two_settings(run: Run, backend: ScriptedBackend) -> None:
    ran = run(
        *("bench", "--models", "demo-small", "--target", "demo-small,temperature=1,label=hot"),
        *("--rounds", "2", "--top-p", "0.5", "--seed", "3", "--json"),
    )
    assert [one["target"] for one in ran.json["targets"]] == [SMALL, "hot"]
    assert {one.variant_id for one in backend.requests} == {SMALL}
    assert {one.temperature for one in backend.requests} == {0.0, 1.0}
    assert {(one.top_p, one.seed) for one in backend.requests} == {(0.5, 3)}


def test_a_target_at_another_server_is_asked_there(
    run: Run, targets: list[Target], backend: ScriptedBackend
) -> None:
    box = "http://127.0.0.1:9/v1"
    ran = run(
        *("bench", "--models", "demo-small", "--target", f"demo-large,endpoint={box}"),
        *("--rounds", "2", "--json"),
    )
    assert ran.code == 0
    assert [one.endpoint_url for one in targets] == [None, box]
    assert backend.closed == 2


def test_a_saved_plan_runs_the_same_again(run: Run, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.toml")
    first = run(
        *(*BOTH, "--rounds", "3", "--seed", "5", "--prompts", "small", "--save-plan", plan),
        *("--max-tokens", "9", "--json"),
    ).json
    again = run("bench", "--plan", plan, "--json").json
    assert again["plan"] == first["plan"]
    order = [(one["target"], one["prompt"]) for one in again["requests"]]
    assert order == [(one["target"], one["prompt"]) for one in first["requests"]]
    longer = run("bench", "--plan", plan, "--rounds", "4", "--json").json
    assert len(longer["requests"]) == 4 * 6 * 2


def test_a_run_without_models_says_what_to_write(run: Run) -> None:
    ran = run("bench")
    assert ran.code == 2
    assert "--models A,B" in ran.err


def test_an_interrupted_run_goes_on(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("chat", BackendUnavailable("It ended.", ""), always=True)
    ran = run(*BOTH, "--rounds", "3")
    assert ran.code in (1, 3)
    backend.heal("chat")
    ran = run("bench", "--resume", "last", "--json")
    assert len(ran.json["requests"]) == 6
    assert run("bench", "--resume", "last").code == 4


def test_an_earlier_run_is_made_again(run: Run) -> None:
    first = run(*BOTH, "--rounds", "2", "--concurrency", "2", "--json").json
    again = run("bench", "--again", first["run_id"][:8], "--json").json
    assert again["plan"] == first["plan"]
    assert again["run_id"] != first["run_id"]


def test_progress_says_how_long_it_takes(run: Run) -> None:
    ran = run(*BOTH, "--rounds", "2", terminal=True)
    assert "4 of 4 requests, 0 ms left" in ran.err.replace("0 s", "0 ms")


def test_one_model_at_a_time_is_stated(run: Run) -> None:
    ran = run(*BOTH, "--rounds", "6", "--one-at-a-time")
    assert "One model was in memory at a time, in block order: asked for." in ran.out
    assert run(*BOTH, "--one-at-a-time", "--all-loaded").code == 2
