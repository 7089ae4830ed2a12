"""A picture of speed against memory against rating, in text cells, and what nothing else beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from tui.bench.rating_summary import RatingSummary
from tui.bench.summary import Summary
from tui.bench.wording import short_name
from tui.formats import UNKNOWN, format_bytes, format_speed
from tui.foundry.text import clean_text

BEST = "*"
"""Marks what no other target beats; a letter without it is beaten by another on all that counts."""
_LOG_FROM = 4.0
"""Axes whose ends are further apart are logarithmic."""


@dataclass(frozen=True, slots=True)
class Point:
    """One target; what is not known is None."""

    name: str
    speed_tok_s: float | None
    memory_bytes: float | None
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a target stands in the picture."""

    line: int
    column: int
    text: str
    point: int
    """Which of the points."""
    best: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines of equal width, the marks in them, and a line of legend for each target."""

    lines: tuple[str, ...]
    marks: tuple[Mark, ...]
    legend: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole as text."""
        return "\n".join((*self.lines, "", *self.legend))


def points_of(summary: Summary, ratings: RatingSummary | None = None) -> tuple[Point, ...]:
    """Return a run's targets: median decode speed, memory grown at load (else the peak), rating."""
    means = {one.target: one.mean for one in ratings.targets} if ratings else {}
    # What a load added and all that the runtime has in memory are not held against each other.
    grown = any(one.facts.load_bytes for one in summary.targets)
    return tuple(
        Point(
            clean_text(short_name(one.facts.target), False),
            one.metrics["decode_tok_s"].median or one.metrics["e2e_tok_s"].median,
            one.facts.load_bytes if grown else one.facts.rss_peak_bytes,
            means.get(one.facts.target),
        )
        for one in summary.targets
    )


def unbeaten(points: Sequence[Point]) -> tuple[bool, ...]:
    """Tell of each point whether no other is at least as good on all three and better on one.

    What is not known of one of two is not compared between them.
    """
    return tuple(
        not any(_beats(other, one) for other in points if other is not one) for one in points
    )


def _beats(a: Point, b: Point) -> bool:
    gains = []
    for ours, theirs, sign in (
        (a.speed_tok_s, b.speed_tok_s, 1),
        (a.memory_bytes, b.memory_bytes, -1),
        (a.rating, b.rating, 1),
    ):
        if ours is not None and theirs is not None:
            gains.append(sign * (ours - theirs))
    return bool(gains) and min(gains) >= 0 and max(gains) > 0


def draw(points: Sequence[Point], width: int = 60, height: int = 12) -> Picture:
    """Draw speed upwards and memory to the right; the rating stands beside each mark.

    Args:
        points: At most as many as there are letters.
        width: Cells of the whole.
        height: Lines of the plot, without axis and legend.
    """
    best = unbeaten(points)
    speeds = [one.speed_tok_s for one in points if one.speed_tok_s and one.memory_bytes]
    memories = [one.memory_bytes for one in points if one.speed_tok_s and one.memory_bytes]
    legend = tuple(_legend(n, one, best[n], points) for n, one in enumerate(points))
    if not speeds:
        return Picture(("Nothing to draw: speed or memory is not known.",), (), legend)
    axis = max(len(format_speed(one)) for one in (min(speeds), max(speeds))) + 2
    plot = max(20, width - axis)
    grid = [[" "] * plot for _ in range(height)]
    marks = []
    for number, point in enumerate(points):
        if not point.speed_tok_s or not point.memory_bytes:
            continue
        text = _mark(number, point, best[number])
        line = round((1 - _place(point.speed_tok_s, speeds)) * (height - 1))
        # Not at the edge, so that what stands beside it has room.
        column = round(_place(point.memory_bytes, memories) * (plot - 1 - len(text)))
        line = _free(grid, line, column, len(text))
        grid[line][column : column + len(text)] = list(text)
        marks.append(Mark(line, column + axis, text, number, best[number]))
    return Picture(_framed(grid, speeds, memories, axis), tuple(marks), legend)


def _mark(number: int, point: Point, best: bool) -> str:
    rating = "" if point.rating is None else f" {point.rating:.1f}"
    return f"{ascii_uppercase[number]}{BEST if best else ''}{rating}"


def _place(value: float, all_values: Sequence[float]) -> float:
    """Return where a value lies between the least and the largest, from 0 to 1."""
    low, high = min(all_values), max(all_values)
    if high == low:
        return 0.5
    if high / low > _LOG_FROM:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _free(grid: Sequence[Sequence[str]], line: int, column: int, length: int) -> int:
    """Return the nearest line with room, so that no mark hides another."""
    for candidate in sorted(range(len(grid)), key=lambda one: abs(one - line)):
        around = grid[candidate][max(0, column - 1) : column + length + 1]
        if all(cell == " " for cell in around):
            return candidate
    return line


def _framed(
    grid: Sequence[Sequence[str]], speeds: Sequence[float], memories: Sequence[float], axis: int
) -> tuple[str, ...]:
    top, bottom = format_speed(max(speeds)), format_speed(min(speeds))
    labels = [""] * len(grid)
    labels[0] = top
    labels[-1] = bottom if bottom != top else ""
    plot = len(grid[0])
    lines = [f"{label:>{axis - 1}}│{''.join(row)}" for label, row in zip(labels, grid, strict=True)]
    lines.append(" " * (axis - 1) + "└" + "─" * plot)
    low, high = format_bytes(min(memories)), format_bytes(max(memories))
    room = plot - len(low) - len(high)
    name = "memory →" if room >= len("memory →") else ""
    below = low + name.center(room) + high if low != high else low.center(plot)
    lines.append(" " * axis + below)
    return tuple(line.ljust(axis + plot) for line in lines)


def _legend(number: int, point: Point, best: bool, points: Sequence[Point]) -> str:
    width = max(len(one.name) for one in points)
    rating = "not rated" if point.rating is None else f"rating {point.rating:.1f}"
    said = "nothing beats it" if best else "beaten"
    speed = UNKNOWN if point.speed_tok_s is None else format_speed(point.speed_tok_s)
    return (
        f"{ascii_uppercase[number]}{BEST if best else ' '} {point.name:<{width}}  {speed:>12}  "
        f"{format_bytes(point.memory_bytes):>8}  {rating:<10}  {said}"
    )
