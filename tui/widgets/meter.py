"""Slim meters as text."""

from __future__ import annotations

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


def _column(fraction: float, glyphs: Glyphs) -> str:
    return glyphs.columns[1 + max(0, min(7, int(fraction * 8)))]
