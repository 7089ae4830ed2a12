"""System prompt and sampling of a conversation."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tui.chat.parameters import MOST_STOPS, Parameters, from_record
from tui.foundry.types import ChatMessage

FULL = Parameters("Be brief.", 0.7, 0.9, 64, 0, ("END", "\n"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_what_is_kept_comes_back() -> None:
    assert from_record(json.loads(json.dumps(FULL.as_record()))) == FULL
    assert Parameters().as_record() == {}


def test_a_request_carries_all_of_them() -> None:
    request = FULL.request("phi:1", (ChatMessage("user", "q"),))
    assert (request.temperature, request.top_p, request.max_tokens) == (0.7, 0.9, 64)
    assert (request.seed, request.stop) == (0, ("END", "\n"))


def test_what_is_set_is_named_in_a_line() -> None:
    assert Parameters().summary() == ""
    assert FULL.summary() == ("system · temp 0.7 · top_p 0.9 · max 64 · seed 0 · 2 stops")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: JSON
            for name in ("system_prompt", "temperature", "top_p", "max_tokens", "seed", "stop")
        },
    )
)
def test_whatever_a_file_holds_only_what_fits_is_taken(record: dict[str, object]) -> None:
    read = from_record(record)
    assert read.temperature is None or 0 <= read.temperature <= 2
    assert read.max_tokens is None or read.max_tokens > 0
    assert len(read.stop) <= MOST_STOPS
    assert all(isinstance(one, str) for one in read.stop)
    assert from_record(read.as_record()) == read
