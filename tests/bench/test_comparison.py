"""Runs against earlier runs, for people and for gates in scripts."""

from __future__ import annotations

import pytest

from tests.support.bench_runs import kept_run
from tui.bench.comparison import compare_runs
from tui.bench.plan import PlanError
from tui.bench.recorder import Recorder
from tui.bench.regression import judge_limits, parse_limit
from tui.bench.self_test import self_test, self_test_plan
from tui.bench.summary import Summary
from tui.database import Database
from tui.paths import Paths

SMALL, LARGE = "demo-small-generic-cpu:1", "demo-large-generic-cpu:1"


@pytest.fixture
def recorder(paths: Paths) -> Recorder:
    return Recorder(Database(paths.database))


@pytest.fixture
def before(recorder: Recorder) -> Summary:
    return kept_run(recorder, "before")


@pytest.fixture
def slower(recorder: Recorder) -> Summary:
    return kept_run(
        recorder,
        "now",
        targets={SMALL: 0.03, LARGE: 0.05, "other:1": 0.1},
        failed=lambda target, prompt: target == LARGE and prompt == 0,
        context={"backend_version": "2.3.0", "max_tokens": 64},
    )


def test_what_changed_and_what_was_not_alike(before: Summary, slower: Summary) -> None:
    found = compare_runs(slower, before)
    ttft = next(one for one in found.changes if (one.target, one.metric) == (SMALL, "ttft_s"))
    assert ttft.ratio == pytest.approx(1.5, rel=0.01)
    assert found.only_now == ("other:1",)
    assert found.only_before == ()
    assert found.unlike == ("backend version 2.3.0 / 2.2.1",)
    assert not compare_runs(before, before).unlike


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("ttft_p50 > +10%", {SMALL, "other:1"}),  # nothing is known of the third before
        ("demo-small: ttft_p50 > +10%", {SMALL}),
        (f"{LARGE}: ttft > +10%", set()),
        ("demo-small: decode < -20%", {SMALL}),
        ("demo-small: decode_p50 < -50%", set()),
        ("e2e > 40ms", {LARGE, "other:1"}),
        ("e2e_max > 1s", set()),
        ("failed > 0", {LARGE}),
        ("failed > 20%", set()),
        ("demo-small: e2e_p99 > 1s", {SMALL}),  # too few values for a p99
        ("passed < 90%", {SMALL, LARGE, "other:1"}),  # no prompt has checks
        ("rss_peak > 1GB", set()),
        ("rss_peak >= 90MB", {SMALL, LARGE, "other:1"}),
        ("load > 200ms", {SMALL, LARGE, "other:1"}),
    ],
)
def test_conditions_of_a_gate(
    before: Summary, slower: Summary, text: str, failing: set[str]
) -> None:
    judged = judge_limits((parse_limit(text),), slower, before)
    assert {one.target for one in judged if one.failed} == failing
    assert all(one.text for one in judged)


@pytest.mark.parametrize(
    "text",
    [
        "", "ttft", "ttft_p50 +10%", "speed > 1", "ttft_p75 > 1s", "ttft > 10", "ttft > +10ms",
        "decode < 10ms", "rss_peak > 10", "passed < 9", "ttft > 10%", "ttft > -", "load_p50 > 1s",
    ],
)  # fmt: skip
def test_conditions_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_limit(text)
    assert caught.value.hint


def test_a_change_needs_a_run_and_a_target_that_are_there(before: Summary) -> None:
    with pytest.raises(PlanError, match="needs a run"):
        judge_limits((parse_limit("ttft > +1%"),), before, None)
    with pytest.raises(PlanError, match="not there"):
        judge_limits((parse_limit("nobody: ttft > 1s"),), before, None)


def test_a_model_against_itself_tells_the_margin(recorder: Recorder) -> None:
    equal = self_test(kept_run(recorder, "equal", targets={"A": 0.02, "B": 0.02}))
    assert {one.metric for one in equal} == {"e2e_s", "ttft_s", "tpot_s"}
    assert all(one.needed == 0.01 and "1 % is enough" in one.text for one in equal)
    biased = self_test(kept_run(recorder, "biased", targets={"A": 0.0206, "B": 0.02}))
    assert all(one.needed is not None and 0.025 < one.needed < 0.031 for one in biased)
    assert "needs a margin of" in biased[0].text


def test_a_self_test_takes_one_model(before: Summary) -> None:
    with pytest.raises(PlanError, match="one model, not 2"):
        self_test_plan(before.plan)
