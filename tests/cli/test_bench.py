from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend
from tui.foundry.connect import Target
from tui.foundry.errors import BackendUnavailable, LoadFailed, RequestFailed, Unsupported

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
    small = next(line for line in ran.out.splitlines() if line.startswith("demo-small "))
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
    assert "demo-large " in ran.out


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


def test_several_at_once_tell_what_they_gave_together(run: Run) -> None:
    assert "in all, over requests at once" in run(*BOTH, "--rounds", "2", "--concurrency", "3").out
    assert "in all" not in run(*BOTH, "--rounds", "2").out


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


def test_a_gate_for_scripts(run: Run, backend: ScriptedBackend) -> None:
    assert run(*BOTH, "--rounds", "6").code == 0
    gate = ("--compare", "last", "--fail-if", "demo-small: ttft_p50 > +10%")
    ran = run(*BOTH, "--rounds", "6", *gate)
    assert ran.code == 0
    assert "ok: demo-small-generic-cpu:1: ttft_p50 +0.0 %" in ran.out
    assert "Against run" in ran.out
    answer = backend.answers_by_variant[SMALL]
    backend.answers_by_variant[SMALL] = replace(answer, ttft_s=0.03)
    ran = run(*BOTH, "--rounds", "7", *gate, "--fail-if", "failed > 0", "--json")
    assert ran.code == 1
    assert [one["failed"] for one in ran.json["fail_if"]] == [True, False, False]
    assert ran.json["comparison"]["changes"][0]["ratio"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fail-if", "ttft > 9"), "the unit is one of"),
        (("--fail-if", "ttft > +9%"), "needs a run to compare with"),
        (("--compare", "nothing"), "No benchmark was run yet"),
    ],
)
def test_a_gate_that_makes_no_sense_is_told_before_measuring(
    run: Run, backend: ScriptedBackend, options: tuple[str, ...], words: str
) -> None:
    ran = run(*BOTH, *options)
    assert ran.code in (2, 4)
    assert words in ran.err
    assert not backend.requests


def test_the_course_in_one_command(run: Run, backend: ScriptedBackend, tmp_path: Path) -> None:
    registry = tmp_path / "models.json"
    entries = [
        {"name": name, "task": "chat", "min_ram_gb": 1, "notes": ""}
        for name in ("demo-small", "demo-large", "not-here")
    ]
    registry.write_text(json.dumps(entries), "utf-8")
    ran = run("bench", "--course", "--rounds", "2", "--models-file", str(registry), "--json")
    assert ran.code == 0
    assert [one["target"] for one in ran.json["targets"]] == [SMALL, LARGE]
    assert {one.messages[0].content for one in backend.requests} == {
        "Explain edge AI in one sentence."
    }
    assert {one.max_tokens for one in backend.requests} == {64}
    assert ran.json["plan"]["timeout_s"] == 60
    assert all(one.raw for one in backend.requests)  # /v1/completions, as the course asks


def test_a_server_without_completions_is_asked_the_other_way(
    run: Run, backend: ScriptedBackend
) -> None:
    backend.fail("chat", Unsupported("No route /v1/completions.", ""))
    ran = run("bench", "--course", "--models", "demo-small,demo-large", "--rounds", "2", "--json")
    assert ran.code == 0
    assert sorted(one["api"] for one in ran.json["targets"]) == ["chat", "completions"]


def test_a_model_against_itself(run: Run) -> None:
    ran = run("bench", "--self-test", "--models", "demo-small", "--rounds", "6", "--json")
    assert ran.code == 0
    assert [one["target"] for one in ran.json["targets"]] == ["A", "B"]
    assert {one["margin_needed"] for one in ran.json["self_test"]} == {0.01}
    text = run("bench", "--self-test", "--models", "demo-small", "--rounds", "6").out
    assert "One loaded copy was asked under two names" in text
    assert run("bench", "--self-test", "--models", "demo-small,demo-large").code == 2


def test_the_help_says_that_the_action_may_be_left_out(run: Run) -> None:
    assert " [ACTION ...]\n" in run("bench", "--help").out


def test_what_was_measured_goes_into_the_registry_when_told_so(run: Run, tmp_path: Path) -> None:
    registry = tmp_path / "models.json"
    entry = {"name": "demo-small", "task": "chat", "min_ram_gb": 1, "notes": "ours"}
    registry.write_text(json.dumps([entry]), "utf-8")
    contribute = ("--contribute", "--models-file", str(registry), "--rounds", "2")
    ran = run(*BOTH, *contribute)
    assert "Not written yet: --yes does." in ran.out
    assert "measured" in ran.out
    assert "measured" not in registry.read_text("utf-8")
    ran = run(*BOTH, *contribute, "--yes", "--json")
    (offer,) = ran.json["contributed"]
    assert offer["written"]
    (written,) = json.loads(registry.read_text("utf-8"))
    assert written["measured"]["run_id"] == ran.json["run_id"]
    median = next(one for one in ran.json["targets"] if one["target"] == SMALL)["ttft_s"]["median"]
    assert written["measured"]["ttft_s"] == median


def test_all_that_is_written_says_the_same(run: Run, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("r.csv", "s.csv", "r.json", "r.md")}
    ran = run(
        *(*BOTH, "--rounds", "6", "--prompts", "small", "--json"),
        *("--csv", str(files["r.csv"]), "--csv-summary", str(files["s.csv"])),
        *("--json-file", str(files["r.json"]), "--report", str(files["r.md"])),
    )
    printed = ran.json
    written = json.loads(files["r.json"].read_text("utf-8"))
    assert written == {key: value for key, value in printed.items() if key in written}
    rows = list(csv.DictReader(files["r.csv"].read_text("utf-8").splitlines()))
    assert [float(row["e2e_s"]) for row in rows] == [one["e2e_s"] for one in printed["requests"]]
    targets = list(csv.DictReader(files["s.csv"].read_text("utf-8").splitlines()))
    for row, one in zip(targets, printed["targets"], strict=True):
        assert float(row["e2e_s_median"]) == one["e2e_s"]["median"]
        assert float(row["ttft_s_median"]) == one["ttft_s"]["median"]
        assert int(row["requests"]) == 36
    report = files["r.md"].read_text("utf-8")
    assert f"# Benchmark {printed['run_id']}" in report
    assert "demo-small needs" in report
    assert "memory →" in report
    assert "nothing beats it" in report
    assert "w0 w1 w2" in report


def test_a_report_shows_no_markup_of_a_model(
    run: Run, backend: ScriptedBackend, tmp_path: Path
) -> None:
    evil = "```\n# Bought\n<script>x</script>"
    backend.answers_by_variant[SMALL] = ScriptedAnswer(deltas=(evil,))
    path = tmp_path / "r.md"
    run(*BOTH, "--rounds", "1", "--report", str(path))
    text = path.read_text("utf-8")
    assert f"````text\n{evil}\n````" in text


def test_the_prompts_are_shown_and_may_be_changed(
    run: Run, tmp_path: Path, backend: ScriptedBackend
) -> None:
    assert "standard" in run("bench", "prompts").out
    shown = run("bench", "prompts", "standard")
    assert "check: numeric 145" in shown.out
    values = run("bench", "prompts", "standard", "--json").json
    own = tmp_path / "own.json"
    own.write_text(json.dumps(values["prompts"]), "utf-8")  # a start for one's own set
    again = run("bench", "prompts", str(own), "--json").json
    assert (again["sha256"], again["prompts"]) == (values["sha256"], values["prompts"])
    assert not backend.calls
