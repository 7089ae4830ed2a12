from __future__ import annotations

import asyncio
import json
import logging
import statistics
import time
from contextlib import aclosing
from typing import Any

import pytest

from tests.support.scripted_server import (
    END,
    SMALL,
    Step,
    chat_by_model,
    delta,
    event,
    head,
    http_chunk,
    json_answer,
    serving,
    stream,
    text_answer,
)
from tui.foundry.endpoint.client import EndpointClient
from tui.foundry.endpoint.stamped import StampedBackend
from tui.foundry.errors import (
    RequestFailed,
)
from tui.foundry.types import (
    ChatDelta,
    ChatEvent,
    ChatFinished,
    ChatMessage,
    ChatRequest,
    ChatStarted,
)

CHAT = "/v1/chat/completions"


def ask(variant_id: str = SMALL, **parameters: Any) -> ChatRequest:
    return ChatRequest(variant_id, (ChatMessage("user", "Hi"),), **parameters)


async def answer(client: EndpointClient, request: ChatRequest | None = None) -> list[ChatEvent]:
    async with aclosing(client.chat(request or ask())) as events:
        return [event async for event in events]


async def play(script: list[Step], **limits: float) -> list[ChatEvent]:
    async with serving({CHAT: script}) as server:
        client = EndpointClient(server.url, **limits)
        try:
            return await answer(client)
        finally:
            await client.close()


def text_of(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ChatDelta))


async def test_a_streamed_answer_comes_as_events_in_order() -> None:
    events = await play(stream(["Hel", "lo"], tokens=(11, 2)))
    started, *deltas, finished = events
    assert isinstance(started, ChatStarted)
    assert text_of(deltas) == "Hello"
    assert isinstance(finished, ChatFinished)
    assert (finished.finish_reason, finished.input_tokens, finished.output_tokens) == (
        "stop", 11, 2,
    )  # fmt: skip
    times = [event.at_s for event in events]
    assert times == sorted(times)


async def test_the_request_holds_what_was_asked_and_nothing_else() -> None:
    async with serving() as server:
        client = EndpointClient(server.url)
        await answer(client, ask(max_tokens=5, temperature=0.0, seed=7, stop=("END",)))
        await client.close()
    (request,) = server.requests
    assert request.json == {
        "model": SMALL,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 5,
        "temperature": 0.0,
        "seed": 7,
        "stop": ["END"],
    }
    assert "authorization" not in request.headers


async def test_every_request_has_a_connection_of_its_own() -> None:
    async with serving() as server:
        client = EndpointClient(server.url)
        for _ in range(3):
            await answer(client)
        await client.models()
        await client.close()
    assert [request.connection for request in server.requests] == [1, 2, 3, 4]


async def test_the_clock_starts_when_the_connection_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened_s: list[float] = []
    connect_tcp = StampedBackend.connect_tcp

    async def slow_connect(*arguments: Any, **options: Any) -> Any:
        connection = await connect_tcp(*arguments, **options)
        await asyncio.sleep(0.1)
        opened_s.append(time.perf_counter())
        return connection

    monkeypatch.setattr(StampedBackend, "connect_tcp", slow_connect)
    called_s = time.perf_counter()
    started = (await play(stream()))[0]
    assert started.at_s >= opened_s[0] >= called_s + 0.1


async def test_a_server_that_is_slow_to_accept_is_slow_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the server does after the request was sent belongs to the time to the first token."""
    pause = asyncio.Event()
    script: list[Step] = [pause, *stream(["x"])]
    async with serving({CHAT: script}) as server:
        client = EndpointClient(server.url)
        task = asyncio.create_task(answer(client))
        await server.asked.wait()
        released_s = time.perf_counter()
        pause.set()
        events = await task
        await client.close()
    assert events[0].at_s < released_s < events[1].at_s


async def test_each_token_is_there_when_the_server_sends_it() -> None:
    gates = [asyncio.Event() for _ in range(3)]
    script: list[Step] = [head(kind="text/event-stream")]
    for gate in gates:
        script += [gate, event(delta("x"))]
    async with serving({CHAT: [*script, event(delta(finish="stop")), END]}) as server:
        client = EndpointClient(server.url)
        async with aclosing(client.chat(ask())) as events:
            assert isinstance(await anext(events), ChatStarted)
            for gate in gates:
                gate.set()
                assert isinstance(await anext(events), ChatDelta)
            assert isinstance(await anext(events), ChatFinished)
        await client.close()


async def test_events_split_over_chunks_and_characters_split_over_bytes() -> None:
    data = f"data: {json.dumps(delta('né€😀'), ensure_ascii=False)}\n\n".encode()
    script: list[Step] = [head(kind="text/event-stream")]
    script += [http_chunk(data[i : i + 1]) for i in range(len(data))]
    assert text_of(await play([*script, event(delta(finish="stop")), END])) == "né€😀"


async def test_an_answer_in_one_piece_of_json() -> None:
    body = {
        "choices": [
            {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    events = await play(text_answer(json.dumps(body, indent=2), kind="application/json"))
    assert text_of(events) == "Hello"
    assert isinstance(events[-1], ChatFinished)
    assert events[-1].output_tokens == 1


async def test_closing_early_closes_the_socket_at_once() -> None:
    endless: list[Step] = [head(kind="text/event-stream"), event(delta("x")), "silence"]
    async with serving({CHAT: endless}) as server:
        client = EndpointClient(server.url)
        async with aclosing(client.chat(ask())) as events:
            async for received in events:
                if isinstance(received, ChatDelta):
                    break
        await asyncio.wait_for(server.gone.wait(), 5)
        await client.close()


@pytest.mark.parametrize("before_headers", [True, False])
async def test_cancelling_closes_the_socket(before_headers: bool) -> None:
    script: list[Step] = ["silence"] if before_headers else [head(kind="text/event-stream"),
                                                             "silence"]  # fmt: skip
    async with serving({CHAT: script}) as server:
        client = EndpointClient(server.url)
        task = asyncio.create_task(answer(client))
        await server.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.gone.wait(), 5)
        await client.close()


async def test_the_key_is_sent_and_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refuse = json_answer({"error": "wrong key sk-secret"}, 401)
    async with serving({"/v1/models": refuse, CHAT: refuse}) as server:
        client = EndpointClient(server.url, "sk-secret")
        for call in (client.models(), answer(client)):
            with pytest.raises(RequestFailed) as caught:
                await call
            assert "sk-secret" not in caught.value.message + caught.value.hint
        assert "sk-secret" not in repr(client) + caplog.text
        await client.close()
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-secret"}


def test_a_key_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(RequestFailed) as caught:
        EndpointClient("http://box", "sk-\nsecret")
    assert "secret" not in caught.value.message


async def test_closing_twice_is_fine() -> None:
    client = EndpointClient("http://127.0.0.1:9")
    await client.close()
    await client.close()


async def test_other_machines_are_reached_by_httpx_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without stamps the clock is read as the bytes are handed over."""

    async def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise AssertionError("no stamped connection to another machine")

    monkeypatch.setattr(StampedBackend, "connect_tcp", refuse)
    monkeypatch.setattr("tui.foundry.endpoint.address._is_loopback", lambda host: False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    times = [event.at_s for event in await play(stream())]
    assert len(times) == 4
    assert times == sorted(times)
    assert times[0] > 0


async def test_a_long_answer_waits_for_a_slow_reader() -> None:
    pieces = ["x" * 100_000] * 60
    async with serving({CHAT: stream(pieces)}) as server:
        client = EndpointClient(server.url)
        length = 0
        async with aclosing(client.chat(ask())) as events:
            async for received in events:
                if isinstance(received, ChatDelta):
                    length += len(received.text)
                    for _ in range(20):  # lets the server run ahead
                        await asyncio.sleep(0)
        await client.close()
    assert length == 6_000_000


async def test_a_long_prompt_is_sent_whole() -> None:
    prompt = "y" * 3_000_000
    async with serving() as server:
        client = EndpointClient(server.url)
        await answer(client, ChatRequest(SMALL, (ChatMessage("user", prompt),)))
        await client.close()
    assert server.requests[0].json["messages"][0]["content"] == prompt


async def test_times_are_taken_below_http() -> None:
    async with serving() as server:
        client = EndpointClient(server.url)
        async with aclosing(client.chat(ask())) as events:
            async for received in events:
                handed_over_s = time.perf_counter()
                assert received.at_s < handed_over_s
        await client.close()


async def test_several_answers_at_once() -> None:
    async with serving() as server:
        client = EndpointClient(server.url)
        answers = await asyncio.gather(*(answer(client) for _ in range(5)))
        await client.close()
    assert [text_of(events) for events in answers] == ["Hello world"] * 5


async def test_measured_times_against_a_server_with_known_ones(
    record_property: Any,
) -> None:
    """Reports the error of TTFT and ITL; asserts only that every token was timed."""
    count, first_s, gap_s = 60, 0.03, 0.004
    script = stream([f"{n} " for n in range(count)], first_s=first_s, gap_s=gap_s)
    async with serving({CHAT: chat_by_model(demo_small_generic_cpu=script)}) as server:
        client = EndpointClient(server.url)
        await answer(client)  # first request: imports, caches
        ttft_errors, itl_errors = [], []
        for _ in range(3):
            server.sent_s.clear()
            server.requests.clear()
            events = await answer(client)
            at = [e.at_s for e in events if isinstance(e, ChatDelta)]
            sent = server.sent_s[2 : 2 + count]  # after the headers and the role
            assert len(at) == len(sent) == count
            ttft = at[0] - events[0].at_s
            ttft_errors.append(ttft - (sent[0] - server.requests[0].arrived_s))
            itl_errors += [
                abs((b - a) - (sb - sa))
                for a, b, sa, sb in zip(at, at[1:], sent, sent[1:], strict=False)
            ]
        await client.close()
    ttft_ms = statistics.median(ttft_errors) * 1000
    itl_ms = statistics.median(itl_errors) * 1000
    record_property("ttft_error_ms", ttft_ms)
    record_property("itl_error_ms", itl_ms)
    print(f"median error: TTFT {ttft_ms:.3f} ms, ITL {itl_ms:.3f} ms over {len(itl_errors)} gaps")
