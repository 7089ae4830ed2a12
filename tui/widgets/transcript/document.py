"""Markdown to blocks of styled text, a piece at a time.

Only the last top-level block of a growing answer can still change; all before it is parsed once
and kept. Nothing here knows widths or colours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tui.foundry.text import clean_text

Run = tuple[str, str]
"""A text and the key of its style, '' for plain."""
Line = tuple[Run, ...]

BULLETS = ("•", "◦", "▪")
LARGEST_INDENT = 12
LONGEST_HELD = 1024
"""Characters of an escape sequence to wait for the end of; what comes after them shows."""

_CUT_ESCAPE = re.compile(
    r"(?:(?:\x1b\[|\x9b)[0-?]*[ -/]*"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\r\n]*\x1b?"
    r"|\x1b[ -/]*)\Z"
)
"""An escape sequence that may go on in the next piece; `clean_text` would drop all of it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that is laid out as a whole.

    A `text` wraps, a `code` block is cut, a `table` gets columns, a `rule` fills the width.
    """

    kind: Literal["text", "code", "table", "rule"]
    content: tuple[Line, ...] = ()
    """Lines; for a table one line a cell, row by row."""
    first: Line = ()
    """What stands before the first line: a bullet, a quote mark."""
    rest: Line = ()
    """What stands before the others."""
    columns: int = 0
    """Of a table."""
    language: str = ""
    """Of a code block."""
    spaced: bool = True
    """Whether a blank line stands before it."""
    source: tuple[int, int] = (0, 0)
    """First line of the Markdown that it was made from, and the first one after it."""


@cache
def _parser() -> MarkdownIt:
    # HTML stays text: an answer must not be able to do anything but be read.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def parse_blocks(source: str) -> tuple[Block, ...]:
    """Parse a whole Markdown text."""
    return tuple(_Walker(_parser().parse(source)).blocks)


class MarkdownDocument:
    """A Markdown text that grows at its end."""

    def __init__(self) -> None:
        self.source = ""
        self.closed: list[Block] = []
        """Blocks that no further text can change."""
        self.open: tuple[Block, ...] = ()
        """What the last top-level block looks like now."""
        self._tail = ""
        self._tail_line = 0
        """Where in the source the tail begins."""
        self._held = ""
        """The beginning of an escape sequence whose end has not come; shows in no case."""
        self._after_cr = False

    def append(self, text: str) -> None:
        """Add text; control characters in it are dropped."""
        text = self._cleaned(text)
        if not text:
            return
        self.source += text
        self._tail += text
        tokens = _parser().parse(self._tail)
        starts = [place for place, token in enumerate(tokens) if token.level == 0 and token.map]
        last = starts[-1] if starts else 0
        first_line = tokens[last].map[0] if starts else 0  # type: ignore[index]
        # A block is closed once another one has begun after it with a whole line: half a line can
        # still turn into something that goes on with the block before ('#' into '#tag').
        if len(starts) > 1 and self._tail.count("\n") > first_line:
            self.closed.extend(_Walker(tokens[:last], self._tail_line).blocks)
            self.open = tuple(_Walker(tokens[last:], self._tail_line).blocks)
            self._tail = self._tail.split("\n", first_line)[-1]
            self._tail_line += first_line
        else:
            self.open = tuple(_Walker(tokens, self._tail_line).blocks)

    def _cleaned(self, text: str) -> str:
        """Clean a piece so that it does not matter where the text was cut."""
        text = self._held + text
        self._held = ""
        if cut := _CUT_ESCAPE.search(text, max(0, len(text) - LONGEST_HELD)):
            self._held = cut[0]
            text = text[: cut.start()]
        # Of a line break that was cut in two the first half made the new line.
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        self._after_cr = self._after_cr or text.endswith("\r")
        return clean_text(text)


class _Walker:
    """Turns the parser's tokens into blocks."""

    def __init__(self, tokens: Sequence[Token], first_line: int = 0) -> None:
        self._first_line = first_line
        self._source = (first_line, first_line)
        self.blocks: list[Block] = []
        self._quotes = 0
        self._lists: list[int | None] = []
        """Next number of each open list; None for bullets."""
        self._marker = ""
        """What the next text in a list item begins with."""
        self._tight = False
        self._table: list[Line] | None = None
        self._table_source = (0, 0)
        self._rows = 0
        self._heading = ""
        for token in tokens:
            self._take(token)

    def _take(self, token: Token) -> None:
        if token.map is not None:
            first, after = token.map
            self._source = (self._first_line + first, self._first_line + after)
        match token.type:
            case "heading_open":
                self._heading = token.tag
            case "heading_close":
                self._heading = ""
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "bullet_list_open":
                self._open_list(None)
            case "ordered_list_open":
                start = token.attrGet("start")
                self._open_list(1 if start is None else int(start))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._tight = bool(self._lists)
            case "list_item_open":
                self._marker = self._next_marker()
            case "table_open":
                self._table, self._rows = [], 0
                self._table_source = self._source
            case "tr_open":
                self._rows += 1
            case "table_close":
                self._end_table()
            case "inline":
                self._text(token)
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._add(Block("rule"))
            case _:
                pass

    def _open_list(self, first_number: int | None) -> None:
        self._tight = bool(self._lists)
        self._lists.append(first_number)

    def _next_marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return f"{BULLETS[(len(self._lists) - 1) % len(BULLETS)]} "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _text(self, token: Token) -> None:
        lines = _inline(token.children or (), self._heading)
        if self._table is not None:
            self._table.append(lines[0])
            return
        self._add(Block("text", lines))

    def _code(self, token: Token) -> None:
        language = (token.info or "").split()[0] if (token.info or "").strip() else ""
        lines = tuple(((line, ""),) for line in token.content.rstrip("\n").split("\n"))
        self._add(Block("code", lines, language=language))

    def _end_table(self) -> None:
        cells, self._table = self._table or [], None
        columns = max(1, len(cells) // max(1, self._rows))
        self._add(Block("table", tuple(cells), columns=columns))

    def _add(self, block: Block) -> None:
        quote: Line = (("▌ ", "quote"),) * self._quotes
        indent = min(LARGEST_INDENT, max(0, len(self._lists) - 1) * 2)
        marker, self._marker = self._marker, ""
        first: Line = quote
        rest: Line = quote
        if self._lists:
            hang = " " * (indent + (len(marker) or 2))
            head = " " * indent + marker if marker else hang
            first, rest = (*quote, (head, "bullet")), (*quote, (hang, ""))
        # Items of a list stand close together.
        spaced = not (self._lists and self._tight)
        self._tight = bool(self._lists)
        self.blocks.append(
            Block(
                block.kind,
                block.content,
                first,
                rest,
                block.columns,
                block.language,
                spaced,
                self._source if block.kind != "table" else self._table_source,
            )
        )


def _inline(children: Sequence[Token], base: str) -> tuple[Line, ...]:
    lines: list[list[Run]] = [[]]
    styles: list[str] = [base] if base else []
    for token in children:
        match token.type:
            case "text":
                lines[-1].append((token.content, _style(styles)))
            case "code_inline":
                lines[-1].append((token.content, "code"))
            case "softbreak":
                lines[-1].append((" ", _style(styles)))
            case "hardbreak":
                lines.append([])
            case "strong_open":
                styles.append("strong")
            case "em_open":
                styles.append("em")
            case "s_open":
                styles.append("strike")
            case "link_open":
                styles.append("link")
            case "strong_close" | "em_close" | "s_close":
                styles.pop()
            case "link_close":
                styles.pop()
            case "image":
                lines[-1].append((f"[{token.content}]", "link"))
            case _:
                lines[-1].append((token.content, _style(styles)))
    return tuple(tuple(run for run in line if run[0]) for line in lines)


def _style(styles: Sequence[str]) -> str:
    """Return one key for nested styles: the innermost, or both of strong and em."""
    if "strong" in styles and "em" in styles:
        return "strongem"
    return styles[-1] if styles else ""
