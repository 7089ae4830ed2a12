"""A plan that was saved runs the same again, and one from an earlier version still loads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.bench.plan import BenchPlan, PlanError, steps
from tui.bench.plan_file import load_plan, plan_dict, plan_from, save_plan
from tui.bench.prompt_sets import STANDARD
from tui.bench.recorder import Recorder
from tui.bench.targets import Target
from tui.database import Database
from tui.paths import Paths

PLAN = BenchPlan(
    (Target("a:1"), Target("a:1", "hot", temperature=1.0), Target("llama", endpoint="box")),
    STANDARD,
    rounds=7,
    top_p=0.9,
    seed=11,
)


def test_a_saved_plan_is_the_same_plan(tmp_path: Path) -> None:
    save_plan(PLAN, tmp_path / "plan.toml")
    again = load_plan(tmp_path / "plan.toml")
    assert again == PLAN
    assert steps(again) == steps(PLAN)
    assert again.prompt_set.sha256 == STANDARD.sha256


def test_plain_values_survive_json() -> None:
    assert plan_from(json.loads(json.dumps(plan_dict(PLAN)))) == PLAN


def test_a_plan_may_name_its_prompts(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('targets = ["a:1", "b:1"]\nprompt_set = "standard"\nrounds = 6\n', "utf-8")
    assert load_plan(path) == BenchPlan((Target("a:1"), Target("b:1")), STANDARD, rounds=6)


def test_a_run_of_an_earlier_version_still_loads(paths: Paths) -> None:
    old = {
        "targets": ["a:1", "b:1"],
        "prompt_set": {"name": "course prompt", "prompts": ["Explain edge AI in one sentence."]},
        "rounds": 10, "max_tokens": 64, "timeout_s": 60.0, "temperature": 0.0, "seed": 7,
    }  # fmt: skip
    request = {
        "sequence": 0, "target": "a:1", "round": 1, "prompt": 0, "started_at": "2026-01-01",
        "ttft_s": 0.1, "ttfa_s": 0.1, "tpot_s": 0.01, "decode_tok_s": 100.0, "e2e_s": 0.5,
        "e2e_tok_s": 80.0, "input_tokens": 5, "output_tokens": 40, "tokens_estimated": False,
        "finish_reason": "stop", "itl_s": [0.01], "text": "Edge.", "error": None,
    }  # fmt: skip
    facts = {"target": "a:1", "load_s": 1.0, "load_bytes": 5, "warm_up_requests": 3,
             "steady": True, "rss_peak_bytes": 9, "rss_mean_bytes": 8, "error": None}  # fmt: skip
    database = Database(paths.database)
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO bench_runs (id, created_at, plan, context) VALUES ('old', '2026', ?, ?)",
            (json.dumps(old), json.dumps({"backend": "runtime", "targets": [facts]})),
        )
        connection.execute(
            "INSERT INTO bench_requests "
            "(run_id, sequence, target, prompt_index, round_index, result) "
            "VALUES ('old', 0, 'a:1', 0, 0, ?)",
            (json.dumps(request),),
        )
    recorder = Recorder(database)
    summary = recorder.load("old")
    assert summary.plan == BenchPlan((Target("a:1"), Target("b:1")))
    assert summary.targets[0].metrics["e2e_s"].median == 0.5
    assert summary.targets[0].facts.load_s == 1.0
    assert recorder.list()[0].targets == (Target("a:1"), Target("b:1"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("targets = [\n'a' 'b']", "line 2, column"),
        ('rounds = 6\nprompt_set = "course"', "'targets' must be a list"),
        ('targets = ["a"]\nprompt_set = "course"\nround = 6', "no 'round'"),
        ('targets = ["a"]\nprompt_set = "course"\nrounds = "6"', "'rounds' must be a number"),
        ('targets = ["a"]\nprompt_set = "course"\nrounds = 6.5', "'rounds' must be a whole number"),
        ('targets = ["a"]\nprompt_set = {prompts = []}', "no prompts"),
        ('targets = ["a"]\nprompt_set = "course"\ntimeout_s = nan', "above 0"),
    ],
)
def test_what_is_wrong_with_a_plan_file_is_said(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert words in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint
