"""Tokens per second and TTFT as samples see them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.system.activity import FORGOTTEN_AFTER_S, Activity, LiveFigures


def figures(stream: int = 1, **values: object) -> LiveFigures:
    return replace(LiveFigures(stream, f"m{stream}:1", "chat"), **values)


def test_nothing_is_generated_and_nothing_is_zero() -> None:
    sample = Activity().sample(10.0)
    assert (sample.tok_s, sample.ttft_s, sample.answering) == (None, None, ())


def test_an_answer_in_progress_has_the_rate_of_the_last_span() -> None:
    activity = Activity()
    assert not activity.take(figures())
    assert activity.sample(0.5).answering == ("m1:1",)
    assert activity.take(figures(tokens=1, first_s=1.0, last_s=1.0, ttft_s=0.4))
    assert not activity.take(figures(tokens=11, first_s=1.0, last_s=1.5, ttft_s=0.4))
    sample = activity.sample(1.6)
    assert sample.tok_s == pytest.approx(20)
    assert sample.ttft_s == 0.4
    assert activity.last_ttft_s == 0.4
    activity.take(figures(tokens=16, first_s=1.0, last_s=2.0, ttft_s=0.4))
    sample = activity.sample(2.1)
    assert sample.tok_s == pytest.approx(10)
    assert sample.ttft_s is None
    assert activity.sample(3.0).tok_s is None
    assert activity.last_tok_s == pytest.approx(10)


def test_a_short_answer_between_two_samples_is_not_lost() -> None:
    activity = Activity()
    activity.take(figures(tokens=3, counted=11, first_s=1.0, last_s=1.01, ttft_s=0.004, ended=True))
    sample = activity.sample(2.0)
    assert sample.tok_s == pytest.approx(1000)
    assert sample.answering == ("m1:1",)
    assert activity.answering == ()
    assert activity.sample(3.0).answering == ()


def test_two_at_once_add_up_and_one_after_the_other_do_not() -> None:
    activity = Activity()
    for stream in (1, 2):
        activity.take(figures(stream, tokens=11, first_s=1.0, last_s=2.0))
    assert activity.sample(2.0).tok_s == pytest.approx(20)
    activity = Activity()
    for stream, start in ((1, 1.0), (2, 2.5)):
        activity.take(figures(stream, tokens=11, first_s=start, last_s=start + 1, ended=True))
    assert activity.sample(4.0).tok_s == pytest.approx(10)


def test_an_answer_whose_end_was_never_told_is_forgotten() -> None:
    activity = Activity()
    activity.take(figures(tokens=2, first_s=1.0, last_s=2.0))
    activity.sample(3.0)
    assert activity.sample(4.0 + FORGOTTEN_AFTER_S).answering == ("m1:1",)
    assert activity.answering == ()


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0.01, 5)), min_size=1, max_size=20))
def test_no_token_counts_twice(steps: list[tuple[int, float]]) -> None:
    activity = Activity()
    tokens, at_s, seen = 1, 10.0, 0.0
    activity.take(figures(tokens=1, first_s=at_s, last_s=at_s))
    for more, pause_s in steps:
        tokens, at_s = tokens + more, at_s + pause_s
        activity.take(figures(tokens=tokens, first_s=10.0, last_s=at_s))
        seen += (activity.sample(at_s).tok_s or 0) * pause_s
    assert seen == pytest.approx(tokens - 1)
