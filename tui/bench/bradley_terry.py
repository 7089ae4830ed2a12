"""A ranking by pairwise wins, for display only.

Its bootstrap interval names a false winner among equals far too often; whether one target is
better is said by `tui.bench.rating_verdict` and by nothing else.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tui.bench.statistics import quantile

RESAMPLES = 1000
PRIOR = 0.5
"""Virtual draws for each pair: who always wins is still not infinitely strong."""
_MOST_STEPS, _CLOSE = 500, 1e-9

Wins = Sequence[Sequence[float]]
"""How often the one in the row beat the one in the column; a tie is half a win for both."""


@dataclass(frozen=True, slots=True)
class Strength:
    """One target's place."""

    log_strength: float
    """Zero in the mean over all targets."""
    win_share: float
    """Chance to win against one of the others."""
    low: float
    """95 % of the resampled shares lie from here ..."""
    high: float
    """... to here."""


def log_strengths(wins: Wins, prior: float = PRIOR) -> list[float]:
    """Return the logarithms of the Bradley-Terry strengths, by minorise-maximise steps (Hunter)."""
    size = len(wins)
    games = [
        [wins[i][j] + wins[j][i] + prior if i != j else 0.0 for j in range(size)]
        for i in range(size)
    ]
    won = [sum(wins[i][j] + prior / 2 for j in range(size) if j != i) for i in range(size)]
    strength = [1.0] * size
    for _ in range(_MOST_STEPS):
        new = [
            won[i] / sum(games[i][j] / (strength[i] + strength[j]) for j in range(size) if j != i)
            for i in range(size)
        ]
        centre = math.exp(sum(map(math.log, new)) / size)
        new = [one / centre for one in new]
        moved = max(abs(one / before - 1) for one, before in zip(new, strength, strict=True))
        strength = new
        if moved < _CLOSE:
            break
    return [math.log(one) for one in strength]


def ranking(wins_by_prompt: Sequence[Wins], seed: int = 0) -> list[Strength]:
    """Return strengths with intervals from resampled prompts.

    Args:
        wins_by_prompt: One matrix for each prompt, all of the same size.
        seed: Draws the resamples.
    """
    if not wins_by_prompt or len(wins_by_prompt[0]) < 2:
        return []
    chance = random.Random(seed)
    logs = log_strengths(_added(wins_by_prompt))
    drawn = [
        _win_shares(log_strengths(_added(chance.choices(wins_by_prompt, k=len(wins_by_prompt)))))
        for _ in range(RESAMPLES)
    ]
    return [
        Strength(log, share, quantile(own, 0.025), quantile(own, 0.975))
        for log, share, own in zip(logs, _win_shares(logs), zip(*drawn, strict=True), strict=True)
    ]


def _added(matrices: Sequence[Wins]) -> list[list[float]]:
    size = len(matrices[0])
    return [[sum(one[i][j] for one in matrices) for j in range(size)] for i in range(size)]


def _win_shares(logs: Sequence[float]) -> list[float]:
    others = len(logs) - 1
    return [
        sum(1 / (1 + math.exp(theirs - own)) for j, theirs in enumerate(logs) if j != i) / others
        for i, own in enumerate(logs)
    ]
