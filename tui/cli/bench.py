"""`bench --models A,B`, with prompts, rounds, token limit, time limit and a CSV file."""

from __future__ import annotations

import asyncio
from functools import partial

from tui.bench import events as happened
from tui.bench.export import export_csv
from tui.bench.plan_file import save_plan
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.summary import Figure, Summary, TargetSummary
from tui.bench.wording import verdict_sentences
from tui.cli.bench_plan import asked_plan, resolved
from tui.cli.execute import SOME_FAILED, Context
from tui.cli.output import Output, table
from tui.database import Database
from tui.formats import UNKNOWN, format_bytes, format_duration, format_speed
from tui.foundry.text import clean_text
from tui.foundry.types import LoadResult
from tui.session import connect_endpoint

HEADINGS = (
    "MODEL",
    "TTFT",
    "TPOT",
    "DECODE",
    "E2E",
    "E2E 95 %",
    "TOKENS",
    "OK",
    "LOAD",
    "RSS PEAK",
)


class _Watch:
    """Shows how far the run is, and keeps its last summary."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._done = self._total = 0
        self.summary: Summary | None = None
        self.loads: list[LoadResult] = []

    def take(self, event: happened.BenchEvent) -> None:
        match event:
            case happened.RunStarted():
                self._total = event.plan.request_count
            case happened.TargetLoading():
                self._output.progress(event.target, "loading", {"message": "loading"})
            case happened.TargetLoaded():
                self.loads.append(event.result)
                self._output.progress(event.target, "warming up", {"message": "warming up"})
            case happened.TargetFailed():
                self._output.warning(clean_text(f"{event.target}: {event.error}", False))
            case happened.Trouble():
                self._output.warning(clean_text(event.message, False))
            case happened.RequestFinished():
                self._done += 1
                self._output.progress(
                    "bench",
                    f"{self._done} of {self._total} requests",
                    {"done": self._done, "total": self._total},
                )
            case happened.RunFinished():
                self.summary = event.summary


async def run(context: Context) -> int:
    """Measure models side by side; what was measured is kept whatever happens."""
    plan = asked_plan(context)
    watch = _Watch(context.output)
    database = Database(context.session.paths.database)
    try:
        async with context.backend() as backend:
            plan = resolved(plan, await backend.models())
            if context.arguments.save_plan is not None:
                save_plan(plan, context.arguments.save_plan)
            try:
                summary = await run_bench(
                    plan,
                    backend,
                    Recorder(database),
                    watch.take,
                    open_endpoint=partial(connect_endpoint, context.session),
                )
            finally:
                for load in watch.loads:
                    await context.remember_load(backend.info, load)
    except asyncio.CancelledError:
        if watch.summary is not None and watch.summary.requests:
            context.output.warning("Stopped early; these are the requests until then.")
            _report(context, watch.summary)
        raise
    finally:
        database.close()
    _report(context, summary)
    failed = any(one.failed or one.facts.error for one in summary.targets)
    if not any(one.done for one in summary.targets):
        return 1
    return SOME_FAILED if failed else 0


def _report(context: Context, summary: Summary) -> None:
    if context.arguments.csv is not None:
        export_csv(summary, context.arguments.csv)
    context.output.result(summary.as_dict(), _text(summary))
    if context.arguments.csv is not None:
        context.output.hint(f"Wrote {context.arguments.csv}")


def _text(summary: Summary) -> str:
    rows = [_row(one) for one in summary.targets]
    lines = [table(HEADINGS, rows, right=range(1, len(HEADINGS))), ""]
    lines += [sentence for _, sentence in verdict_sentences(summary.verdicts)]
    for one in summary.targets:
        if problem := one.facts.error or one.last_error:
            lines.append(f"{one.facts.target}: {problem}")
        if not one.facts.steady:
            lines.append(f"{one.facts.target}: times had not settled when measuring began")
    lines += summary.notes
    plan = summary.plan
    prompts = len(plan.prompt_set.prompts)
    lines.append(
        f"Medians over {plan.rounds} interleaved rounds of {prompts} "
        f"{'prompt' if prompts == 1 else 'prompts'}, at most {plan.max_tokens} tokens. "
        f"Run {summary.run_id}."
    )
    return "\n".join(clean_text(line) for line in lines)


def _row(one: TargetSummary) -> list[str]:
    metrics, facts = one.metrics, one.facts
    return [
        facts.target,
        format_duration(metrics["ttft_s"].median),
        format_duration(metrics["tpot_s"].median),
        format_speed(metrics["decode_tok_s"].median),
        format_duration(metrics["e2e_s"].median),
        _interval(metrics["e2e_s"]),
        UNKNOWN if one.output_tokens is None else f"{one.output_tokens:g}",
        f"{one.done}/{one.done + one.failed}",
        format_duration(facts.load_s),
        format_bytes(facts.rss_peak_bytes),
    ]


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return UNKNOWN
    return f"{format_duration(figure.low)} to {format_duration(figure.high)}"
