"""Slim meters as text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui.widgets.glyphs import BLOCKS, Glyphs


def spark(
    values: Sequence[float | None], width: int, maximum: float, glyphs: Glyphs = BLOCKS
) -> str:
    """Draw the last `width` values as columns; what is missing is blank.

    Args:
        values: Oldest first, 0 to `maximum`.
        width: Cells.
        maximum: The value of a full column.
        glyphs: What to draw with.
    """
    shown = list(values)[-width:]
    cells = [
        " " if value is None else _column(value / maximum if maximum else 0, glyphs)
        for value in shown
    ]
    return "".join(cells).rjust(width)


def bar(fraction: float, width: int, glyphs: Glyphs = BLOCKS) -> str:
    """Draw a bar from the left, `width` cells when full, in steps of an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, fraction)) * width * 8)
    full, rest = divmod(eighths, 8)
    return (glyphs.bars[7] * full + (glyphs.bars[rest - 1] if rest else "")).ljust(width)


def strip(
    values: Sequence[float], low: float, high: float, width: int, glyphs: Glyphs = BLOCKS
) -> str:
    """Draw how values are distributed on a logarithmic axis: the higher a cell, the more of them.

    Args:
        values: Above 0.
        low: At the left end; above 0.
        high: At the right end.
        width: Cells.
        glyphs: What to draw with.
    """
    span = math.log(high / low) if high > low else 0.0
    counts = [0] * width
    for value in values:
        place = math.log(value / low) / span if span else 0.5
        counts[max(0, min(width - 1, int(place * width)))] += 1
    most = max(counts, default=0)
    return "".join(_column(count / most, glyphs) if count else "·" for count in counts)


def _column(fraction: float, glyphs: Glyphs) -> str:
    return glyphs.columns[1 + max(0, min(7, int(fraction * 8)))]
