from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from tests.support.scripted_server import (
    END,
    SMALL,
    Step,
    delta,
    event,
    head,
    http_chunk,
    json_answer,
    model_list,
    serving,
    stream,
    text_answer,
)
from tui.foundry.endpoint.client import EndpointClient
from tui.foundry.errors import (
    BackendUnavailable,
    ContextExceeded,
    FoundryError,
    NotFound,
    RequestFailed,
    StreamBroken,
    TimedOut,
)
from tui.foundry.types import (
    ChatDelta,
    ChatEvent,
    ChatFinished,
    ChatMessage,
    ChatRequest,
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


STREAM_HEAD = head(kind="text/event-stream")
FAULTS: dict[str, tuple[list[Step], type[FoundryError], str]] = {
    "unknown model": (
        json_answer({"error": {"message": "Model not found: No model matching 'x'"}}, 404),
        NotFound, "knows no model",
    ),
    "not loaded": (
        json_answer({"error": {"message": "Model not loaded: Model 'x' must be loaded"}}, 400),
        RequestFailed, "not loaded",
    ),
    "too long": (
        json_answer({"error": {"message": "request requires 9 total tokens (8 input + 1 output), "
                               "which exceeds the model's maximum context length of 4 tokens"}},
                    400),
        ContextExceeded, "9 tokens",
    ),
    "html": (text_answer("<html>hello</html>", 200, "text/html"), BackendUnavailable,
             "not a model server"),
    "html 502": (text_answer("<html>Bad Gateway</html>", 502, "text/html"), BackendUnavailable,
                 "not a model server"),
    "bare 500": (text_answer("", 500), RequestFailed, "failed (500"),
    "reset at once": (["reset"], StreamBroken, "before it answered"),
    "closed at once": (["close"], StreamBroken, "before it answered"),
    "reset midway": ([STREAM_HEAD, event(delta("x")), "reset"], StreamBroken, "connection broke"),
    "cut midway": ([STREAM_HEAD, event(delta("x")), "close"], StreamBroken, "connection broke"),
    "half json": (
        [STREAM_HEAD, http_chunk(b'data: {"choices": [{"del\n\n'), END], StreamBroken,
        "not valid JSON",
    ),
    "nothing": ([STREAM_HEAD, b"0\r\n\r\n"], StreamBroken, "without sending any"),
    "no finish": (stream(finish=None), StreamBroken, "without a finish reason"),
    "error inside": (
        [STREAM_HEAD, event(delta("x")), event({"error": {"message": "boom"}}), b"0\r\n\r\n"],
        RequestFailed, "boom",
    ),
    "error event": (
        [STREAM_HEAD, http_chunk(b"event: error\ndata: boom\n\n"), b"0\r\n\r\n"],
        RequestFailed, "boom",
    ),
    "raw error": (
        [STREAM_HEAD, http_chunk(b'{"error": "boom"}'), b"0\r\n\r\n"], RequestFailed, "boom",
    ),
    "no line end": (
        [STREAM_HEAD, http_chunk(b"x" * 2_000_000), b"0\r\n\r\n"], StreamBroken, "1,048,576",
    ),
    "no http": ([b"SSH-2.0-OpenSSH\r\n"], StreamBroken, "before it answered"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_become_errors_with_a_hint(fault: str) -> None:
    script, kind, words = FAULTS[fault]
    with pytest.raises(kind) as caught:
        await play(script)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (["silence"], "No answer began within 0.05 s"),
        ([STREAM_HEAD, "silence"], "No answer began within 0.05 s"),
        ([STREAM_HEAD, event(delta("", role="assistant")), "silence"], "No answer began"),
        ([STREAM_HEAD, event(delta("x")), "silence"], "nothing came for 0.02 s"),
    ],
)
async def test_silence_ends_with_a_message(script: list[Step], words: str) -> None:
    with pytest.raises(TimedOut) as caught:
        await play(script, first_byte_limit_s=0.05, gap_limit_s=0.02)
    assert words in caught.value.message
    assert caught.value.hint


async def test_a_finished_answer_does_not_wait_for_an_end_that_never_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.foundry.endpoint.client.END_LIMIT_S", 0.02)
    for end in ("silence", "reset"):
        script: list[Step] = [STREAM_HEAD, event(delta("x", "stop")), end]
        assert isinstance((await play(script))[-1], ChatFinished)


async def test_nobody_listening_is_said_so(unused_tcp_port: int) -> None:
    client = EndpointClient(f"127.0.0.1:{unused_tcp_port}")
    for call in (client.models(), answer(client)):
        with pytest.raises(BackendUnavailable) as caught:
            await call
        assert f"Nothing answers at http://127.0.0.1:{unused_tcp_port}" in caught.value.message
        assert caught.value.hint
    await client.close()


async def test_a_host_without_address_is_said_so() -> None:
    client = EndpointClient("http://nowhere.invalid")
    with pytest.raises(BackendUnavailable) as caught:
        await client.models()
    assert "no known address" in caught.value.message
    await client.close()


async def test_a_proxy_from_the_environment_does_not_stand_before_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with serving() as server:
        client = EndpointClient(server.url)
        assert len(await client.models()) == 2
        await client.close()


@pytest.mark.parametrize(
    ("script", "ids"),
    [
        (model_list("a", "b:1"), ["a", "b:1"]),
        (json_answer({"object": "list", "data": None}), []),
        (json_answer({"data": []}), []),
        (json_answer(["a", "b"]), ["a", "b"]),
        (json_answer({"data": [{"id": "a"}, {"id": None}, {}, 5, {"id": "\x1b[2Jx"}]}), ["a"]),
    ],
)
async def test_model_lists_of_every_shape(script: list[Step], ids: list[str]) -> None:
    async with serving({"/v1/models": script}) as server:
        client = EndpointClient(server.url + "/v1/")
        assert [row["id"] for row in await client.models()] == ids
        await client.close()


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (text_answer("<html></html>", 200, "text/html"), BackendUnavailable),
        (text_answer("pong"), BackendUnavailable),
        (json_answer({"status": "ok"}), BackendUnavailable),
        (json_answer({"error": "Unexpected endpoint or method. (GET /x)"}), BackendUnavailable),
        (json_answer({"detail": "Not Found"}, 404), BackendUnavailable),
        (json_answer({"error": "Unauthorized"}, 401), RequestFailed),
        (["reset"], BackendUnavailable),
        ([b"SSH-2.0-OpenSSH\r\n"], BackendUnavailable),
        (["silence"], TimedOut),
    ],
)
async def test_what_is_no_model_list_is_refused(
    script: list[Step], kind: type[FoundryError]
) -> None:
    async with serving({"/v1/models": script}) as server:
        client = EndpointClient(server.url)
        with pytest.raises(kind) as caught:
            await client.models(limit_s=0.2)
        assert caught.value.hint
        await client.close()
