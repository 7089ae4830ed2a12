"""A run as text, and how far it is."""

from __future__ import annotations

from tui.bench import events as happened
from tui.bench.summary import Figure, Summary, TargetSummary
from tui.bench.wording import short_name, verdict_sentences
from tui.cli.output import Output, table
from tui.formats import UNKNOWN, format_bytes, format_duration, format_speed
from tui.foundry.text import clean_text
from tui.foundry.types import LoadResult

HEADINGS = (
    "MODEL", "TTFT", "TPOT", "DECODE", "E2E", "E2E 95 %", "TOKENS", "OK", "LOAD", "RSS PEAK",
)  # fmt: skip


class RunWatch:
    """Shows how far a run is, and keeps what is asked for at its end."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.run_id = ""
        self.summary: Summary | None = None
        self.stopped = False
        """Whether the run could not go on."""
        self.loads: list[LoadResult] = []

    def take(self, event: happened.BenchEvent) -> None:
        """Take in what happened."""
        output = self._output
        match event:
            case happened.RunStarted():
                again, self.run_id = self.run_id == event.run_id, event.run_id
                if event.earlier and not again:
                    output.hint(f"Going on after {len(event.earlier)} requests.")
            case happened.OrderSettled(one_at_a_time=True):
                output.hint(f"One model in memory at a time: {event.reason}.")
            case happened.TargetLoading():
                output.progress(event.target, "loading", {"message": "loading"})
            case happened.TargetProgress(progress=progress):
                words = progress.message or "loading"
                share = "" if progress.fraction is None else f" {progress.fraction:.0%}"
                values = {"message": words, "fraction": progress.fraction}
                output.progress(event.target, clean_text(words + share, False), values)
            case happened.TargetLoaded():
                self.loads.append(event.result)
                output.progress(event.target, "warming up", {"message": "warming up"})
            case happened.TargetFailed():
                output.warning(clean_text(f"{event.target}: {event.error}", False))
            case happened.Trouble():
                output.warning(clean_text(event.message, False))
            case happened.TimeLeft():
                self._tell_time(event)
            case happened.RunFinished():
                self.summary, self.stopped = event.summary, event.stopped

    def _tell_time(self, event: happened.TimeLeft) -> None:
        text = f"{event.done} of {event.total} requests"
        if event.left_s is not None:
            text += f", {format_duration(event.left_s)} left"
        values = {"done": event.done, "total": event.total, "left_s": event.left_s}
        self._output.progress("bench", text, values)


def summary_text(summary: Summary) -> str:
    """Return the table, the verdicts, and what has to be said."""
    names = {one.facts.target: short_name(one.facts.target) for one in summary.targets}
    if len(set(names.values())) < len(names):
        names = {label: label for label in names}
    rows = [[names[one.facts.target], *_row(one)] for one in summary.targets]
    lines = [table(HEADINGS, rows, right=range(1, len(HEADINGS))), ""]
    lines += [sentence for _, sentence in verdict_sentences(summary.verdicts)]
    for one in summary.targets:
        lines += [f"{names[one.facts.target]}: {line}" for line in _about(one)]
        if summary.plan.concurrency > 1 and one.throughput_tok_s is not None:
            speed = format_speed(one.throughput_tok_s)
            lines.append(f"{names[one.facts.target]}: {speed} in all, over requests at once")
    lines += summary.notes
    plan = summary.plan
    prompts = len(plan.prompt_set.items)
    order = summary.context.get("order", plan.order)
    at_once = f", {plan.concurrency} requests at once" if plan.concurrency > 1 else ""
    lines.append(
        f"Medians over {plan.rounds} rounds ({order}) of {prompts} "
        f"{'prompt' if prompts == 1 else 'prompts'}, at most {plan.max_tokens} tokens{at_once}. "
        f"Run {summary.run_id}."
    )
    return "\n".join(clean_text(line) for line in lines)


def _about(one: TargetSummary) -> list[str]:
    facts = one.facts
    lines = []
    if problem := facts.error or one.last_error:
        kinds = ", ".join(f"{count} {kind}" for kind, count in one.failures.items())
        lines.append(f"{problem}{f' ({kinds})' if kinds else ''}")
    if not facts.steady:
        lines.append("times had not settled when measuring began")
    if one.tokens_estimated:
        lines.append("~ tokens are counted by pieces, as the server sent no usage")
    elif one.tokens_per_piece is not None and one.tokens_per_piece > 1.5:
        lines.append(f"{one.tokens_per_piece:.1f} tokens arrive at once; ITL is the gap between")
    if one.checked:
        lines.append(f"{one.passed} of {one.checked} answers passed their checks")
    return lines


def _row(one: TargetSummary) -> list[str]:
    metrics, facts = one.metrics, one.facts
    about = "~" if one.tokens_estimated else ""
    return [
        format_duration(metrics["ttft_s"].median),
        format_duration(metrics["tpot_s"].median),
        format_speed(metrics["decode_tok_s"].median),
        format_duration(metrics["e2e_s"].median),
        _interval(metrics["e2e_s"]),
        UNKNOWN if one.output_tokens is None else f"{about}{one.output_tokens:g}",
        f"{one.done}/{one.done + one.failed}",
        format_duration(facts.load_s),
        format_bytes(facts.rss_peak_bytes),
    ]


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return UNKNOWN
    return f"{format_duration(figure.low)} to {format_duration(figure.high)}"
