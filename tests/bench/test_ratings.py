"""Ratings: what is kept, what they come to, and who may be called better."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.bench.agreement import agreement, ordinal_alpha
from tui.bench.bradley_terry import log_strengths, ranking
from tui.bench.rating_verdict import judge, rating_verdict_text

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "statistics_vectors.json").read_text("utf-8")
)


def test_a_better_model_is_told_with_its_interval() -> None:
    vector = VECTORS["rating_t"]
    verdict = judge(vector["per_prompt_difference"])
    assert [verdict.mean, verdict.low, verdict.high] == pytest.approx(vector["mean_ci95"])
    assert verdict.kind == "better"
    assert verdict.few
    assert rating_verdict_text("a", "b", verdict) == (
        "a is rated 0.40 points better than b "
        "(95 % interval +0.05 to +0.75, 8 prompts, few prompts)"
    )


def test_the_error_is_shared_among_all_pairs() -> None:
    verdict = judge(VECTORS["rating_t"]["per_prompt_difference"], pairs=6)
    assert verdict.kind == "no difference"
    assert "95 % interval over all 6 pairs" in rating_verdict_text("a", "b", verdict)


def test_turned_round_it_names_the_other_one() -> None:
    verdict = judge([-one for one in VECTORS["rating_t"]["per_prompt_difference"]])
    assert verdict.kind == "worse"
    assert rating_verdict_text("a", "b", verdict).startswith("b is rated 0.40 points better than a")


def test_five_prompts_are_too_few_however_clear_they_are() -> None:
    verdict = judge([2.0] * 5)
    assert verdict.kind == "too few"
    assert "5 prompts rated; a verdict needs 6" in rating_verdict_text("a", "b", verdict)
    assert judge([2.0] * 6).kind == "better"
    assert not judge([2.0, 1.0] * 6).few


@pytest.mark.parametrize("found", [[], [1.0]])
def test_hardly_anything_rated_makes_no_verdict(found: list[float]) -> None:
    assert judge(found).kind == "too few"


def test_alpha_is_what_krippendorff_published() -> None:
    vector = VECTORS["krippendorff"]
    assert ordinal_alpha(vector["units_4_observers"]) == pytest.approx(vector["ordinal"])


def test_agreement_is_not_told_of_few_units_and_called_low_where_it_is() -> None:
    few = agreement([[1, 1], [5, 5]] * 9 + [[3]])
    assert few.alpha is None
    assert few.units == 18
    assert "18 answers rated by two, 20 are needed" in few.text
    good = agreement([[1, 1], [5, 5], [2, 2], [4, 3]] * 5)
    assert good.alpha is not None
    assert good.alpha > 0.9
    assert good.text.endswith("(n 20)")
    poor = agreement([[1, 5], [5, 1], [2, 4], [3, 3]] * 5)
    assert poor.low
    assert " low (n 20)" in poor.text
    assert agreement([[3, 3]] * 20).alpha is None


@given(st.lists(st.lists(st.integers(1, 5), max_size=4), max_size=30))
def test_alpha_never_exceeds_one(units: list[list[int]]) -> None:
    found = ordinal_alpha(units)
    assert found is None or found <= 1 + 1e-9


def test_strengths_are_those_of_another_solver() -> None:
    vector = VECTORS["bradley_terry"]
    found = log_strengths(vector["wins_ties_half"], vector["prior_virtual_draws_per_pair"])
    assert found == pytest.approx(vector["log_strength"], abs=1e-6)


def test_the_ranking_has_an_interval_and_comes_out_the_same_again() -> None:
    beats = [[0.0, 1.0], [0.0, 0.0]]
    draw = [[0.0, 0.5], [0.5, 0.0]]
    first, second = ranking([beats] * 6 + [draw] * 2, seed=3)
    assert first.win_share > 0.8 > second.win_share
    assert first.low < first.win_share < first.high
    assert first.win_share + second.win_share == pytest.approx(1)
    assert ranking([beats] * 6 + [draw] * 2, seed=3) == [first, second]
    assert ranking([]) == []
