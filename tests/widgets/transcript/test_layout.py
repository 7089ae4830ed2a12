"""Blocks as lines: nothing is wider than it may be, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.widgets.transcript.document import parse_blocks
from tui.widgets.transcript.highlight import highlight
from tui.widgets.transcript.layout import layout, wrap

WORDS = ("word", "a", "模型模型", "🙂", "e\u0301", "x" * 60, "路" * 40, "\t", "👩‍👩‍👧", "🇩🇪")
STARTS = ("", "# ", "- ", "  - ", "    - ", "1. ", "> ", "> > - ", "```py\n", "    ", "---\n")
LINES = st.builds(
    lambda start, words, end: start + " ".join(words) + end,
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(WORDS), max_size=12),
    st.sampled_from(("\n", "\n\n", "  \n", "\n```\n")),
)
TABLES = st.lists(st.sampled_from(WORDS[:-3]), min_size=1, max_size=12).map(
    lambda cells: (
        f"\n\n|{'|'.join(cells)}|\n|{'|'.join('-' for _ in cells)}|\n|{'|'.join(cells)}|\n\n"
    )
)
SOURCES = st.lists(LINES | TABLES, max_size=8).map("".join)


def plain(source: str, width: int = 40, *, growing: bool = False) -> list[str]:
    lines = layout(parse_blocks(source), width, growing=growing)
    return ["".join(text for text, _ in line).rstrip() for line in lines]


@given(SOURCES, st.integers(20, 200), st.booleans())
def test_no_line_is_wider_than_it_may_be(source: str, width: int, growing: bool) -> None:
    for line in layout(parse_blocks(source), width, growing=growing):
        assert cell_len("".join(text for text, _ in line).rstrip()) <= width, line


@given(st.lists(st.sampled_from(WORDS[:7]), max_size=30), st.integers(20, 200))
def test_wrapping_loses_no_character(words: list[str], width: int) -> None:
    text = " ".join(words)
    wrapped = "".join(part for line in wrap(((text, ""),), width) for part, _ in line)
    assert wrapped.replace(" ", "") == text.replace(" ", "")


@given(SOURCES, st.integers(20, 200))
def test_an_answer_looks_the_same_while_it_grows_but_for_colours(source: str, width: int) -> None:
    assert plain(source, width, growing=True) == plain(source, width)


def test_words_are_wrapped_at_blanks() -> None:
    assert plain("one two three four", 9) == ["one two", "three", "four"]


def test_a_list_item_goes_on_below_its_text() -> None:
    assert plain("- one two three", 9) == ["• one two", "  three"]


def test_a_quote_has_its_mark_on_every_line() -> None:
    assert plain("> one two three", 10) == ["▌ one two", "▌ three"]


def test_blocks_have_a_blank_line_between_them_and_list_items_have_none() -> None:
    assert plain("one\n\n- a\n- b\n\ntwo") == ["one", "", "• a", "• b", "", "two"]


def test_code_is_cut_and_not_wrapped_so_that_no_blank_is_lost() -> None:
    assert plain("```\nab cd ef gh ij\n```", 12) == [" ab cd ef gh", "  ij"]


def test_code_keeps_its_indent() -> None:
    assert plain("```python\ndef f():\n\treturn 1\n```") == [" def f():", "     return 1"]


def test_a_table_has_columns_and_a_line_below_its_head() -> None:
    assert plain("| name | n |\n|---|---|\n| phi | 12 |") == [
        "name │ n",
        "─────┼───",
        "phi  │ 12",
    ]


def test_a_table_that_is_too_wide_wraps_in_its_cells() -> None:
    lines = plain("| a | b |\n|---|---|\n| one two three four | x |", 20)
    assert all(cell_len(line) <= 20 for line in lines)
    assert " ".join(line.split("│")[0].strip() for line in lines[2:]) == "one two three four"


def test_a_table_with_more_columns_than_fit_is_written_row_by_row() -> None:
    source = "|a|b|c|d|\n|-|-|-|-|\n|one|two|three|four|\n"
    wide = "|name|size|speed|task|\n|-|-|-|-|\n|alpha|2 MB|31 tok/s|chat|\n"
    assert len(plain(source, 26)) == 3
    assert plain(wide, 20) == [
        "─" * 20,
        "name: alpha",
        "size: 2 MB",
        "speed: 31 tok/s",
        "task: chat",
    ]


@pytest.mark.parametrize("language", ["python", "no-such-language", "", "[red]", "PYTHON"])
def test_highlighting_changes_no_text(language: str) -> None:
    code = ["def f(x):", '    return "[red]" + x', "", "# end"]
    for whole in (False, True):
        lines = highlight(code, language, whole=whole)
        assert ["".join(text for text, _ in line) for line in lines] == code


def test_keywords_and_strings_have_colours_of_their_own() -> None:
    (line,) = highlight(['return "x"'], "python", whole=True)
    assert ("return", "keyword") in line
    assert "string" in {style for _, style in line}
