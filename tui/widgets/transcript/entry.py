"""One turn on the screen: what is shown of it, and its lines at a given width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from tui.foundry.text import clean_text
from tui.widgets.transcript.document import Block, Line, MarkdownDocument
from tui.widgets.transcript.layout import code_lines_of_rows, code_of, layout, wrap

INDENT = "  "
THREAD = "┊ "
"""Stands before what was thought."""
LEAST_WIDTH = 10


@dataclass(frozen=True, slots=True)
class TurnView:
    """What is shown of a turn."""

    id: str
    who: str
    """The name above it."""
    style: str
    """Key of the palette for the name: `you` or `model`."""
    markdown: str = ""
    mark: str = ""
    """Beside the name: `answer 2 of 3`."""
    thought: str = ""
    """What was thought before the answer."""
    thought_title: str = ""
    """The line that stands for it: `thought for 1.2 s`."""
    footer: tuple[Line, ...] = ()
    """Lines below it."""


@dataclass(slots=True, eq=False)
class Entry:
    """A turn with its lines. Text that is added at its end changes only its last lines."""

    view: TurnView
    growing: bool = False
    document: MarkdownDocument = field(default_factory=MarkdownDocument)
    thought: MarkdownDocument = field(default_factory=MarkdownDocument)
    unfolded: bool = False
    """Whether the thought is shown, and not only the line that stands for it."""
    footer: tuple[Line, ...] = ()
    start: int = 0
    """Where its lines begin among those of the conversation."""
    count: int = 0
    """How many lines it has; 0 while it has not been laid out."""
    _settled: int = 0
    """How many of its lines no further text can change."""
    _closed_blocks: int = 0
    """How many closed blocks of the text that grows are among them."""

    @classmethod
    def of(cls, view: TurnView, *, growing: bool = False) -> Entry:
        """Return the entry of a turn; its text is parsed here."""
        entry = cls(view, growing, footer=view.footer)
        entry.document.append(view.markdown)
        entry.thought.append(view.thought)
        return entry

    @property
    def answering(self) -> bool:
        """Whether the answer itself has begun, so that the thought grows no more."""
        return bool(self.document.source)

    def lay_out(self, width: int) -> list[Line]:
        """Return all lines."""
        view = self.view
        mark: Line = ((f"  {clean_text(view.mark, False)}", "muted"),) if view.mark else ()
        lines: list[Line] = [((clean_text(view.who, False), view.style), *mark)]
        if self.thought.source and view.thought_title:
            sign = "▾" if self.unfolded else "▸"
            lines.append(((f"{INDENT}{sign} {view.thought_title}", "muted"),))
            if self.unfolded and self.answering:
                blocks = (*self.thought.closed, *self.thought.open)
                lines += [*_thought_lines(layout(blocks, _inner(width) - len(THREAD))), ()]
        self._settled, self._closed_blocks = len(lines), 0
        lines += self._rest(width)
        self.count = len(lines)
        return lines

    def grow(self, width: int) -> tuple[int, list[Line]]:
        """Return the lines that may have changed since, and which number the first of them has."""
        first = self._settled
        lines = self._rest(width)
        self.count = first + len(lines)
        return first, lines

    def _rest(self, width: int) -> list[Line]:
        """Return the lines from `_settled` on, and settle those of closed blocks."""
        thinking = not self.answering and self.unfolded
        document = self.thought if thinking else self.document
        is_first = self._closed_blocks == 0
        fresh = document.closed[self._closed_blocks :]
        inner = _inner(width) - (len(THREAD) if thinking else 0)
        closed = layout(fresh, inner, first=is_first)
        self._closed_blocks += len(fresh)
        self._settled += len(closed)
        rest = layout(document.open, inner, first=is_first and not fresh, growing=self.growing)
        body = [*closed, *rest]
        lines = (
            _thought_lines(body)
            if thinking
            else [((INDENT, ""), *line) if line else line for line in body]
        )
        for line in self.footer:
            lines += [((INDENT, ""), *part) for part in wrap(line, inner)]
        return [*lines, ()]

    def source_of(self, first: int, last: int, width: int) -> str:
        """Return the Markdown behind the lines from `first` to `last`; '' where there is none.

        Inside a code block these are the lines of the code; otherwise whole blocks.
        """
        blocks = (*self.document.closed, *self.document.open)
        touched = [
            (block, row, rows)
            for block, row, rows in self._rows(blocks, width)
            if row <= last and row + rows > first
        ]
        if not touched:
            return ""
        block, row, _ = touched[0]
        if len(touched) == 1 and block.kind == "code":
            numbers = code_lines_of_rows(block, _inner(width))[max(0, first - row) : last - row + 1]
            code = code_of(block)
            return "\n".join(code[number] for number in sorted(set(numbers)))
        lines = self.document.source.split("\n")
        return "\n".join(lines[block.source[0] : touched[-1][0].source[1]]).rstrip("\n")

    def _rows(self, blocks: Sequence[Block], width: int) -> Iterator[tuple[Block, int, int]]:
        """Yield each block of the answer with its first row and the number of its rows."""
        inner = _inner(width)
        row = self.count - len(layout(blocks, inner)) - self._footer_rows(inner)
        for number, block in enumerate(blocks):
            row += block.spaced and number > 0
            rows = len(layout([block], inner))
            yield block, row, rows
            row += rows

    def _footer_rows(self, inner: int) -> int:
        return 1 + sum(len(list(wrap(line, inner))) for line in self.footer)


def first_difference(before: Sequence[Line], after: Sequence[Line]) -> int:
    """Return how many lines are the same from the start."""
    pairs = zip_longest(before, after)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), len(after))


def _inner(width: int) -> int:
    return max(LEAST_WIDTH, width - len(INDENT) - 1)


def _thought_lines(lines: Sequence[Line]) -> list[Line]:
    """Return lines in the one quiet style of what is only thought."""
    return [
        ((f"{INDENT}{THREAD}", "muted"), *((text, "thought") for text, _ in line)) for line in lines
    ]
