"""Side-by-side columns of a run, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.bench.summary import Figure, Metric, Summary, TargetSummary
from tui.bench.verdict import SPREAD_LIMIT
from tui.bench.wording import short_name, verdict_sentences
from tui.formats import UNKNOWN, format_bytes, format_duration, format_speed
from tui.foundry.text import clean_text
from tui.widgets.meter import bar

LABEL_WIDTH = 10
BAR_WIDTH = 6
LEAST_COLUMN = 20
METRIC_ROWS: tuple[tuple[str, Metric, Callable[[float], str]], ...] = (
    ("TTFT", "ttft_s", format_duration),
    ("decode", "decode_tok_s", format_speed),
    ("per token", "tpot_s", format_duration),
    ("E2E", "e2e_s", format_duration),
)


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """What a target is doing now."""

    state: str
    text: str = ""


def columns_text(summary: Summary, live: Mapping[str, LiveColumn], width: int) -> Content:
    """Write the table: a line a metric, a column a target.

    Args:
        summary: What has been measured so far.
        live: What each target is doing, by id.
        width: Cells.
    """
    targets = summary.targets
    column = max(LEAST_COLUMN, (width - LABEL_WIDTH) // max(1, len(targets)))
    rows: list[tuple[str, list[Content]]] = [
        ("", [_name(one) for one in targets]),
        ("now", [_now(live.get(one.facts.target), column) for one in targets]),
    ]
    for label, metric, write in METRIC_ROWS:
        figures = [one.metrics[metric] for one in targets]
        largest = max((one.median for one in figures if one.median is not None), default=0.0)
        rows.append((label, [_figure(one, largest, write, column) for one in figures]))
    rows += [
        ("tokens", [Content(_tokens(one)) for one in targets]),
        ("memory", [Content(_memory(one)) for one in targets]),
        ("load", [Content(format_duration(one.facts.load_s)) for one in targets]),
        ("failed", [_failed(one) for one in targets]),
    ]
    return Content("\n").join(_line(label, cells, column) for label, cells in rows)


def verdict_lines(summary: Summary) -> Content:
    """Write verdicts and conditions."""
    lines = []
    for one, sentence in verdict_sentences(summary.verdicts):
        tone = {"faster": "$text-success", "slower": "$text-success"}.get(one.verdict.kind, "")
        lines.append(Content.assemble((sentence, tone)))
    context = summary.context
    spread = summary.spread
    steadiness = ""
    if spread is not None:
        word = "steady" if spread <= SPREAD_LIMIT else "changing"
        steadiness = f" · conditions {word} (spread {spread:.1f}x)"
    digest = str(context.get("prompt_set_sha256", ""))[:6]
    lines.append(
        Content.styled(
            f"{context.get('prompt_set')} ({digest}…) · {context.get('rounds')} rounds · seed "
            f"{context.get('seed')} · {context.get('backend')} "
            f"{context.get('backend_version')}{steadiness}",
            "$text-muted",
        )
    )
    return Content("\n").join(lines)


def _line(label: str, cells: Sequence[Content], column: int) -> Content:
    parts = [Content.styled(f"{label:<{LABEL_WIDTH}}", "$text-muted")]
    parts += [_padded(cell, column) for cell in cells]
    return Content("").join(parts)


def _padded(cell: Content, width: int) -> Content:
    cell = cell.truncate(width - 2, ellipsis=True)
    return cell.pad_right(max(0, width - cell.cell_length))


def _name(one: TargetSummary) -> Content:
    return Content.styled(clean_text(short_name(one.facts.target), False), "b $primary")


def _now(live: LiveColumn | None, column: int) -> Content:
    if live is None:
        return Content("")
    if live.text:
        text = " ".join(clean_text(live.text).split())
        shown = text if len(text) < column - 2 else f"…{text[-(column - 4) :]}"
        return Content(shown)
    return Content.styled(live.state, "$text-muted")


def _figure(figure: Figure, largest: float, write: Callable[[float], str], column: int) -> Content:
    if figure.median is None:
        return Content.styled(UNKNOWN, "$text-muted")
    parts: list[Content | str | tuple[str, str]] = []
    if column >= LEAST_COLUMN + BAR_WIDTH + 8 and largest > 0:
        parts.append((f"{bar(figure.median / largest, BAR_WIDTH)} ", "$primary"))
    parts.append((write(figure.median), "b"))
    if figure.low is not None and figure.high is not None:
        parts.append((f"  {_range(figure.low, figure.high, write)}", "$text-muted"))
    return Content.assemble(*parts)


def _range(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write an interval with its unit once, where both ends have the same."""
    first, last = write(low), write(high)
    number, _, unit = first.rpartition(" ")
    if number and last.endswith(f" {unit}"):
        first = number
    return f"{first} to {last}"


def _tokens(one: TargetSummary) -> str:
    return UNKNOWN if one.output_tokens is None else f"{one.output_tokens:.0f} an answer"


def _memory(one: TargetSummary) -> str:
    grew = one.facts.load_bytes
    peak = one.facts.rss_peak_bytes
    parts = []
    if grew is not None:
        parts.append(f"+{format_bytes(grew)} at load")
    if peak is not None:
        parts.append(f"peak {format_bytes(peak)} in all")
    return " · ".join(parts) or UNKNOWN


def _failed(one: TargetSummary) -> Content:
    if one.facts.error:
        return Content.styled(clean_text(one.facts.error, False), "$text-error")
    total = one.done + one.failed
    if one.failed:
        reason = clean_text(one.last_error or "", False)
        return Content.styled(f"{one.failed} of {total}  {reason}", "$text-error")
    return Content(f"0 of {total}")
