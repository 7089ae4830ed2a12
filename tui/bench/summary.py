"""A run in numbers: per target medians with intervals, per pair a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

from tui.bench.plan import BenchPlan
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.statistics import median, order_interval, quantile
from tui.bench.verdict import Verdict, compare, spread_of, unequal_answers

SCHEMA = 1
Metric = Literal["ttft_s", "tpot_s", "decode_tok_s", "e2e_s", "e2e_tok_s"]
METRICS: tuple[Metric, ...] = ("ttft_s", "tpot_s", "decode_tok_s", "e2e_s", "e2e_tok_s")
COMPARED: tuple[Metric, ...] = ("e2e_s", "ttft_s", "tpot_s")
LEAST_TOKENS = 8
"""Fewer make no TPOT that could be compared."""
P90_FROM, P95_FROM = 30, 60


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one target."""

    n: int = 0
    median: float | None = None
    low: float | None = None
    """95 % interval of the median, from order statistics."""
    high: float | None = None
    p90: float | None = None
    """None below `P90_FROM` values."""
    p95: float | None = None
    largest: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "n": self.n,
            "median": self.median,
            "ci95": [self.low, self.high],
            "p90": self.p90,
            "p95": self.p95,
            "max": self.largest,
        }


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """One target."""

    facts: TargetFacts
    metrics: Mapping[Metric, Figure]
    done: int
    failed: int
    output_tokens: float | None
    """Median."""
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """Two targets by one metric."""

    a: str
    b: str
    metric: Metric
    verdict: Verdict
    unequal: bool = False
    """Whether the answers differ so much in length that E2E is no measure of speed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The run so far, or as a whole."""

    run_id: str
    plan: BenchPlan
    context: Mapping[str, Any]
    targets: tuple[TargetSummary, ...]
    verdicts: tuple[PairVerdict, ...] = ()
    requests: tuple[RequestResult, ...] = ()
    spread: float | None = None
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return the run in the shape that `--json` and the export have."""
        from tui.bench.plan_file import plan_dict
        from tui.bench.wording import verdict_text

        return {
            "schema": SCHEMA,
            "run_id": self.run_id,
            "context": dict(self.context),
            "plan": plan_dict(self.plan),
            "spread": self.spread,
            "targets": [_target_dict(one) for one in self.targets],
            "verdicts": [
                {
                    "a": one.a,
                    "b": one.b,
                    "metric": one.metric,
                    "verdict": one.verdict.kind,
                    "ratio": one.verdict.ratio,
                    "ci": [one.verdict.low, one.verdict.high],
                    "alpha": one.verdict.alpha,
                    "rounds": one.verdict.rounds,
                    "prompts": one.verdict.prompts,
                    "under_load": one.verdict.under_load,
                    "reason": one.verdict.reason,
                    "text": verdict_text(one),
                }
                for one in self.verdicts
            ],
            "requests": [one.as_dict() for one in self.requests],
            "notes": list(self.notes),
        }


def summarize(
    run_id: str,
    plan: BenchPlan,
    context: Mapping[str, Any],
    facts: Mapping[str, TargetFacts],
    results: Sequence[RequestResult],
    *,
    verdicts: bool = True,
) -> Summary:
    """Sum up what has been measured; may be called at any time of a run.

    Args:
        run_id: Name of the run.
        plan: What was to be measured.
        context: Its conditions.
        facts: What is known of the targets, by id.
        results: The requests so far.
        verdicts: Whether to compare: only at the end, since a look after each round would find
            differences that are none.
    """
    targets = tuple(
        _summarize_target(facts.get(label, TargetFacts(label)), results) for label in plan.labels
    )
    spread = _spread(plan, results)
    pairs = _verdicts(plan, results, spread) if verdicts else ()
    return Summary(run_id, plan, context, targets, pairs, tuple(results), spread)


def figure_of(values: Sequence[float]) -> Figure:
    """Return median, interval and the percentiles that so many values support."""
    if not values:
        return Figure()
    low, high = order_interval(values)
    return Figure(
        len(values),
        median(values),
        low,
        high,
        quantile(values, 0.9) if len(values) >= P90_FROM else None,
        quantile(values, 0.95) if len(values) >= P95_FROM else None,
        max(values),
    )


def _summarize_target(facts: TargetFacts, results: Sequence[RequestResult]) -> TargetSummary:
    own = [one for one in results if one.step.target == facts.target]
    good = [one.figures for one in own if one.error is None and one.figures is not None]
    metrics: dict[Metric, Figure] = {
        metric: figure_of([value for one in good if (value := getattr(one, metric)) is not None])
        for metric in METRICS
    }
    errors = [one.error for one in own if one.error is not None]
    tokens = [one.output_tokens for one in good if one.output_tokens is not None]
    return TargetSummary(
        facts,
        metrics,
        len(good),
        len(errors),
        median(tokens) if tokens else None,
        errors[-1] if errors else None,
    )


def _grid(
    plan: BenchPlan, results: Sequence[RequestResult], target: str, metric: Metric
) -> list[list[float | None]]:
    """Return the metric by round and prompt."""
    grid: list[list[float | None]] = [
        [None] * len(plan.prompt_set.prompts) for _ in range(plan.rounds)
    ]
    for one in results:
        figures = one.figures
        if one.step.target != target or one.error is not None or figures is None:
            continue
        if metric == "tpot_s" and (figures.output_tokens or 0) < LEAST_TOKENS:
            continue
        grid[one.step.round_index][one.step.prompt_index] = getattr(figures, metric)
    return grid


def _spread(plan: BenchPlan, results: Sequence[RequestResult]) -> float | None:
    series = []
    for target in plan.labels:
        grid = _grid(plan, results, target, "e2e_s")
        for prompt in range(len(plan.prompt_set.prompts)):
            series.append([value for row in grid if (value := row[prompt]) is not None])
    return spread_of([one for one in series if one])


def _verdicts(
    plan: BenchPlan, results: Sequence[RequestResult], spread: float | None
) -> tuple[PairVerdict, ...]:
    pairs = list(combinations(plan.labels, 2))
    found = []
    for a, b in pairs:
        unequal = _unequal(plan, results, a, b)
        for metric in COMPARED:
            verdict = compare(
                _grid(plan, results, a, metric),
                _grid(plan, results, b, metric),
                pairs=len(pairs),
                spread=spread,
            )
            found.append(PairVerdict(a, b, metric, verdict, unequal and metric == "e2e_s"))
    return tuple(found)


def _unequal(plan: BenchPlan, results: Sequence[RequestResult], a: str, b: str) -> bool:
    medians: dict[str, list[float]] = {a: [], b: []}
    for prompt in range(len(plan.prompt_set.prompts)):
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


def _target_dict(one: TargetSummary) -> dict[str, Any]:
    facts = one.facts
    return {
        "target": facts.target,
        "load_s": facts.load_s,
        "load_bytes": facts.load_bytes,
        "warm_up_requests": facts.warm_up_requests,
        "steady_at_start": facts.steady,
        "rss_peak_bytes": facts.rss_peak_bytes,
        "rss_mean_bytes": facts.rss_mean_bytes,
        "done": one.done,
        "failed": one.failed,
        "output_tokens_median": one.output_tokens,
        "error": facts.error or one.last_error,
        **{metric: figure.as_dict() for metric, figure in one.metrics.items()},
    }
