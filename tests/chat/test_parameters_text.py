"""Parameters as a person types them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.parameters import MOST_STOPS, Parameters
from tui.chat.parameters_text import FIELDS, as_texts, read_texts

PARAMETERS = st.builds(
    Parameters,
    temperature=st.none() | st.sampled_from([0.0, 0.7, 2.0]),
    top_p=st.none() | st.sampled_from([0.1, 1.0]),
    max_tokens=st.none() | st.integers(1, 100_000),
    seed=st.none() | st.integers(-5, 2**62),
    stop=st.lists(
        st.text(st.characters(exclude_characters="|\0", exclude_categories=["Cs"]), min_size=1),
        max_size=MOST_STOPS,
    ).map(tuple),
)


@given(PARAMETERS)
def test_what_stands_in_the_fields_is_read_back(parameters: Parameters) -> None:
    texts = as_texts(parameters)
    read, wrong = read_texts("", texts)
    assert not wrong
    blank = all(not one.strip() for one in parameters.stop)
    assert read == parameters or (blank and read.stop == ())


@pytest.mark.parametrize(
    ("name", "text", "must"),
    [
        ("temperature", "hot", "a number from 0 to 2"),
        ("temperature", "2.1", "a number from 0 to 2"),
        ("temperature", "nan", "a number from 0 to 2"),
        ("top_p", "0", "a number above 0, to 1"),
        ("max_tokens", "0", "a whole number above 0"),
        ("max_tokens", "1.5", "a whole number above 0"),
        ("seed", "x", "a whole number"),
        ("seed", "9" * 30, "a whole number"),
        ("stop", "a|b|c|d|e", "4 texts at most"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_it_must_be(name: str, text: str, must: str) -> None:
    read, wrong = read_texts("Be brief.", {name: text})
    assert wrong == {name: f"{FIELDS[name][0]} must be {must}."}
    assert read == Parameters("Be brief.")


def test_a_comma_is_a_point_and_empty_fields_are_the_servers() -> None:
    assert read_texts("", {"temperature": " 0,5 ", "seed": "  "})[0] == Parameters(temperature=0.5)


def test_stop_texts_may_hold_line_breaks_and_backslashes() -> None:
    read, _ = read_texts("", {"stop": "END|\\n\\n|a\\\\n"})
    assert read.stop == ("END", "\n\n", "a\\n")


@given(st.dictionaries(st.sampled_from([*FIELDS]), st.text(max_size=12)))
def test_whatever_is_typed_nothing_breaks(texts: dict[str, str]) -> None:
    read, wrong = read_texts("", texts)
    assert all(getattr(read, name) in (None, ()) for name in wrong)
