"""The ways of real servers, each as it was met on the wire, and what our client makes of it.

The servers named here are those that were seen to do it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.scripted_server import (
    END,
    Answer,
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
    usage,
)
from tui.foundry.endpoint.backend import EndpointBackend
from tui.foundry.endpoint.client import EndpointClient
from tui.foundry.errors import (
    ContextExceeded,
    FoundryError,
    NotFound,
    RequestFailed,
    StreamBroken,
    Unsupported,
)
from tui.foundry.health import probe
from tui.foundry.types import ChatDelta, ChatEvent, ChatFinished, ChatMessage, ChatRequest

CLOSED = b"0\r\n\r\n"
SSE = head(kind="text/event-stream")
HTTP_1_0 = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def sse(payload: dict[str, Any] | str) -> bytes:
    """Return one event without the frame of a chunk, as HTTP/1.0 sends it."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return f"data: {text}\n\n".encode()


async def ask(
    script: Answer, max_tokens: int = 5, **limits: float
) -> tuple[str, str, ChatFinished | None]:
    """Return answer, reasoning and end of what a server sends."""
    async with serving({"/v1/chat/completions": script}) as server:
        client = EndpointClient(server.url, **limits)  # type: ignore[arg-type]
        request = ChatRequest("otter", (ChatMessage("user", "Hello"),), max_tokens)
        try:
            events: list[ChatEvent] = [one async for one in client.chat(request)]
        finally:
            await client.close()
    deltas = [one for one in events if isinstance(one, ChatDelta)]
    end = events[-1] if isinstance(events[-1], ChatFinished) else None
    answer = "".join(one.text for one in deltas if not one.reasoning)
    return answer, "".join(one.text for one in deltas if one.reasoning), end


def script(*steps: Step | dict[str, Any]) -> list[Step]:
    return [SSE, *(event(step) if isinstance(step, dict) else step for step in steps)]


# Ends


async def test_a_finish_reason_is_success_without_a_done() -> None:
    """transformers serve never sends `[DONE]`."""
    answer, _, end = await ask(script(delta("Hi"), delta(finish="length"), CLOSED))
    assert answer == "Hi"
    assert end is not None
    assert end.finish_reason == "length"


async def test_a_done_without_a_finish_reason_is_no_success() -> None:
    """llama-cpp-python sends it when it cuts a stream because another request arrived."""
    with pytest.raises(StreamBroken):
        await ask(script(delta("Hi"), END))
    with pytest.raises(StreamBroken):
        await ask([SSE, event(delta("Hi")), http_chunk(b"data: [DONE]\n\n"), "close"])


async def test_a_done_after_an_error_changes_nothing_about_it() -> None:
    """vLLM, SGLang, LocalAI."""
    error = {"error": {"message": "made up", "type": "internal_error", "code": 500}}
    with pytest.raises(RequestFailed, match="made up"):
        await ask(script(delta("Hi"), error, END))


async def test_a_stream_without_an_event_is_a_prompt_that_is_too_long() -> None:
    """llama-cpp-python: 200, and nothing else."""
    with pytest.raises(StreamBroken, match="without sending any") as caught:
        await ask([SSE, CLOSED])
    assert "too long" in caught.value.hint


async def test_a_crash_over_http_1_0_is_no_end() -> None:
    """mlx-lm: the close of the connection is the only frame there is."""
    with pytest.raises(StreamBroken):
        await ask([HTTP_1_0, sse(delta("Hi")), "close"])
    answer, _, end = await ask(
        [HTTP_1_0, b": keepalive 1/1\n\n", sse(delta("Hi")), sse(delta(finish="stop")), "close"]
    )
    assert answer == "Hi"
    assert end is not None


async def test_a_probe_is_one_request_for_one_token() -> None:
    """llama-cpp-python cuts a stream for any new request: a probe is rare and small."""
    async with serving(
        {"/v1/models": model_list("otter"), "/v1/chat/completions": stream(["Hi"])}
    ) as server:
        backend = EndpointBackend(server.url, None, "for a test")
        health = await probe(backend, "otter")
        await backend.close()
        (asked,) = [one for one in server.requests if one.path == "/v1/chat/completions"]
    assert health.answered
    assert asked.json["max_tokens"] == 1


@pytest.mark.parametrize(
    "steps",
    [
        [event({"error": {"message": "made up"}})],
        [event({"error": "made up"})],
        [http_chunk(b'data: {"error": "a "made up" error"}\n\n')],
        [http_chunk(b'event: error\ndata: {"error": {"message": "made up"}}\n\n')],
        [http_chunk(b'event: error\ndata: {"message": "made up"}\n\n')],
        [http_chunk(b'{"error": "made up"}\n')],
        [event({"object": "error", "message": "made up", "code": 500})],
    ],
    ids=["object", "text", "not escaped", "named", "named flat", "without data", "flat"],
)
async def test_errors_inside_a_stream(steps: Sequence[Step]) -> None:
    with pytest.raises(RequestFailed, match="made up"):
        await ask([SSE, event(delta("Hi")), *steps, CLOSED])


async def test_an_empty_chunk_instead_of_an_error_is_no_end() -> None:
    """Ollama."""
    with pytest.raises(StreamBroken):
        await ask(script(delta("Hi"), {"choices": []}, CLOSED))


# Chunks


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ([{"choices": []}, delta("Hi"), delta(finish="stop")], "Hi"),
        ([delta("Hi"), {"choices": [{"delta": {}}], **usage(1, 1) | {"choices": [{"delta": {}}]}},
          delta(finish="stop")], "Hi"),
        ([{"choices": [{"delta": {"content": "Hi"}, "index": 0}]}, delta(finish="stop")], "Hi"),
        ([{"choices": [{"delta": {"role": "assistant", "content": None}}]}, delta("Hi"),
          delta(finish="stop")], "Hi"),
        ([delta("H", role="assistant"), delta("i", role="assistant"), delta(finish="stop")], "Hi"),
        ([delta("Hi", role="assistant"), delta(finish="stop")], "Hi"),
        ([delta("Hi"), delta(finish="stop")], "Hi"),
        ([delta("H"), delta("i", finish="stop")], "Hi"),
    ],
    ids=["no choices", "empty delta beside usage", "finish absent", "content null",
         "role in every delta", "role with text", "role never", "text and finish in one"],
)  # fmt: skip
async def test_chunks_of_every_shape(chunks: list[dict[str, Any]], text: str) -> None:
    answer, _, end = await ask(script(*chunks, END))
    assert answer == text
    assert end is not None
    assert end.finish_reason == "stop"


async def test_several_events_in_one_read_and_several_tokens_in_one_event() -> None:
    joined = b"".join(sse(delta(f"word{n} and more ")) for n in range(3))
    answer, _, _ = await ask([SSE, http_chunk(joined), event(delta(finish="stop")), END])
    assert answer == "".join(f"word{n} and more " for n in range(3))


@pytest.mark.parametrize(
    "chunks",
    [
        [delta(reasoning_content="Hm."), delta("Hi")],
        [delta(reasoning="Hm."), delta("Hi")],
        [delta("<think>Hm."), delta("</think>Hi")],
        [delta("Hm.", reasoning_content=None), delta("Hi")],
    ],
    ids=["reasoning_content", "reasoning", "think tags", "null in every delta"],
)
async def test_reasoning_of_every_kind(chunks: list[dict[str, Any]]) -> None:
    answer, reasoning, _ = await ask(script(*chunks, delta(finish="stop"), END))
    assert f"{reasoning}{answer}" == "Hm.Hi"
    assert answer.endswith("Hi")


@pytest.mark.parametrize(
    ("chunks", "tokens"),
    [
        ([delta("Hi"), delta(finish="stop"), usage(9, 1)], 1),
        ([delta("Hi"), {**delta(finish="stop"), "usage": usage(9, 1)["usage"]}], 1),
        ([delta("Hi"), delta(finish="stop")], None),
        ([{**delta("Hi"), "usage": None}, delta(finish="stop"), usage(9, 1)], 1),
        ([{**delta("Hi"), "usage": usage(9, 1)["usage"]}, delta(finish="stop")], 1),
    ],
    ids=["when asked", "on the finish chunk", "never", "null before", "continuous"],
)
async def test_usage_of_every_kind(chunks: list[dict[str, Any]], tokens: int | None) -> None:
    _, _, end = await ask(script(*chunks, END))
    assert end is not None
    assert end.output_tokens == tokens


async def test_a_server_may_read_the_prompt_for_long_without_a_header() -> None:
    """llama-server sends nothing while it queues: only the gap inside an answer is short."""
    slow: list[Step] = [0.4, *stream(["Hi"])]
    answer, _, _ = await ask(slow, gap_limit_s=0.1)
    assert answer == "Hi"


async def test_comments_are_keep_alives_and_no_text() -> None:
    """llama-server `:`, sse-starlette `: ping - <time>`, mlx-lm `: keepalive 9/10`."""
    comments = [http_chunk(b":\n\n"), http_chunk(b": ping - 12:00\r\n\r\n")]
    answer, _, _ = await ask(script(*comments, delta("Hi"), *comments, delta(finish="stop"), END))
    assert answer == "Hi"


# Requests


async def test_requests_hold_what_every_server_accepts() -> None:
    async with serving({"/v1/chat/completions": stream()}) as server:
        client = EndpointClient(server.url)
        messages = (ChatMessage("system", "Be brief."), ChatMessage("user", "Hello"))
        [one async for one in client.chat(ChatRequest("otter", messages, max_tokens=5))]
        [one async for one in client.chat(ChatRequest("otter", messages))]
        await client.close()
        first, second = (request.json for request in server.requests)
    assert first["max_tokens"] == 5
    assert "max_completion_tokens" not in first
    assert "max_tokens" not in second  # never 0 or -1
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert all(isinstance(message["content"], str) for message in first["messages"])
    assert set(first) <= {"model", "messages", "stream", "stream_options", "max_tokens"}


async def test_the_route_without_a_template_where_there_is_one() -> None:
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "text": "Hi", "finish_reason": None}]},
        {"choices": [{"index": 0, "text": "", "finish_reason": "length"}]},
    ]
    request = ChatRequest("otter", (ChatMessage("user", "Once upon"),), 5, raw=True)
    async with serving({"/v1/completions": script(*chunks, END)}) as server:
        client = EndpointClient(server.url)
        events = [one async for one in client.chat(request)]
        await client.close()
        (asked,) = server.requests
    assert asked.json["prompt"] == "Once upon"
    assert "messages" not in asked.json
    assert [one.text for one in events if isinstance(one, ChatDelta)] == ["Hi"]
    async with serving({}) as server:
        client = EndpointClient(server.url)
        with pytest.raises(Unsupported, match="no route /v1/completions"):
            [one async for one in client.chat(request)]
        await client.close()


# Errors


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"error": {"message": "made up", "code": 400}}, RequestFailed, "made up"),
        (400, {"error": "made up"}, RequestFailed, "made up"),
        (422, {"detail": [{"loc": ["body"], "msg": "made up"}]}, RequestFailed, "made up"),
        (500, {"object": "error", "message": "made up", "code": None}, RequestFailed, "made up"),
        (404, {"error": {"message": "model 'otter' not found", "code": "404"}}, NotFound, "otter"),
        (404, {"error": "Cannot find an appropriate cached snapshot folder"}, NotFound, "otter"),
        (500, "Internal Server Error", RequestFailed, "Internal Server Error"),
        (500, "", RequestFailed, "no reason given"),
        (503, "No models are available", RequestFailed, "not loaded|No models"),
        (400, {"error": {"code": 400, "message": "request (6009 tokens) exceeds the available "
                         "context size (512 tokens)", "n_ctx": 512}}, ContextExceeded, "6,009"),
        (401, {"error": "Unauthorized"}, RequestFailed, "key"),
        (400, {"error": {"message": "No api key passed in."}}, RequestFailed, "key"),
        (500, {"error": {"message": "Authentication Error, no key"}}, RequestFailed, "key"),
        (500, {"error": {"message": "parse error at line 1", "type": "server_error"}},
         RequestFailed, "parse error"),
    ],
)  # fmt: skip
async def test_errors_of_every_shape(
    status: int, body: object, kind: type[FoundryError], words: str
) -> None:
    answer = text_answer(body, status) if isinstance(body, str) else json_answer(body, status)
    with pytest.raises(kind, match=words) as caught:
        await ask(answer)
    assert caught.value.hint


# Lists


@pytest.mark.parametrize(
    "listing",
    [json_answer({"object": "list", "data": None}), json_answer({"object": "list", "data": []}),
     text_answer("", kind="application/json"), text_answer("Internal Server Error", 500)],
    ids=["null", "empty", "no body", "failed"],
)  # fmt: skip
async def test_no_list_beside_a_chat_that_works(listing: list[Step]) -> None:
    """Ollama says null, transformers serve an empty list, mlx-lm nothing: a name can be typed."""
    answers: dict[str, Answer] = {
        "/v1/models": listing,
        "/v1/chat/completions": stream(["Hi"]),
    }
    async with serving(answers) as server:
        backend = EndpointBackend(server.url, None, "for a test", "typed-otter")
        (model,) = await backend.models()
        request = ChatRequest(model.variants[0].id, (ChatMessage("user", "Hello"),))
        events = [one async for one in backend.chat(request)]
        await backend.close()
    assert model.alias == "typed-otter"
    assert isinstance(events[-1], ChatFinished)


async def test_an_unknown_name_that_is_served_silently_is_an_answer() -> None:
    """llama-server with one model, llama-cpp-python."""
    answer, _, _ = await ask(script({**delta("Hi"), "model": "other"}, delta(finish="stop"), END))
    assert answer == "Hi"


async def test_a_server_that_answers_200_to_every_path_is_recognised_by_the_body() -> None:
    """LM Studio."""
    unexpected = json_answer({"error": "Unexpected endpoint or method. (GET /openai/status)"})
    paths = ("/openai/status", "/status", "/v1/models", "/foundry/list")
    async with serving(dict.fromkeys(paths, unexpected)) as server:
        backend = EndpointBackend(server.url, None, "for a test")
        await backend.start()
        assert len(backend.info.unavailable) == 7  # not taken for Foundry Local's
        with pytest.raises(FoundryError):
            await backend.models()
        await backend.close()


async def test_health_is_not_asked_of_a_route_that_costs() -> None:
    """LiteLLM's `/health` calls every upstream, SGLang's generates: nobody asks there."""
    async with serving() as server:
        backend = EndpointBackend(server.url, None, "for a test")
        await backend.start()
        await backend.models()
        await backend.close()
        assert {request.path for request in server.requests} == {
            "/openai/status", "/status", "/v1/models",
        }  # fmt: skip
