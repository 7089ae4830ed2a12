"""Which answers pass which checks."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.bench.checks import CheckError, read_check
from tui.bench.grading import grade
from tui.bench.json_schema import find_json, mismatch
from tui.bench.prompts import Prompt

SCHEMA = {
    "type": "object",
    "required": ["city"],
    "additionalProperties": False,
    "properties": {
        "city": {"enum": ["Oslo", "Rome"]},
        "rooms": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 2},
        "open": {"const": True},
    },
}


def outcome(check: dict[str, Any], answer: str) -> str:
    """Return '' for an answer that passes, else why it does not."""
    ((found,),) = grade([(Prompt("?", (read_check(check),)), answer)])
    assert found.passed == (not found.reason)
    return found.reason


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ({"contains": "Paris"}, "It is PARIS.", "It is Rome."),
        ({"contains": ["a", "b"]}, "b and a", "a"),
        ({"exact": "42"}, " 42\n", "42."),
        ({"regex": r"def\s+f\("}, "def f(x):", "lambda x"),
        ({"regex": "(?i)yes$"}, "oh YES", "yes, no"),
        ({"numeric": 1200}, "In all 3 boxes: 1,200", "1,200 in 3"),
        ({"numeric": 0.3, "tolerance": 0.01}, "about .305", "0.32"),
        ({"numeric": -5}, "−5", "5"),
        ({"json_schema": SCHEMA}, '{"city": "Oslo", "rooms": [1, 2]}', '{"city": "Bonn"}'),
        ({"json_schema": SCHEMA}, 'Here:\n```json\n{"city": "Rome"}\n```', "no JSON here"),
        ({"json_schema": SCHEMA}, 'It is {"city": "Oslo", "open": true}.', '{"rooms": []}'),
        ({"json_schema": {"type": "array", "minItems": 1}}, "so [1]", "[]"),
    ],
)
def test_good_and_bad_answers(check: dict[str, Any], good: str, bad: str) -> None:
    assert outcome(check, good) == ""
    assert outcome(check, bad) != ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"city": "Oslo", "rooms": [0]}, "rooms[0] is below 1"),
        ({"city": "Oslo", "rooms": [1, 1, 1]}, "the length of rooms is above 2"),
        ({"city": "Oslo", "rooms": [True]}, "rooms[0] is no integer"),
        ({"city": "Oslo", "open": 1}, "open is not True"),
        ({"city": "Oslo", "more": 1}, "has 'more' too"),
        ([], "the JSON is no object"),
    ],
)
def test_the_place_of_a_mismatch_is_named(value: Any, words: str) -> None:
    found = mismatch(value, SCHEMA)
    assert found is not None
    assert words in found


@given(st.text())
def test_any_text_may_be_searched_for_json(text: str) -> None:
    found, value = find_json(text)
    assert found or value is None


def test_a_pattern_that_would_take_for_ever_is_stopped_and_the_others_count() -> None:
    endless = Prompt("?", (read_check({"regex": "(a+)+$"}), read_check({"regex": "b"})))
    started_s = time.monotonic()
    ((first, second), (third, _)) = grade([(endless, "a" * 60 + "b"), (endless, "aaa")], 0.5)
    assert time.monotonic() - started_s < 20
    assert (first.passed, second.passed, third.passed) == (False, True, True)
    assert "longer than 0.5 s" in first.reason


@pytest.mark.parametrize(
    "values",
    [
        {}, {"contains": ""}, {"contains": []}, {"numeric": "4"}, {"numeric": True},
        {"exact": 4}, {"regex": "["}, {"regex": "x" * 2000}, {"exact": "a", "regex": "b"},
        {"exact": "a", "tolerance": 1}, {"json_schema": {"type": "thing"}}, "contains",
    ],
)  # fmt: skip
def test_checks_that_make_no_sense_are_refused(values: Any) -> None:
    with pytest.raises(CheckError):
        read_check(values)
