"""How often the verdicts are wrong where the truth is known, by simulation.

Times are drifting (an autoregressive level that all targets of a round share), noisy, and in one of
ten cases disturbed by a factor of 1.5 to 4, as on a machine that does other things too.
"""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

from tui.bench.verdict import Times, compare

pytestmark = pytest.mark.slow

RUNS = 2000
NOISE = 0.10
DRIFT = 0.20
DISTURBED, QUIET = 0.10, 0.02


def run_of(
    chance: random.Random,
    ratios: tuple[float, ...],
    rounds: int,
    prompts: int,
    disturbed: float = DISTURBED,
) -> list[Times]:
    """Return the times of targets that are `ratio` times as slow as the first."""
    bases = [chance.uniform(0.5, 2.0) for _ in range(prompts)]
    level = chance.gauss(0, DRIFT)
    times: list[list[list[float]]] = [[] for _ in ratios]
    for _ in range(rounds):
        rows: list[list[float]] = [[] for _ in ratios]
        for base in bases:
            level = 0.9 * level + chance.gauss(0, DRIFT * math.sqrt(1 - 0.81))
            for row, ratio in zip(rows, ratios, strict=True):
                value = base * ratio * math.exp(level + chance.gauss(0, NOISE))
                if chance.random() < disturbed:
                    value *= chance.uniform(1.5, 4.0)
                row.append(value)
        for target, row in zip(times, rows, strict=True):
            target.append(row)
    return times  # type: ignore[return-value]


@pytest.mark.parametrize("prompts", [1, 3, 6])
@pytest.mark.parametrize("rounds", [10, 20])
def test_equal_models_are_seldom_told_apart(rounds: int, prompts: int) -> None:
    chance = random.Random(1000 * rounds + prompts)
    wrong = covered = 0
    for _ in range(RUNS):
        a, b = run_of(chance, (1.0, 1.0), rounds, prompts)
        verdict = compare(a, b)
        assert verdict.low is not None
        assert verdict.high is not None
        wrong += verdict.kind in ("faster", "slower")
        covered += verdict.low <= 1.0 <= verdict.high
    print(f"{rounds} x {prompts}: false {wrong / RUNS:.1%}, covered {covered / RUNS:.1%}")
    assert wrong / RUNS <= 0.05
    assert covered / RUNS >= 0.93


@pytest.mark.parametrize("prompts", [3, 6])
def test_among_four_equal_models_there_is_seldom_a_winner(prompts: int) -> None:
    chance = random.Random(prompts)
    runs, wrong = 1000, 0
    pairs = list(combinations(range(4), 2))
    for _ in range(runs):
        times = run_of(chance, (1.0,) * 4, 10, prompts)
        wrong += any(
            compare(times[a], times[b], pairs=len(pairs)).kind in ("faster", "slower")
            for a, b in pairs
        )
    print(f"four targets, {prompts} prompts: a false winner in {wrong / runs:.1%}")
    assert wrong / runs <= 0.05


@pytest.mark.parametrize(("ratio", "least"), [(1.10, 0.8), (1.20, 0.98)])
def test_a_real_difference_is_found_and_its_interval_holds_it(ratio: float, least: float) -> None:
    chance = random.Random(round(100 * ratio))
    found = covered = wrong_way = 0
    for _ in range(RUNS):
        a, b = run_of(chance, (1.0, ratio), 10, 6, QUIET)
        verdict = compare(a, b)
        assert verdict.low is not None
        assert verdict.high is not None
        found += verdict.kind == "faster"
        wrong_way += verdict.kind == "slower"
        covered += verdict.low <= 1 / ratio <= verdict.high
    print(f"{ratio}: found {found / RUNS:.1%}, covered {covered / RUNS:.1%}")
    assert found / RUNS >= least
    assert wrong_way == 0
    assert covered / RUNS >= 0.93


def test_conditions_that_change_do_not_make_a_verdict() -> None:
    """With all noise doubled, as under load, the false verdicts stay at their rate."""
    chance = random.Random(9)
    wrong = 0
    for _ in range(RUNS):
        a, b = run_of(chance, (1.0, 1.0), 10, 6)
        heavy = [[v * math.exp(chance.gauss(0, 2 * NOISE)) if v else v for v in row] for row in a]
        wrong += compare(heavy, b, spread=2.5).kind in ("faster", "slower")
    assert wrong / RUNS <= 0.05
