"""Two runs beside each other, as text: first in what they were not alike."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from tui.bench.comparison import LEVELS_MOVE, Comparison
from tui.bench.summary import Metric, Summary
from tui.bench.wording import short_name
from tui.formats import format_duration, format_speed
from tui.foundry.text import clean_text

_ROWS: tuple[tuple[Metric, str, Callable[[float | None], str]], ...] = (
    ("ttft_s", "TTFT", format_duration),
    ("decode_tok_s", "decode", format_speed),
    ("tpot_s", "per token", format_duration),
    ("e2e_s", "E2E", format_duration),
)
LABEL_WIDTH, CELL_WIDTH = 12, 14


def comparison_text(found: Comparison, now: Summary, before: Summary) -> Content:
    """Write what changed from the earlier run to the later one.

    Args:
        found: The comparison.
        now: The later run.
        before: The earlier run.
    """
    lines = [Content.styled(_title(now, before), "b")]
    if found.unlike:
        lines.append(Content.styled("The conditions were not alike:", "b $text-warning"))
        lines += [
            Content.styled(f"  {clean_text(one, False)}", "$text-warning") for one in found.unlike
        ]
    else:
        lines.append(Content("The conditions were alike, as far as they were recorded."))
    targets = dict.fromkeys(one.target for one in found.changes)
    for target in targets:
        name = clean_text(short_name(target), False)
        head = f"{'earlier':>{CELL_WIDTH}}{'later':>{CELL_WIDTH}}{'change':>{CELL_WIDTH}}"
        lines += [Content(""), Content.assemble((f"{name:<{LABEL_WIDTH}}", "b $primary"), head)]
        for metric, label, write in _ROWS:
            change = next(
                one for one in found.changes if (one.target, one.metric) == (target, metric)
            )
            percent = "-" if change.ratio is None else f"{100 * (change.ratio - 1):+.1f} %"
            cells = (write(change.before), write(change.now), percent)
            row = "".join(f"{cell:>{CELL_WIDTH}}" for cell in cells)
            lines.append(Content.assemble((f"{label:<{LABEL_WIDTH}}", "$foreground-muted"), row))
    for text, labels in (("Only in the later run", found.only_now),
                         ("Only in the earlier run", found.only_before)):  # fmt: skip
        if labels:
            names = ", ".join(clean_text(short_name(one), False) for one in labels)
            lines += [Content(""), Content(f"{text}: {names}")]
    lines += [Content(""), Content.styled(LEVELS_MOVE, "$foreground-muted")]
    return Content("\n").join(lines)


def _title(now: Summary, before: Summary) -> str:
    times = [f"{one.context.get('started_at', '')}"[:16].replace("T", " ") for one in (before, now)]
    return f"{before.run_id} ({times[0]})  →  {now.run_id} ({times[1]})"
