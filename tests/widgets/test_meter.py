"""Small graphs and bars in a line of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.meter import bar, spark, strip


def test_a_small_graph_goes_from_low_to_high() -> None:
    assert spark([0, 15, 30, 45, 60, 75, 90, 100], 8, 100) == "▁▂▃▄▅▇██"


def test_a_small_graph_shows_the_newest_values_at_the_right() -> None:
    assert spark([100, 100, 0], 2, 100) == "█▁"
    assert spark([100], 4, 100) == "   █"


def test_what_was_not_measured_is_blank_and_not_zero() -> None:
    assert spark([None, 0], 2, 100) == " ▁"


@given(
    st.lists(st.none() | st.floats(-10, 1e12), max_size=20),
    st.integers(1, 12),
    st.sampled_from((0, 1, 100)),
)
def test_a_small_graph_is_always_as_wide_as_asked(
    values: list[float | None], width: int, maximum: float
) -> None:
    assert len(spark(values, width, maximum)) == width


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "    "), (0.5, "██  "), (1, "████"), (0.03125, "▏   "), (0.96875, "███▉")],
)
def test_a_bar_grows_by_eighths_of_a_cell(fraction: float, text: str) -> None:
    assert bar(fraction, 4) == text


@pytest.mark.parametrize(("fraction", "text"), [(-1, "  "), (7, "██")])
def test_a_bar_stays_in_its_place(fraction: float, text: str) -> None:
    assert bar(fraction, 2) == text


def test_a_strip_shows_where_the_values_lie() -> None:
    assert strip([1.0] * 4 + [10.0], 1.0, 100.0, 5) == "█·▃··"
    assert strip([5.0], 5.0, 5.0, 3) == "·█·"
    assert strip([], 1.0, 2.0, 3) == "···"
