from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted_server import delta, usage
from tui.foundry.endpoint.chat_stream import ChatStream
from tui.foundry.endpoint.sse import SseEvent
from tui.foundry.endpoint.thinking import ThinkSplitter
from tui.foundry.errors import ContextExceeded, FoundryError, RequestFailed, StreamBroken
from tui.foundry.types import ChatDelta, ChatFinished


def play(*payloads: Any) -> list[ChatDelta | ChatFinished]:
    stream = ChatStream("demo")
    events: list[ChatDelta | ChatFinished] = []
    for number, payload in enumerate(payloads):
        if not isinstance(payload, SseEvent):
            payload = SseEvent(payload if isinstance(payload, str) else json.dumps(payload))
        events += stream.feed(payload, float(number))
    events += stream.finish(float(len(payloads)))
    return events


def text_of(events: list[ChatDelta | ChatFinished], *, reasoning: bool = False) -> str:
    return "".join(e.text for e in events if isinstance(e, ChatDelta) and e.reasoning is reasoning)


def end_of(events: list[ChatDelta | ChatFinished]) -> ChatFinished:
    last = events[-1]
    assert isinstance(last, ChatFinished)
    return last


def choice(**fields: object) -> dict[str, object]:
    return {"choices": [{"index": 0, **fields}]}


def test_the_runtimes_stream() -> None:
    events = play(
        delta("", role="assistant"), delta("Hel"), delta("lo"), delta(finish="stop"),
        usage(11, 31), "[DONE]",
    )  # fmt: skip
    assert events == [
        ChatDelta("Hel", 1.0),
        ChatDelta("lo", 2.0),
        ChatFinished("stop", 6.0, 11, 31),
    ]


@pytest.mark.parametrize(
    "payloads",
    [
        [delta("Hello", "stop", role="assistant")],
        [choice(delta={"content": None}), choice(delta={"content": "Hello"}), delta("", "stop")],
        [{"choices": []}, {"choices": None}, {}, delta("Hello"), choice(finish_reason="stop")],
        [
            choice(message={"content": "Hel"}),
            choice(message={"content": "lo"}, finish_reason="eos"),
        ],
        [delta("Hel"), delta("lo"), choice(message={"content": "Hello"}, finish_reason="stop")],
        [
            choice(delta={"content": "Hel"}, message={"content": "Hel"}),
            choice(delta={"content": "lo"}, message={"content": "lo"}, finish_reason="stop"),
        ],
        [choice(message={"role": "assistant", "content": "Hello"}, finish_reason="stop")],
        [choice(text="Hello", finish_reason="stop")],
        [choice(delta={"content": [{"type": "text", "text": "Hello"}]}, finish_reason="stop")],
        [json.dumps(delta("Hel")) + "\n" + json.dumps(delta("lo", "stop"))],
        [delta("Hello"), choice(delta=None, finish_reason="stop"), "garbage {"],
        [{"error": None, **delta("Hello", "stop")}],
    ],
)  # fmt: skip
def test_every_shape_of_an_answer(payloads: list[Any]) -> None:
    events = play(*payloads)
    assert text_of(events) == "Hello"
    assert end_of(events).finish_reason == "stop"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("length", "length"), ("function_call", "tool_calls"), ("load", "unknown")],
)
def test_finish_reasons(sent: str, shown: str) -> None:
    assert end_of(play(delta("x", sent))).finish_reason == shown


def test_usage_early_late_with_the_text_or_never() -> None:
    counts = {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    early = play({**delta("x"), **counts}, delta(finish="stop"))
    late = play(delta("x", "stop"), usage(3, 1))
    beside = play({**delta("x", "stop"), **counts})
    for events in (early, late, beside):
        assert (end_of(events).input_tokens, end_of(events).output_tokens) == (3, 1)
    never = end_of(play({**delta("x", "stop"), "usage": None}))
    assert (never.input_tokens, never.output_tokens) == (None, None)
    zero = end_of(play(delta("x", "stop"), usage(3, 0)))
    assert zero.output_tokens is None


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_reasoning_in_a_field(key: str) -> None:
    events = play(delta(None, **{key: "hm"}), delta("yes", **{key: None}), delta(finish="stop"))
    assert text_of(events, reasoning=True) == "hm"
    assert text_of(events) == "yes"


@given(st.lists(st.integers(0, 60)), st.sampled_from(["", "\n", "  "]))
def test_think_tags_are_found_however_they_are_cut(cuts: list[int], blank: str) -> None:
    whole = f"{blank}<think>a < b, no </thin</think>\n\nSay <think> aloud"
    edges = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    splitter = ThinkSplitter()
    pieces = [
        piece for a, b in itertools.pairwise(edges) for piece in splitter.feed(whole[a:b])
    ] + splitter.finish()
    assert all(text for text, _ in pieces)
    assert "".join(text for text, thought in pieces if thought) == "a < b, no </thin"
    answer = "".join(text for text, thought in pieces if not thought)
    assert answer.lstrip() == "Say <think> aloud"


def test_text_that_only_begins_like_a_tag_is_shown() -> None:
    assert text_of(play(delta("<th"), delta(finish="stop"))) == "<th"
    assert text_of(play(delta("<"), delta("b>", "stop"))) == "<b>"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"error": {"message": "out of memory", "type": "server_error"}}, "out of memory"),
        ({"error": "out of memory"}, "out of memory"),
        ({"object": "error", "message": "out of memory", "code": 500}, "out of memory"),
        ({"Successful": False, "ErrorMessage": "out of memory"}, "out of memory"),
        (SseEvent('{"message": "out of memory"}', "error"), "out of memory"),
        (SseEvent("out of memory", "error"), "out of memory"),
        ('{"error": "it said "out of memory""}', "out of memory"),
        (delta(finish="error"), "finish reason 'error'"),
    ],
)  # fmt: skip
def test_errors_inside_a_stream(payload: Any, message: str) -> None:
    with pytest.raises(RequestFailed) as caught:
        play(delta("half an ans"), payload)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_full_context_inside_a_stream() -> None:
    error = {
        "error": {
            "message": "request requires 5000 total tokens (4500 input + 500 output), which "
            "exceeds the model's maximum context length of 4096 tokens"
        }
    }
    with pytest.raises(ContextExceeded) as caught:
        play(error)
    assert caught.value.message == (
        "The request needs 5,000 tokens (4,500 prompt + 500 answer); "
        "the model's context holds 4,096."
    )


@pytest.mark.parametrize(
    ("payloads", "message"),
    [
        ([], "without sending any of it"),
        (["[DONE]"], "without sending any of it"),
        ([delta("half"), "[DONE]"], "without a finish reason"),
        ([delta("half")], "without a finish reason"),
        ([delta("half"), '{"choices": [{"delta'], "not valid JSON"),
    ],
)
def test_an_answer_that_breaks_off_is_an_error(payloads: list[Any], message: str) -> None:
    with pytest.raises(StreamBroken) as caught:
        play(*payloads)
    assert message in caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "message", "finish_reason", "usage", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.lists(JSON, max_size=5))
def test_no_json_makes_it_stumble(payloads: list[Any]) -> None:
    with contextlib.suppress(FoundryError):
        play(*[json.dumps(payload) for payload in payloads])
