"""The statistics against vectors that were worked out by other means."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.bench.statistics import order_interval, quantile, t_critical
from tui.bench.verdict import Verdict, compare, spread_of

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "statistics_vectors.json").read_text("utf-8")
)
TIMING = VECTORS["timing"]
Rounds = list[list[float]]

times = st.floats(0.001, 100.0)
matrices = st.integers(1, 4).flatmap(
    lambda prompts: st.lists(
        st.lists(times, min_size=prompts, max_size=prompts), min_size=6, max_size=10
    )
)


def interval(verdict: Verdict) -> tuple[float | None, ...]:
    return (verdict.ratio, verdict.low, verdict.high)


@pytest.mark.parametrize(("name", "expected"), VECTORS["t_crit_two_sided"].items())
def test_critical_values_of_t(name: str, expected: float) -> None:
    match = re.fullmatch(r"alpha=([\d.]+) df=(\d+)", name)
    assert match is not None
    # The names round alpha to six digits, hence the tolerance.
    assert t_critical(float(match[1]), int(match[2])) == pytest.approx(expected, rel=1e-4)


def test_quantiles() -> None:
    vector = VECTORS["quantile_type7"]
    found = [quantile(vector["x"], share) for share in vector["q"]]
    assert found == pytest.approx(vector["expected"])


def test_an_interval_that_so_few_values_cannot_give_is_not_made_up() -> None:
    expected = VECTORS["order_ci_p95"]
    assert order_interval(range(1, 101), 0.95) == tuple(expected["n=100 of 1..100, q=.95"])
    few = expected["n=40 of 1..40, q=.95 (no upper bound)"]
    assert order_interval(range(1, 41), 0.95) == tuple(few)
    assert order_interval(range(1, 21)) == tuple(expected["n=20 of 1..20, q=.5"])


def test_a_faster_model_is_told_with_its_interval() -> None:
    verdict = compare(TIMING["A_ms"], TIMING["B_ms"])
    assert verdict.kind == "faster"
    assert verdict.ratio == pytest.approx(TIMING["ratio"])
    assert (verdict.low, verdict.high) == pytest.approx(TIMING["ci95_ratio"])


def test_more_pairs_make_the_interval_wider() -> None:
    verdict = compare(TIMING["A_ms"], TIMING["B_ms"], pairs=6)
    assert (verdict.low, verdict.high) == pytest.approx(TIMING["ci_6_pairs_ratio"])


def test_five_rounds_are_too_few() -> None:
    verdict = compare(TIMING["A_ms"][:5], TIMING["B_ms"][:5])
    assert verdict.kind == "too few"
    assert verdict.reason == "5 valid rounds; a verdict needs 6"
    assert interval(verdict) == (None, None, None)


def test_equal_models_show_no_difference() -> None:
    verdict = compare(VECTORS["verdict"]["C_none"], TIMING["B_ms"])
    assert verdict.kind == "no difference"
    assert interval(verdict) == pytest.approx(VECTORS["verdict"]["expected"]["none"][1:], rel=1e-5)
    assert verdict.ruled_out == pytest.approx(0.0076, abs=1e-4)


A, B, NONE = TIMING["A_ms"], TIMING["B_ms"], VECTORS["verdict"]["C_none"]


def scaled(rows: Rounds, *factors: float) -> Rounds:
    """Multiply the rounds by these factors in turn."""
    return [
        [factors[index % len(factors)] * value for value in row] for index, row in enumerate(rows)
    ]


def without(rows: Rounds, *places: tuple[int, int]) -> list[list[float | None]]:
    found: list[list[float | None]] = [list(row) for row in rows]
    for row, column in places:
        found[row][column] = None
    return found


@pytest.mark.parametrize(
    ("name", "verdict", "kind"),
    [
        ("faster", compare(A, B), "faster"),
        ("faster_6_pairs", compare(A, B, pairs=6), "faster"),
        ("swapped", compare(B, A), "slower"),
        ("first_6_rounds", compare(A[:6], B[:6]), "faster"),
        ("first_5_rounds", compare(A[:5], B[:5]), "too few"),
        ("none", compare(NONE, B), "no difference"),
        ("unstable_wide", compare(scaled(B, 2.0, 0.7), B), "unstable"),
        ("under_load", compare(A, B, spread=2.4), "faster"),
        ("none_but_spread", compare(NONE, B, spread=2.4), "unstable"),
        ("inside_margin_0.8_percent", compare(scaled(B, 0.992), B), "no difference"),
        ("missing_values", compare(without(A, (0, 0), (6, 0), (6, 1)), B), "faster"),
    ],
)
def test_verdicts_of_the_vectors(name: str, verdict: Verdict, kind: str) -> None:
    _, *expected = VECTORS["verdict"]["expected"][name]
    assert verdict.kind == kind
    assert interval(verdict) == tuple(
        None if one is None else pytest.approx(one, rel=1e-5) for one in expected
    )
    assert verdict.under_load == (name in ("under_load", "none_but_spread"))


def test_a_wider_margin_tells_less() -> None:
    verdict = compare(A, B, margin=0.2)
    assert verdict.kind == "no difference"
    assert interval(verdict) == interval(compare(A, B))


def test_the_spread_of_the_conditions() -> None:
    vector = VECTORS["spread"]
    assert spread_of(vector["series"]) == pytest.approx(vector["expected"])


@given(matrices, matrices)
def test_swapping_the_models_mirrors_the_verdict(one: Rounds, other: Rounds) -> None:
    rounds = min(len(one), len(other))
    prompts = min(len(one[0]), len(other[0]))
    a = [row[:prompts] for row in one[:rounds]]
    b = [row[:prompts] for row in other[:rounds]]
    verdict, mirrored = compare(a, b), compare(b, a)
    opposite = {"faster": "slower", "slower": "faster"}
    assert mirrored.kind == opposite.get(verdict.kind, verdict.kind)
    if verdict.ratio is not None and verdict.low is not None and mirrored.high is not None:
        assert mirrored.ratio == pytest.approx(1 / verdict.ratio, rel=1e-6)
        assert mirrored.high == pytest.approx(1 / verdict.low, rel=1e-6)
