"""Markdown that grows: what it looks like, and what a piece of it costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.token import Token

from tui.widgets.transcript import document as document_module
from tui.widgets.transcript.document import Block, MarkdownDocument, parse_blocks

PARTS = (
    "word", " ", " ", "\n", "\n", "\n\n", "# ", "## title\n", "- item\n", "1. ", "2) ", "  - ",
    "> ", "```\n", "```python\n", "~~~\n", "    ", "\t", "**", "*", "_", "~~", "`", "---\n",
    "===\n", "| a | b |\n", "|---|---|\n", "[red]", "[a](b)", "<b>", "&amp;", "\\", "模型", "🙂",
    "é", "\r\n", "\r", "\x1b[31m", "\x1b]0;t\x07", "#tag", "+", "!",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PARTS), max_size=40).map("".join)


def grown(*pieces: str) -> MarkdownDocument:
    document = MarkdownDocument()
    for piece in pieces:
        document.append(piece)
    return document


def shown(document: MarkdownDocument) -> list[Block]:
    return [*document.closed, *document.open]


def texts(blocks: Sequence[Block]) -> list[str]:
    return ["".join(text for text, _ in line) for block in blocks for line in block.content]


def cut(text: str, places: Sequence[int]) -> list[str]:
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(edges)]


@given(TEXTS, st.lists(st.integers(0, 400), max_size=60))
def test_text_in_pieces_looks_the_same_as_in_one_piece(text: str, places: list[int]) -> None:
    assert shown(grown(*cut(text, places))) == list(parse_blocks(grown(text).source))


@given(TEXTS)
def test_text_letter_by_letter_looks_the_same_as_in_one_piece(text: str) -> None:
    assert shown(grown(*text)) == shown(grown(text))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# Title", ["Title"]),
        ("plain **bold** text", ["plain bold text"]),
        ("one\ntwo", ["one two"]),
        ("one  \ntwo", ["one", "two"]),
        ("- a\n- b", ["a", "b"]),
        ("```\nx = 1\n\ny = 2\n```", ["x = 1", "", "y = 2"]),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ["a", "b", "1", "2"]),
        ("![picture](http://x/y.png)", ["[picture]"]),
    ],
)
def test_markdown_shows_as_text_without_its_signs(source: str, expected: list[str]) -> None:
    assert texts(shown(grown(source))) == expected


def test_list_items_keep_their_bullets_and_numbers() -> None:
    blocks = shown(grown("3. a\n4. b\n   - c\n"))
    assert [block.first for block in blocks] == [
        (("3. ", "bullet"),),
        (("4. ", "bullet"),),
        (("  ◦ ", "bullet"),),
    ]


@pytest.mark.parametrize(
    "hostile",
    ["[red]text[/red]", "[@click=app.quit]x[/]", "<script>alert(1)</script>", "[bold", "$primary"],
)
def test_markup_shows_letter_by_letter(hostile: str) -> None:
    assert texts(shown(grown(hostile))) == [hostile]


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[31mtext\x1b[0m", "\x1b]0;owned\x07text", "\x1b]52;c;aGk=\x1b\\text", "te\u202ext"],
)
def test_escape_sequences_are_dropped_and_their_text_stays(hostile: str) -> None:
    assert texts(shown(grown(hostile))) == ["text"]


def test_an_escape_sequence_cut_in_pieces_is_dropped_too() -> None:
    assert grown("te\x1b", "[3", "1mxt\x1b]0;ti", "tle\x1b", "\\ end").source == "text end"


def test_an_escape_sequence_that_never_ends_holds_up_one_line_at_most() -> None:
    assert grown("\x1b]0;", "title", "\nnext line").source == "\nnext line"
    assert grown("\x1b]0;", *["x" * 100] * 20, "end").source.endswith("end")


def test_a_line_break_cut_in_two_is_one_line_break() -> None:
    assert grown("one\r", "\ntwo").source == "one\ntwo"
    assert grown("one\r", "two\r", "\r").source == "one\ntwo\n\n"


def test_a_code_block_is_code_from_its_first_line_on() -> None:
    document = grown("Look:\n\n```python\n")
    assert document.open[-1].kind == "code"
    assert document.open[-1].language == "python"
    document.append("x = 1")
    assert texts(document.open[-1:]) == ["x = 1"]


def test_a_code_block_that_is_never_closed_keeps_its_text() -> None:
    assert texts(shown(grown("```\n# no title\n\n- no item"))) == ["# no title", "", "- no item"]


class CountingParser:
    """Counts what is parsed, and how often."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def parse(self, source: str) -> list[Token]:
        self.lengths.append(len(source))
        return PARSER.parse(source)


PARSER = document_module._parser()


def test_the_cost_of_a_piece_does_not_grow_with_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parser = CountingParser()
    monkeypatch.setattr(document_module, "_parser", lambda: parser)
    costs = []
    document = MarkdownDocument()
    for number in range(200):
        parser.lengths.clear()
        for piece in (f"Paragraph {number} ", "has **some** words.\n", "\n"):
            document.append(piece)
        assert len(parser.lengths) == 3  # each piece is parsed once
        costs.append(sum(parser.lengths))
    assert len(document.closed) == 199
    assert max(costs[100:]) <= max(costs[:20]) + 30


def test_every_block_knows_the_lines_it_was_made_from() -> None:
    source = "# One\n\ntwo\nthree\n\n- four\n- five\n\n```python\nsix\n```\n\n| a |\n|---|\n| 7 |\n"
    lines = source.split("\n")
    for document in (grown(source), grown(*source)):
        assert ["\n".join(lines[slice(*block.source)]) for block in shown(document)] == [
            "# One",
            "two\nthree",
            "- four",
            "- five",
            "```python\nsix\n```",
            "| a |\n|---|\n| 7 |",
        ]


@given(TEXTS, TEXTS)
def test_closed_blocks_never_change_again(first: str, second: str) -> None:
    document = grown(first)
    closed = list(document.closed)
    document.append(second)
    assert document.closed[: len(closed)] == closed
