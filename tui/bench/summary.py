"""A run in numbers: per target medians with intervals, per pair a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tui.bench.checks import Outcome
from tui.bench.grading import grade
from tui.bench.notes import run_notes
from tui.bench.pairs import COMPARED, Metric, PairVerdict, pair_verdicts, spread
from tui.bench.plan import BenchPlan
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.statistics import median, order_interval, quantile
from tui.foundry.errors import TimedOut

__all__ = [
    "COMPARED", "METRICS", "SCHEMA", "Figure", "Metric", "PairVerdict", "Summary", "TargetSummary",
    "figure_of", "graded", "summarize",
]  # fmt: skip

SCHEMA = 1
METRICS: tuple[Metric, ...] = (
    "ttft_s", "tpot_s", "decode_tok_s", "e2e_s", "e2e_tok_s", "ttfa_s", "itl_s",
)  # fmt: skip
P90_FROM, P95_FROM, P99_FROM = 30, 60, 300


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one target."""

    n: int = 0
    median: float | None = None
    low: float | None = None
    """95 % interval of the median, from order statistics; None for pooled gaps, as the gaps of one
    answer are not independent."""
    high: float | None = None
    p90: float | None = None
    """None below `P90_FROM` values, and so on."""
    p95: float | None = None
    largest: float | None = None
    p99: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "n": self.n,
            "median": self.median,
            "ci95": [self.low, self.high],
            "p90": self.p90,
            "p95": self.p95,
            "p99": self.p99,
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
    failures: Mapping[str, int] = field(default_factory=dict)
    """How many failed for which reason, by its stable word."""
    tokens_estimated: bool = False
    """Whether tokens were counted by pieces, as the server sent no usage."""
    tokens_per_piece: float | None = None
    """Median; above 1 the server sends several tokens at once, and ITL is the gap between those."""
    throughput_tok_s: float | None = None
    """Tokens of all requests together by the time that they took together."""
    checked: int = 0
    """Answers with checks; of a summary that was graded."""
    passed: int = 0
    """Answers that passed all of theirs. A failed request passes none."""


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
    outcomes: Mapping[int, tuple[Outcome, ...]] = field(default_factory=dict)
    """What came of each answer's checks, by its sequence number; of a summary that was graded."""

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
                    "unequal_answers": one.unequal,
                    "ruled_out": one.verdict.ruled_out,
                    "reason": one.verdict.reason,
                    "text": verdict_text(one),
                }
                for one in self.verdicts
            ],
            "requests": [self._request_dict(one) for one in self.requests],
            "notes": list(self.notes),
        }

    def _request_dict(self, one: RequestResult) -> dict[str, Any]:
        outcomes = self.outcomes.get(one.step.sequence, ())
        checks = [
            {**done.check.as_dict(), "passed": done.passed, "reason": done.reason or None}
            for done in outcomes
        ]
        return one.as_dict() | {"checks": checks}


def summarize(
    run_id: str,
    plan: BenchPlan,
    context: Mapping[str, Any],
    facts: Mapping[str, TargetFacts],
    results: Sequence[RequestResult],
    *,
    verdicts: bool = True,
) -> Summary:
    """Sum up a run; answers are not graded here, see `graded`.

    Args:
        run_id: Its name.
        plan: What was to be measured.
        context: Its conditions.
        facts: What is known of the targets, by label.
        results: The requests so far.
        verdicts: Whether to compare: only at the end, since a look after each round would find
            differences that are none.
    """
    targets = tuple(
        _summarize_target(facts.get(label, TargetFacts(label)), results, plan.concurrency)
        for label in plan.labels
    )
    changed = spread(plan, results)
    whole = _is_whole(plan, facts, results)
    # How many rounds there are is fixed before the start: a verdict at whatever point somebody
    # chose to stop is wrong too often. One target after the other, drift makes differences.
    in_turn = context.get("order", plan.order) != "sequential"
    comparable = verdicts and whole and in_turn
    pairs = pair_verdicts(plan, results, changed) if comparable else ()
    medians = {
        one.facts.target: (one.metrics["ttft_s"].median, one.metrics["tpot_s"].median)
        for one in targets
    }
    late = any(one.error_code == TimedOut.code for one in results)
    done = None if whole else len(results)
    notes = run_notes(plan, context, medians, changed, late, done) if verdicts else ()
    return Summary(run_id, plan, context, targets, pairs, tuple(results), changed, notes)


def _is_whole(
    plan: BenchPlan, facts: Mapping[str, TargetFacts], results: Sequence[RequestResult]
) -> bool:
    """Tell whether a run came to its end: all were asked to the last, but those left out."""
    made = Counter(one.step.target for one in results)
    each = plan.request_count // len(plan.labels)
    short = [label for label in plan.labels if made[label] < each]
    left_out = [label for label in short if label in facts and facts[label].error is not None]
    return short == left_out and len(short) < len(plan.labels)


def graded(summary: Summary) -> Summary:
    """Return the summary with every answer put through its checks.

    Blocks for some milliseconds where there are patterns among them: call it off the event loop.
    """
    items = summary.plan.prompt_set.items
    if not summary.plan.prompt_set.checked:
        return summary
    asked = [one for one in summary.requests if items[one.step.prompt_index].checks]
    answers = [(one, one.figures.text) for one in asked if one.error is None and one.figures]
    found = grade([(items[one.step.prompt_index], text) for one, text in answers])
    outcomes = {one.step.sequence: result for (one, _), result in zip(answers, found, strict=True)}
    checked, passed = Counter[str](), Counter[str]()
    for one in asked:
        results = outcomes.get(one.step.sequence, ())
        checked[one.step.target] += 1
        passed[one.step.target] += bool(results) and all(result.passed for result in results)
    targets = tuple(
        replace(one, checked=checked[one.facts.target], passed=passed[one.facts.target])
        for one in summary.targets
    )
    return replace(summary, targets=targets, outcomes=outcomes)


def figure_of(values: Sequence[float], *, independent: bool = True) -> Figure:
    """Return median, interval and the percentiles that so many values support.

    Args:
        values: In any order.
        independent: Whether each comes from a request of its own; else there is no interval.
    """
    if not values:
        return Figure()
    ordered, count = sorted(values), len(values)
    low, high = order_interval(ordered) if independent else (None, None)
    return Figure(
        count,
        median(ordered),
        low,
        high,
        quantile(ordered, 0.9) if count >= P90_FROM else None,
        quantile(ordered, 0.95) if count >= P95_FROM else None,
        ordered[-1],
        quantile(ordered, 0.99) if count >= P99_FROM else None,
    )


def _summarize_target(
    facts: TargetFacts, results: Sequence[RequestResult], concurrency: int
) -> TargetSummary:
    own = [one for one in results if one.step.target == facts.target]
    good = [one for one in own if one.error is None and one.figures is not None]
    figures = [one.figures for one in good if one.figures is not None]
    metrics: dict[Metric, Figure] = {
        metric: figure_of([value for one in figures if (value := getattr(one, metric)) is not None])
        for metric in METRICS
        if metric != "itl_s"
    }
    gaps = [gap for one in figures for gap in one.itl_s]
    metrics["itl_s"] = figure_of(gaps, independent=False)
    tokens = [one.output_tokens for one in figures if one.output_tokens is not None]
    pieces = [
        one.output_tokens / (len(one.itl_s) + 1)
        for one in figures
        if one.output_tokens and not one.tokens_estimated and one.ttft_s is not None
    ]
    failed = [one for one in own if one.error is not None]
    return TargetSummary(
        facts,
        metrics,
        len(good),
        len(failed),
        median(tokens) if tokens else None,
        failed[-1].error if failed else None,
        Counter(one.error_code or "failed" for one in failed),
        any(one.tokens_estimated for one in figures),
        median(pieces) if pieces else None,
        _throughput(good, concurrency),
    )


def _throughput(good: Sequence[RequestResult], concurrency: int) -> float | None:
    """Return tokens a second over all bursts; what a burst took is what its last request took."""
    tokens = 0
    took_s: dict[int, float] = {}
    for one in good:
        if one.took_s is None or one.figures is None:
            return None
        tokens += one.figures.output_tokens or 0
        burst = one.step.sequence // concurrency
        took_s[burst] = max(took_s.get(burst, 0.0), one.took_s)
    total_s = sum(took_s.values())
    return tokens / total_s if total_s > 0 else None


def _target_dict(one: TargetSummary) -> dict[str, Any]:
    facts = one.facts
    return {
        "target": facts.target,
        "variant": facts.variant_id or None,
        "device": facts.device or None,
        "execution_provider": facts.execution_provider or None,
        "size_bytes": facts.size_bytes,
        "endpoint": facts.endpoint or None,
        "api": facts.api,
        "load_s": facts.load_s,
        "load_times_s": list(facts.load_times_s),
        "load_bytes": facts.load_bytes,
        "warm_up_requests": facts.warm_up_requests,
        "steady_at_start": facts.steady,
        "rss_peak_bytes": facts.rss_peak_bytes,
        "rss_mean_bytes": facts.rss_mean_bytes,
        "cpu_percent": facts.cpu_percent,
        "done": one.done,
        "failed": one.failed,
        "failures": dict(one.failures),
        "output_tokens_median": one.output_tokens,
        "tokens_estimated": one.tokens_estimated,
        "tokens_per_piece": one.tokens_per_piece,
        "throughput_tok_s": one.throughput_tok_s,
        "answers_checked": one.checked,
        "answers_passed": one.passed,
        "error": facts.error or one.last_error,
        **{metric: figure.as_dict() for metric, figure in one.metrics.items()},
    }
