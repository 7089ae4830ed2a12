"""A run as Markdown, for a colleague or a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.bench.pairs import Metric
from tui.bench.rating_summary import RatingSummary
from tui.bench.summary import Figure, Summary, TargetSummary
from tui.bench.wording import short_name, verdict_sentences
from tui.formats import UNKNOWN, format_bytes, format_duration, format_speed
from tui.foundry.text import clean_text

_COLUMNS = (
    "model", "TTFT", "TPOT", "decode", "E2E (95 %)", "ITL p95", "tokens", "failed", "checks",
    "load", "memory at load", "RSS peak", "rating",
)  # fmt: skip
LONGEST_ANSWER = 600
_CONDITIONS = (
    ("backend", "backend"), ("backend version", "backend_version"), ("system", "host_system"),
    ("machine", "machine"), ("cores", "cpu_count"), ("memory of the machine", "ram_total_bytes"),
    ("free at the start", "ram_available_bytes"), ("order", "order"), ("in memory", "memory"),
    ("concurrency", "concurrency"), ("seed", "seed"), ("temperature", "temperature"),
    ("Foundry TUI", "foundry_tui_version"), ("started", "started_at"),
)  # fmt: skip


def markdown_report(
    summary: Summary, ratings: RatingSummary | None = None, picture: str = ""
) -> str:
    """Return the whole report.

    Args:
        summary: The run, graded if its prompts have checks.
        ratings: What people said, once it may be seen.
        picture: Speed against memory against rating, as text.
    """
    plan = summary.plan
    means = {one.target: one.mean for one in ratings.targets} if ratings else {}
    prompts = len(plan.prompt_set.items)
    lines = [
        f"# Benchmark {summary.run_id}",
        "",
        f"{plan.rounds} rounds of {prompts} prompt{'' if prompts == 1 else 's'} "
        f"({_cell(plan.prompt_set.name)}, {plan.prompt_set.sha256[:12]}), at most "
        f"{plan.max_tokens} tokens, {plan.timeout_s:g} s a request.",
        "",
        *_table(_COLUMNS, [_row(one, means.get(one.facts.target)) for one in summary.targets]),
        "",
        "## Verdicts",
        "",
    ]
    sentences = [text for _, text in verdict_sentences(summary.verdicts)]
    if ratings is not None:
        sentences += [one.text for one in ratings.pairs]
    lines += [f"- {_text(one)}" for one in sentences or ("There is none.",)]
    if picture:
        lines += ["", "## Speed, memory and rating", "", "```text", picture.rstrip(), "```"]
    if summary.notes:
        lines += ["", "## Notes", "", *(f"- {_text(one)}" for one in summary.notes)]
    lines += ["", "## Conditions", "", *_conditions(summary.context)]
    lines += ["", "## Answers", "", *_answers(summary)]
    return "\n".join(lines) + "\n"


def _row(one: TargetSummary, rating: float | None) -> list[str]:
    metrics, facts = one.metrics, one.facts
    about = "~" if one.tokens_estimated else ""

    def time_of(metric: Metric) -> str:
        return format_duration(metrics[metric].median)

    return [
        _cell(short_name(facts.target)),
        time_of("ttft_s"),
        time_of("tpot_s"),
        format_speed(metrics["decode_tok_s"].median),
        f"{time_of('e2e_s')} {_interval(metrics['e2e_s'])}".strip(),
        format_duration(metrics["itl_s"].p95),
        UNKNOWN if one.output_tokens is None else f"{about}{one.output_tokens:g}",
        f"{one.failed} of {one.done + one.failed}",
        f"{one.passed} of {one.checked}" if one.checked else UNKNOWN,
        format_duration(facts.load_s),
        format_bytes(facts.load_bytes),
        format_bytes(facts.rss_peak_bytes),
        UNKNOWN if rating is None else f"{rating:.2f}",
    ]


def _interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"({format_duration(figure.low)} to {format_duration(figure.high)})"


def _conditions(context: Mapping[str, Any]) -> list[str]:
    rows = []
    for label, key in _CONDITIONS:
        value = context.get(key)
        if value not in (None, ""):
            shown = format_bytes(value) if key.endswith("_bytes") else str(value)
            rows.append([label, _cell(shown)])
    seen = context.get("conditions", {})
    for label, key, unit in (
        ("CPU clock", "cpu_frequency_mhz", "MHz"),
        ("temperature", "temperature_c", "°C"),
        ("power", "power_w", "W"),
        ("load average", "load_average_1min", ""),
    ):
        if key in seen:
            least, most = seen[key]["least"], seen[key]["most"]
            rows.append([label, f"{least:.4g} to {most:.4g} {unit}".strip()])
    if seen.get("background_cpu_percent") is not None:
        rows.append(["CPU of other programs", f"{seen['background_cpu_percent']:.0f} %"])
    if seen.get("power_source"):
        rows.append(["power source", str(seen["power_source"])])
    return _table(("condition", "value"), rows)


def _answers(summary: Summary) -> list[str]:
    """Return the first answer of each target to each prompt."""
    lines = []
    for index, prompt in enumerate(summary.plan.prompt_set.items):
        lines += [f"### {index + 1}. {_text(prompt.name or prompt.text)[:80]}", ""]
        if prompt.name:
            lines += _quoted(prompt.text)
        for target in summary.targets:
            label = target.facts.target
            found = next(
                (
                    one.figures.text
                    for one in summary.requests
                    if one.step.target == label
                    and one.step.prompt_index == index
                    and one.error is None
                    and one.figures is not None
                ),
                None,
            )
            said = "(no answer)" if found is None else found
            lines += [f"**{_cell(short_name(label))}**", "", *_quoted(said)]
    return lines


def _quoted(text: str) -> list[str]:
    """What a model wrote must not become part of the report's own structure."""
    clean = clean_text(text).strip()
    if len(clean) > LONGEST_ANSWER:
        clean = f"{clean[:LONGEST_ANSWER]} …"
    fence = "```"
    while fence in clean:
        fence += "`"
    return [f"{fence}text", clean, fence, ""]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    clean = " ".join(clean_text(text, False).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>#" else char for char in clean)
