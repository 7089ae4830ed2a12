"""The metrics of an answer, from events with times written down."""

from __future__ import annotations

import pytest

from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.foundry.types import ChatDelta, ChatEvent, ChatFinished, ChatStarted


def measured(*events: ChatEvent) -> AnswerFigures:
    meter = AnswerMeter()
    for event in events:
        meter.feed(event)
    return meter.figures()


def answer(*at_s: float, output_tokens: int | None = None) -> AnswerFigures:
    return measured(
        ChatStarted(10.0),
        *(ChatDelta("x", one) for one in at_s),
        ChatFinished("stop", at_s[-1] + 0.1, 7, output_tokens),
    )


def test_nothing_is_known_before_the_first_event() -> None:
    assert measured() == AnswerFigures()


def test_time_to_first_token_ends_with_the_first_text() -> None:
    waiting = measured(ChatStarted(10.0))
    assert waiting.ttft_s is None
    assert measured(ChatStarted(10.0), ChatDelta("Hi", 10.25)).ttft_s == pytest.approx(0.25)


def test_an_empty_answer_has_no_time_to_first_token_but_a_length() -> None:
    figures = measured(ChatStarted(10.0), ChatFinished("stop", 10.5, 7, 0))
    assert figures.ttft_s is None
    assert figures.tpot_s is None
    assert figures.output_tokens == 0
    assert figures.e2e_s == pytest.approx(0.5)
    assert figures.e2e_tok_s is None


def test_reasoning_counts_as_first_token_but_not_as_first_answer() -> None:
    figures = measured(
        ChatStarted(10.0), ChatDelta("hm", 10.1, reasoning=True), ChatDelta("Yes", 10.6)
    )
    assert figures.ttft_s == pytest.approx(0.1)
    assert figures.ttfa_s == pytest.approx(0.6)
    assert (figures.text, figures.reasoning_text) == ("Yes", "hm")


def test_time_per_token_leaves_the_first_token_out() -> None:
    figures = answer(10.5, 10.6, 10.7, 10.8, output_tokens=4)
    assert figures.tpot_s == pytest.approx(0.1)
    assert figures.decode_tok_s == pytest.approx(10)
    assert figures.itl_s == pytest.approx((0.1, 0.1, 0.1))


def test_tokens_are_taken_from_the_server_and_not_from_the_pieces() -> None:
    figures = answer(10.5, 10.8, output_tokens=31)
    assert figures.output_tokens == 31
    assert not figures.tokens_estimated
    assert figures.tpot_s == pytest.approx(0.01)
    assert figures.e2e_tok_s == pytest.approx(31 / 0.9)


def test_pieces_stand_in_for_tokens_where_the_server_sends_no_usage() -> None:
    figures = answer(10.5, 10.6, 10.7)
    assert figures.output_tokens == 3
    assert figures.tokens_estimated


def test_one_token_has_no_rate() -> None:
    figures = answer(10.5, output_tokens=1)
    assert figures.ttft_s == pytest.approx(0.5)
    assert figures.tpot_s is None
    assert figures.decode_tok_s is None


def test_pieces_that_arrive_at_once_give_no_infinite_rate() -> None:
    assert answer(10.5, 10.5, output_tokens=2).decode_tok_s is None


def test_figures_may_be_asked_for_while_the_answer_runs() -> None:
    figures = measured(ChatStarted(10.0), ChatDelta("a", 10.1), ChatDelta("b", 10.2))
    assert figures.text == "ab"
    assert figures.finish_reason is None
    assert figures.e2e_s is None
    assert figures.tokens_estimated


def test_the_reason_of_the_end_is_kept() -> None:
    assert measured(ChatStarted(0), ChatFinished("length", 1)).finish_reason == "length"
