"""Blocks to lines of a given width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from rich.cells import cell_len, get_character_cell_size, set_cell_size

from tui.widgets.transcript.document import Block, Line, Run
from tui.widgets.transcript.highlight import highlight

LEAST_COLUMN = 4


def layout(
    blocks: Iterable[Block], width: int, *, first: bool = True, growing: bool = False
) -> list[Line]:
    """Lay out blocks below each other.

    Args:
        blocks: What to lay out.
        width: Cells.
        first: Whether these blocks begin the answer; no blank line stands before the first then.
        growing: Whether more text may come, so that code is coloured line by line only.
    """
    lines: list[Line] = []
    for block in blocks:
        if block.spaced and not first:
            lines.append(())
        first = False
        lines.extend(_block(block, width, growing))
    return lines


def _block(block: Block, width: int, growing: bool) -> Iterator[Line]:
    inner = max(8, width - _width(block.rest))
    prefix = block.first
    for line in _body(block, inner, growing):
        yield (*prefix, *line)
        prefix = block.rest


def _body(block: Block, width: int, growing: bool) -> Iterator[Line]:
    match block.kind:
        case "text":
            for line in block.content or ((),):
                yield from wrap(line, width)
        case "code":
            for line in highlight(code_of(block), block.language, whole=not growing):
                yield from _code_rows(line, width)
        case "table":
            yield from _table(block, width)
        case "rule":
            yield (("─" * width, "muted"),)


def code_of(block: Block) -> list[str]:
    """Return the lines of a code block as they were written."""
    return [line[0][0] if line else "" for line in block.content]


def code_lines_of_rows(block: Block, width: int) -> list[int]:
    """Return for each row of a code block that is `width` wide which line of the code it shows."""
    rows = (_code_rows(line, max(8, width - _width(block.rest))) for line in
            highlight(code_of(block), "", whole=False))  # fmt: skip
    return [number for number, parts in enumerate(rows) for _ in parts]


@lru_cache(maxsize=4096)
def _code_rows(line: Line, width: int) -> tuple[Line, ...]:
    """Cut a line of code where the width ends; of a growing block only the last one is new."""
    return tuple(
        ((" ", "fence"), *part, (" " * (width - 1 - _width(part)), "fence"))
        for part in _chop(line, width - 1)
    )


def wrap(line: Line, width: int) -> Iterator[Line]:
    """Break a line at blanks; a word that is too long is cut."""
    current: list[Run] = []
    used = 0
    for word, style in _words(line):
        length = cell_len(word)
        if used and used + cell_len(word.rstrip()) > width:
            yield _merged(current)
            current, used = [], 0
            if word.isspace():
                continue
        while length > width:
            head, word = _split_at(word, width)
            yield ((head, style),)
            length = cell_len(word)
        current.append((word, style))
        used += length
    yield _merged(current)


def _words(line: Line) -> Iterator[Run]:
    """Yield words, each with the blanks after it; a word may change its style inside."""
    for text, style in line:
        start = 0
        for place, character in enumerate(text):
            if character == " " and (place + 1 == len(text) or text[place + 1] != " "):
                yield text[start : place + 1], style
                start = place + 1
        if start < len(text):
            yield text[start:], style


def _merged(runs: Sequence[Run]) -> Line:
    merged: list[Run] = []
    for text, style in runs:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
    return tuple(merged)


def _chop(line: Line, width: int) -> Iterator[Line]:
    """Cut a line where the width ends, blanks or not; code is not wrapped at words."""
    current: list[Run] = []
    used = 0
    for text, style in line:
        while text:
            head, tail = _split_at(text, width - used, least=0 if used else 1)
            if head:
                current.append((head, style))
                used += cell_len(head)
            if tail:
                yield tuple(current)
                current, used = [], 0
            text = tail
    yield tuple(current)


def _split_at(text: str, width: int, least: int = 1) -> tuple[str, str]:
    """Cut a text after at most `width` cells, but not before `least` characters."""
    used = 0
    for place, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width and place >= least:
            return text[:place], text[place:]
    return text, ""


def _table(block: Block, width: int) -> Iterator[Line]:
    rows = [
        block.content[start : start + block.columns]
        for start in range(0, len(block.content), block.columns)
    ]
    widths = [max(_width(row[i]) for row in rows if i < len(row)) for i in range(block.columns)]
    spare = width - 3 * (block.columns - 1) - sum(widths)
    if spare + sum(max(0, one - LEAST_COLUMN) for one in widths) < 0:
        yield from _records(rows, width)
        return
    while spare < 0 and max(widths) > LEAST_COLUMN:
        widest = widths.index(max(widths))
        widths[widest] -= 1
        spare += 1
    for number, row in enumerate(rows):
        cells = [
            list(wrap(cell, cells_wide)) for cell, cells_wide in zip(row, widths, strict=False)
        ]
        for line in range(max((len(cell) for cell in cells), default=0)):
            yield tuple(_table_line(cells, widths, line, head=number == 0))
        if number == 0:
            yield (("─┼─".join("─" * one for one in widths), "muted"),)


def _records(rows: Sequence[Sequence[Line]], width: int) -> Iterator[Line]:
    """Write a table with more columns than fit as one line for each cell, named by its head."""
    head, *others = rows
    for row in others or [()]:
        yield (("─" * width, "muted"),)
        for name, cell in zip_longest(head, row, fillvalue=()):
            named = tuple((text, style or "strong") for text, style in name)
            yield from wrap((*named, (": ", "muted"), *cell) if row else named, width)


def _table_line(
    cells: Sequence[Sequence[Line]], widths: Sequence[int], line: int, *, head: bool
) -> Iterator[Run]:
    for place, (cell, cells_wide) in enumerate(zip(cells, widths, strict=False)):
        if place:
            yield (" │ ", "muted")
        content = cell[line] if line < len(cell) else ()
        used = 0
        for text, style in content:
            text = set_cell_size(text, min(cell_len(text), cells_wide - used))
            used += cell_len(text)
            yield (text, style or ("strong" if head else ""))
        yield (" " * (cells_wide - used), "")


def _width(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)
