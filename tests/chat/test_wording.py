"""The line below an answer."""

from __future__ import annotations

import json

import pytest

from tui.chat.figures import AnswerFigures
from tui.chat.wording import ENDINGS, as_record, figures_line

MEASURED = AnswerFigures(
    ttft_s=0.34, tpot_s=0.024, decode_tok_s=41.0, e2e_s=1.2, input_tokens=7, output_tokens=31
)


def test_an_answer_is_summed_up_in_one_line_with_units() -> None:
    assert (
        figures_line(as_record(MEASURED, "stop"))
        == "TTFT 340 ms · 41 tok/s · 31 tokens · 24 ms each · stopped by itself"
    )


def test_numbers_that_rest_on_counted_pieces_are_marked() -> None:
    estimated = AnswerFigures(
        ttft_s=0.34, tpot_s=0.024, decode_tok_s=41.0, output_tokens=31, tokens_estimated=True
    )
    assert (
        figures_line(as_record(estimated, "stop"))
        == "TTFT 340 ms · ~41 tok/s · ~31 tokens · ~24 ms each · stopped by itself"
    )


def test_what_was_not_measured_is_not_mentioned() -> None:
    assert figures_line(as_record(AnswerFigures(), "user")) == "stopped by you"


def test_one_token_is_no_tokens_and_thousands_are_grouped() -> None:
    assert figures_line({"output_tokens": 1, "ended": "length"}).startswith("1 token ·")
    assert figures_line({"output_tokens": 4120, "ended": "stop"}).startswith("4,120 tokens ·")


@pytest.mark.parametrize("ended", ENDINGS)
def test_every_ending_has_words(ended: str) -> None:
    assert figures_line({"ended": ended}) == ENDINGS[ended]


@pytest.mark.parametrize("record", [{}, {"ended": "something new"}, {"ended": None}])
def test_an_ending_of_another_version_does_not_fail(record: dict[str, object]) -> None:
    assert figures_line(record) == ENDINGS["unknown"]


def test_a_record_survives_the_database() -> None:
    record = as_record(MEASURED, "length")
    assert figures_line(json.loads(json.dumps(record))) == figures_line(record)
