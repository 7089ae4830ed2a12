"""Ratings as text, names and all."""

from __future__ import annotations

from textual.content import Content

from tui.bench.rating_summary import RatingSummary
from tui.bench.rating_wording import HEADINGS, rating_lines, rating_rows
from tui.foundry.text import clean_text

GAP = 2


def ratings_text(found: RatingSummary) -> Content:
    """Write the table of ratings, the verdicts, how far the raters agree, and who they were."""
    lines: list[Content] = []
    if found.finished:
        rows = rating_rows(found)
        width = max(len(HEADINGS[0]), *(len(clean_text(row[0], False)) for row in rows)) + 2
        lines.append(Content.styled(_row(HEADINGS, width), "$foreground-muted"))
        lines += [
            Content.styled(
                _row([clean_text(cell, False) for cell in row], width), "b" if not n else ""
            )
            for n, row in enumerate(rows)
        ]
        lines.append(Content(""))
    for line in rating_lines(found):
        tone = "$text-success" if "points better" in line else ""
        lines.append(Content.assemble((clean_text(line, False), tone)))
    return Content("\n").join(lines)


def _row(cells: list[str] | tuple[str, ...], width: int) -> str:
    numbers = [f"{cell:>{len(heading)}}" for cell, heading in zip(cells, HEADINGS, strict=True)]
    return f"{cells[0]:<{width - GAP}}" + (" " * GAP).join(["", *numbers[1:-1], cells[-1]])
