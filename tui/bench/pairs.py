"""Every pair of targets by every metric: the times by round and prompt, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from tui.bench.plan import BenchPlan
from tui.bench.results import RequestResult
from tui.bench.statistics import median
from tui.bench.verdict import Verdict, compare, spread_of, unequal_answers

Metric = Literal["ttft_s", "tpot_s", "decode_tok_s", "e2e_s", "e2e_tok_s", "ttfa_s", "itl_s"]
COMPARED: tuple[Metric, ...] = ("e2e_s", "ttft_s", "tpot_s")
LEAST_TOKENS = 8
"""Fewer make no TPOT that could be compared."""
Grid = list[list[float | None]]
"""A metric by round and prompt."""


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """Two targets by one metric."""

    a: str
    b: str
    metric: Metric
    verdict: Verdict
    unequal: bool = False
    """Whether the answers differ so much in length that E2E is no measure of speed."""


def metric_grid(
    plan: BenchPlan, results: Sequence[RequestResult], target: str, metric: Metric
) -> Grid:
    """Return the metric by round and prompt; of several requests at once their median.

    A cell where at least half of the requests failed is missing.
    """
    cells: dict[tuple[int, int], list[float]] = {}
    for one in results:
        figures = one.figures
        if one.step.target != target or one.error is not None or figures is None:
            continue
        if metric == "tpot_s" and (figures.output_tokens or 0) < LEAST_TOKENS:
            continue
        if (value := getattr(figures, metric)) is not None:
            cells.setdefault((one.step.round_index, one.step.prompt_index), []).append(value)
    return [
        [
            median(found)
            if 2 * len(found := cells.get((row, prompt), [])) > plan.concurrency
            else None
            for prompt in range(len(plan.prompt_set.items))
        ]
        for row in range(plan.rounds)
    ]


def spread(plan: BenchPlan, results: Sequence[RequestResult]) -> float | None:
    """Return how much the conditions changed, by the times of whole answers."""
    series = []
    for target in plan.labels:
        grid = metric_grid(plan, results, target, "e2e_s")
        for prompt in range(len(plan.prompt_set.items)):
            series.append([value for row in grid if (value := row[prompt]) is not None])
    return spread_of([one for one in series if one])


def pair_verdicts(
    plan: BenchPlan, results: Sequence[RequestResult], changed: float | None
) -> tuple[PairVerdict, ...]:
    """Compare all pairs by all metrics; the error is shared among the pairs.

    Args:
        plan: What was measured.
        results: The requests.
        changed: From `spread`.
    """
    pairs = list(combinations(plan.labels, 2))
    grids = {
        (target, metric): metric_grid(plan, results, target, metric)
        for target in plan.labels
        for metric in COMPARED
    }
    found = []
    for a, b in pairs:
        unequal = _unequal(plan, results, a, b)
        for metric in COMPARED:
            verdict = compare(
                grids[a, metric],
                grids[b, metric],
                pairs=len(pairs),
                spread=changed,
                margin=math.log1p(plan.margin),
            )
            found.append(PairVerdict(a, b, metric, verdict, unequal and metric == "e2e_s"))
    return tuple(found)


def _unequal(plan: BenchPlan, results: Sequence[RequestResult], a: str, b: str) -> bool:
    medians: dict[str, list[float]] = {a: [], b: []}
    for prompt in range(len(plan.prompt_set.items)):
        for target in (a, b):
            tokens = [
                one.figures.output_tokens
                for one in results
                if one.step.target == target
                and one.step.prompt_index == prompt
                and one.error is None
                and one.figures is not None
                and one.figures.output_tokens is not None
            ]
            medians[target].append(median(tokens) if tokens else 0.0)
    return unequal_answers(medians[a], medians[b])
