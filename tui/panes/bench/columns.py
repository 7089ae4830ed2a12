"""Side-by-side columns of a run, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from tui.bench.rating_summary import RatingSummary, TargetRating
from tui.bench.rating_wording import mean_text, win_text
from tui.bench.ratings import CRITERIA
from tui.bench.summary import Figure, Metric, Summary, TargetSummary
from tui.bench.wording import short_name
from tui.formats import UNKNOWN, format_bytes, format_duration, format_speed
from tui.foundry.text import clean_text
from tui.panes.bench.live import LiveColumn
from tui.widgets.glyphs import BLOCKS, Glyphs
from tui.widgets.meter import bar, strip

LABEL_WIDTH = 10
BAR_WIDTH, SHORT_BAR_WIDTH = 6, 4
LEAST_COLUMN, SHORT_BAR_FROM, BAR_FROM = 20, 28, 36
GAP = 2
METRIC_ROWS: tuple[tuple[str, Metric, Callable[[float], str], bool], ...] = (
    ("TTFT", "ttft_s", format_duration, True),
    ("decode", "decode_tok_s", format_speed, True),
    ("per token", "tpot_s", format_duration, False),
    ("E2E", "e2e_s", format_duration, True),
)
"""Label, metric, how it is written, and whether its single requests are drawn."""

Cells = list[Content]


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands beside the figures.

    Args:
        live: What each target is doing, by label; empty for a run that is over.
        ratings: What the ratings come to, if there are any.
        strips: Whether there is room for the distributions.
        glyphs: What to draw with.
    """

    live: Mapping[str, LiveColumn]
    ratings: RatingSummary | None = None
    strips: bool = True
    glyphs: Glyphs = BLOCKS


def columns_text(summary: Summary, shown: Shown, width: int) -> Content:
    """Write the table: a line a metric, a column a target; what does not fit stands below.

    Args:
        summary: What has been measured so far.
        shown: What stands beside the figures.
        width: Cells.
    """
    targets = summary.targets
    abreast = max(1, min(len(targets), (width - LABEL_WIDTH) // LEAST_COLUMN))
    column = (width - LABEL_WIDTH) // abreast
    blocks = []
    for first in range(0, len(targets), abreast):
        rows = _rows(summary, targets[first : first + abreast], shown, column)
        blocks.append(Content("\n").join(_line(label, cells, column) for label, cells in rows))
    return Content("\n\n").join(blocks)


def _rows(
    summary: Summary, targets: Sequence[TargetSummary], shown: Shown, column: int
) -> list[tuple[str, Cells]]:
    live = [shown.live.get(one.facts.target) for one in targets]
    rows: list[tuple[str, Cells]] = [("", [_name(one) for one in targets])]
    if any(live):
        total = summary.plan.request_count // len(summary.targets)
        rows.append(("done", [_progress(one, total, column, shown.glyphs) for one in live]))
        rows.append(("now", [_now(one, column) for one in live]))
    for label, metric, write, drawn in METRIC_ROWS:
        medians = [one.metrics[metric].median for one in summary.targets]
        largest = max((value for value in medians if value is not None), default=0.0)
        figures = [one.metrics[metric] for one in targets]
        rows.append(
            (label, [_figure(one, largest, write, column, shown.glyphs) for one in figures])
        )
        if drawn and shown.strips and largest:
            rows.append(("", _strips(summary, targets, metric, column, shown.glyphs)))
    rows += [
        ("tokens", [Content(_tokens(one)) for one in targets]),
        ("memory", [Content(_memory(one, column)) for one in targets]),
        ("load", [Content(format_duration(one.facts.load_s)) for one in targets]),
        ("failed", [_failed(one) for one in targets]),
    ]
    if any(one.checked for one in targets):
        rows.append(("checks", [_checks(one) for one in targets]))
    if shown.ratings is not None and shown.ratings.finished:
        found = {one.target: one for one in shown.ratings.targets}
        own = [found[one.facts.target] for one in targets if one.facts.target in found]
        rows.append(("rating", [_rating(one) for one in own]))
        rows.append(("wins", [Content(win_text(one.strength)) for one in own]))
    return rows


def _line(label: str, cells: Cells, column: int) -> Content:
    parts = [Content.styled(f"{label:<{LABEL_WIDTH}}", "$foreground-muted")]
    parts += [_padded(cell, column) for cell in cells]
    return Content("").join(parts)


def _padded(cell: Content, width: int) -> Content:
    cell = cell.truncate(width - GAP, ellipsis=True)
    return cell.pad_right(max(0, width - cell.cell_length))


def _name(one: TargetSummary) -> Content:
    return Content.styled(clean_text(short_name(one.facts.target), False), "b $primary")


def _progress(live: LiveColumn | None, total: int, column: int, glyphs: Glyphs) -> Content:
    done = live.done if live else 0
    count = f" {done} of {total}"
    cells = max(4, min(20, column - GAP - len(count)))
    return Content.assemble((bar(done / total if total else 0, cells, glyphs), "$secondary"), count)


def _now(live: LiveColumn | None, column: int) -> Content:
    if live is None:
        return Content("")
    if not live.text or live.state in ("done", "stopped"):
        return Content.styled(live.state, "$foreground-muted")
    text = " ".join(clean_text(live.text).split())
    return Content(text if len(text) < column - GAP else f"…{text[-(column - 2 * GAP) :]}")


def _figure(
    figure: Figure,
    largest: float,
    write: Callable[[float], str],
    column: int,
    glyphs: Glyphs,
) -> Content:
    if figure.median is None:
        return Content.styled(UNKNOWN, "$foreground-muted")
    parts: list[Content | str | tuple[str, str]] = []
    if column >= SHORT_BAR_FROM and largest > 0:
        cells = BAR_WIDTH if column >= BAR_FROM else SHORT_BAR_WIDTH
        parts.append((f"{bar(figure.median / largest, cells, glyphs)} ", "$primary"))
    parts.append((write(figure.median), "b"))
    text = Content.assemble(*parts)
    if figure.low is not None and figure.high is not None:
        interval = f"  {_range(figure.low, figure.high, write)}"
        # Half an interval says something else: all of it, or none.
        if text.cell_length + len(interval) <= column - GAP:
            text = text.append(Content.styled(interval, "$foreground-muted"))
    return text


def _strips(
    summary: Summary,
    targets: Sequence[TargetSummary],
    metric: Metric,
    column: int,
    glyphs: Glyphs,
) -> Cells:
    """Draw the single requests of each target on one axis for all of them."""
    values: dict[str, list[float]] = {}
    for one in summary.requests:
        value = getattr(one.figures, metric, None) if one.error is None else None
        if value is not None and value > 0:
            values.setdefault(one.step.target, []).append(value)
    everything = [value for found in values.values() for value in found]
    if not everything:
        return [Content("") for _ in targets]
    low, high = min(everything), max(everything)
    cells = max(6, min(40, column - GAP))
    return [
        Content.styled(
            strip(values.get(one.facts.target, []), low, high, cells, glyphs), "$secondary"
        )
        for one in targets
    ]


def _range(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write an interval with its unit once, where both ends have the same."""
    first, last = write(low), write(high)
    number, _, unit = first.rpartition(" ")
    if number and last.endswith(f" {unit}"):
        first = number
    return f"{first} to {last}"


def _tokens(one: TargetSummary) -> str:
    if one.output_tokens is None:
        return UNKNOWN
    return f"{'~' if one.tokens_estimated else ''}{one.output_tokens:.0f} an answer"


def _memory(one: TargetSummary, column: int) -> str:
    grew = one.facts.load_bytes
    peak = one.facts.rss_peak_bytes
    parts = []
    if grew is not None:
        parts.append(f"+{format_bytes(grew)} at load")
    if peak is not None and (not parts or column >= 2 * LEAST_COLUMN):
        parts.append(f"peak {format_bytes(peak)} in all")
    return " · ".join(parts) or UNKNOWN


def _checks(one: TargetSummary) -> Content:
    if not one.checked:
        return Content(UNKNOWN)
    tone = "$text-success" if one.passed == one.checked else ""
    return Content.assemble((f"{one.passed} of {one.checked} passed", tone))


def _rating(one: TargetRating) -> Content:
    if one.mean is None:
        return Content(UNKNOWN)
    single = " ".join(f"{one.means[name]:.1f}" for name in CRITERIA)
    return Content.assemble((mean_text(one), "b"), (f"  {single}", "$foreground-muted"))


def _failed(one: TargetSummary) -> Content:
    if one.facts.error:
        return Content.styled(clean_text(one.facts.error, False), "$text-error")
    total = one.done + one.failed
    if one.failed:
        reason = clean_text(one.last_error or "", False)
        return Content.styled(f"{one.failed} of {total}  {reason}", "$text-error")
    return Content(f"0 of {total}")
