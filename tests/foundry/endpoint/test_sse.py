from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.foundry.endpoint.sse import SseDecoder, SseEvent
from tui.foundry.errors import StreamBroken

PIECES = st.lists(
    st.sampled_from([
        b"data: {\"a\": \"\xc3\xa9\xe2\x82\xac\"}", b"data:x", b"data: ", b"data", b": ping", b"",
        b"event: error", b"id: 1", b"retry: 5", b"{\"error\": \"raw\"}", b"\n", b"\r", b"\r\n",
        b"\n\n", b"\r\n\r\n", b"\r\r", b"\xf0\x9f\x98\x80", b"\xff", b"\xef\xbb\xbf",
        b"data: [DONE]",
    ]),
    max_size=30,
).map(b"".join)  # fmt: skip


def decode(*chunks: bytes, limit: int = 200) -> tuple[list[SseEvent], bool]:
    decoder = SseDecoder(limit)
    events = []
    try:
        for chunk in chunks:
            for event in decoder.feed(chunk):
                events.append(event)
        for event in decoder.finish():
            events.append(event)
    except StreamBroken:
        return events, True
    return events, False


@given(PIECES, st.lists(st.integers(0, 400)))
def test_events_do_not_depend_on_how_the_bytes_are_cut(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    chunks = [data[a:b] for a, b in itertools.pairwise(edges)]
    whole, broken = decode(data)
    cut_up, cut_broken = decode(*chunks)
    assert (whole, broken) == (cut_up, cut_broken)


@given(st.binary(max_size=300))
def test_any_bytes_are_survived_one_by_one(data: bytes) -> None:
    assert decode(data) == decode(*(data[i : i + 1] for i in range(len(data))))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_joined_data(end: str) -> None:
    text = f": comment{end}event: error{end}data: one{end}data:two{end}{end}data: [DONE]{end}{end}"
    events, _ = decode(text.encode())
    assert events == [SseEvent("one\ntwo", "error"), SseEvent("[DONE]")]


def test_an_event_is_there_as_soon_as_its_blank_line_is() -> None:
    decoder = SseDecoder()
    assert list(decoder.feed(b"data: x\r\n\r")) == [SseEvent("x")]
    assert list(decoder.feed(b"\ndata: y\n\n")) == [SseEvent("y")]


def test_raw_json_without_data_is_an_event() -> None:
    assert decode(b'{"error": "no model"}\n')[0] == [SseEvent('{"error": "no model"}')]
    assert decode(b'{"error": "no model"}')[0] == [SseEvent('{"error": "no model"}')]


def test_the_last_blank_line_may_be_missing() -> None:
    assert decode(b"data: end")[0] == [SseEvent("end")]


def test_a_megabyte_without_a_line_end_is_refused() -> None:
    decoder = SseDecoder()
    for _ in range(104):
        assert not list(decoder.feed(b"x" * 10_000))
    with pytest.raises(StreamBroken) as caught:
        list(decoder.feed(b"x" * 10_000))
    assert "1,048,576 bytes" in caught.value.message
    assert caught.value.hint


def test_one_event_of_many_lines_is_refused_too() -> None:
    events, broken = decode(b"data: ok\n\n" + b"data: 0123456789\n" * 50)
    assert broken
    assert events == [SseEvent("ok")]
