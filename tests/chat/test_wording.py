"""The line below an answer."""

from __future__ import annotations

import json

import pytest

from tui.chat.figures import AnswerFigures
from tui.chat.wording import ENDINGS, as_record, context_text, figures_line

MEASURED = AnswerFigures(
    ttft_s=0.34, tpot_s=0.024, decode_tok_s=41.0, e2e_s=1.2, input_tokens=7, output_tokens=31
)


def test_an_answer_is_summed_up_in_one_line_with_units() -> None:
    assert (
        figures_line(as_record(MEASURED, "stop"))
        == "TTFT 340 ms · 41 tok/s · 7 in, 31 out · context 38 · stopped by itself"
    )


def test_numbers_that_rest_on_counted_pieces_are_marked() -> None:
    estimated = AnswerFigures(
        ttft_s=0.34, tpot_s=0.024, decode_tok_s=41.0, output_tokens=31, tokens_estimated=True
    )
    assert (
        figures_line(as_record(estimated, "stop"))
        == "TTFT 340 ms · ~41 tok/s · ~31 tokens · stopped by itself"
    )


def test_what_was_not_measured_is_not_mentioned() -> None:
    assert figures_line(as_record(AnswerFigures(), "user")) == "stopped by you"


def test_one_token_is_no_tokens_and_thousands_are_grouped() -> None:
    assert figures_line({"output_tokens": 1, "ended": "length"}).startswith("1 token ·")
    assert figures_line({"output_tokens": 4120, "ended": "stop"}).startswith("4,120 tokens ·")


@pytest.mark.parametrize("ended", ENDINGS)
def test_every_ending_has_words(ended: str) -> None:
    assert figures_line({"ended": ended}) == ENDINGS[ended]


@pytest.mark.parametrize("ended", ["something new", None])
def test_an_ending_of_another_version_does_not_fail(ended: str | None) -> None:
    assert figures_line({"ended": ended}) == ENDINGS["unknown"]


def test_an_answer_that_is_being_written_has_no_ending() -> None:
    assert figures_line({"output_tokens": 5, "tokens_estimated": True}) == "~5 tokens"


def test_the_first_answer_token_is_named_where_a_model_thinks_first() -> None:
    assert "TTFA" not in figures_line({"ttft_s": 0.5, "ttfa_s": 0.5, "ended": "stop"})
    line = figures_line({"ttft_s": 0.5, "ttfa_s": 1.7, "ended": "stop"})
    assert line == "TTFT 500 ms · TTFA 1.7 s · stopped by itself"


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({}, ""),
        ({"input_tokens": 7, "output_tokens": 31}, "context 38"),
        ({"input_tokens": 7, "output_tokens": 31, "context_tokens": 1024}, "context ▁ 38 of 1 k"),
        ({"context_used_tokens": 2048, "context_tokens": 4096}, "context ▅ 2,048 of 4 k"),
        ({"context_used_tokens": 9999, "context_tokens": 4096}, "context █ 9,999 of 4 k"),
        ({"context_used_tokens": 40, "context_estimated": True}, "context ~40"),
        ({"context_tokens": 4096}, ""),
    ],
)
def test_the_context_used_is_told_with_a_small_bar(record: dict[str, object], text: str) -> None:
    assert context_text(record) == text


def test_the_device_stands_in_the_line() -> None:
    assert figures_line({"device": "NPU", "ended": "stop"}) == "NPU · stopped by itself"


def test_a_record_survives_the_database() -> None:
    record = as_record(MEASURED, "length")
    assert figures_line(json.loads(json.dumps(record))) == figures_line(record)


def test_a_device_that_nobody_tells_is_left_out() -> None:
    assert figures_line({"device": "unknown", "ended": "stop"}) == ENDINGS["stop"]
    assert "GPU" in figures_line({"device": "GPU", "ended": "stop"})
