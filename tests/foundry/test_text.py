"""Text from outside cannot steer the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.foundry.text import clean_text


@pytest.mark.parametrize(
    ("hostile", "clean"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;aGVsbG8=\x1b\\text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2\x1b\\after", "after"),
        ("\x1b]0;never closed\nnext line", "\nnext line"),
        ("\x1bc reset", " reset"),
        ("\x1b(0line", "line"),
        ("cut \x1b[", "cut "),
        ("cut \x1b", "cut "),
        ("bell\x07 back\x08 null\x00 del\x7f", "bell back null del"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("tab\there", "tab\there"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\u2066isolate\u2069", "isolate"),
        ("lone \ud800", "lone "),
        ("Grüße, 世界 🎉 👩\u200d💻", "Grüße, 世界 🎉 👩\u200d💻"),
        ("[bold]no markup here[/bold]", "[bold]no markup here[/bold]"),
    ],
)
def test_what_is_left(hostile: str, clean: str) -> None:
    assert clean_text(hostile) == clean


def test_one_line() -> None:
    assert clean_text("  a\n\n\tb\r\nc ", keep_newlines=False) == "a b c"
    assert clean_text("a\x1b[31m\nb", keep_newlines=False) == "a b"


@given(st.text(st.characters(), max_size=60))
def test_no_controls_are_left_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert clean_text(cleaned) == cleaned
    assert "\n" not in clean_text(text, keep_newlines=False)
