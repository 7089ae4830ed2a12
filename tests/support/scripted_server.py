"""A loopback HTTP server that plays scripts: known timings, and every fault a server can have."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

SMALL, LARGE = "demo-small-generic-cpu:1", "demo-large-generic-cpu:1"

Step = bytes | float | asyncio.Event | Literal["reset", "close", "silence"]
"""Bytes to send, seconds to wait, an event to wait for, or how to end: `reset` and `close` end the
connection there and then, `silence` keeps it open without a word."""


@dataclass
class Request:
    """What a client asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """Number of the connection it came on."""
    arrived_s: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Sequence[Step] | Callable[[Request], Sequence[Step]]


@dataclass
class ScriptedServer:
    """Plays `answers[path]` for each request; unknown paths give a 404 in JSON."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first request has been read."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client closes its connection before the script's end."""
    sent_s: list[float] = field(default_factory=list)
    """`time.perf_counter()` at each piece of bytes that was sent."""
    url: str = ""
    port: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while (request := await self._read(reader, number)) is not None:
                self.requests.append(request)
                self.asked.set()
                script = self.answers.get(request.path, json_answer(NOT_FOUND, status=404))
                if not await self._play(
                    script(request) if callable(script) else script, reader, writer
                ):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.set()
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Request(method, path, headers, body, number, time.perf_counter())

    async def _play(
        self, script: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        watch = asyncio.ensure_future(reader.read(1))  # ends when the client hangs up
        try:
            for step in script:
                if step == "reset":
                    writer.transport.abort()
                    return False
                if step == "close":
                    return False
                if isinstance(step, bytes):
                    self.sent_s.append(time.perf_counter())
                    writer.write(step)
                    await writer.drain()
                elif not await self._wait(step, watch):
                    self.gone.set()
                    return False
            return False
        finally:
            watch.cancel()

    async def _wait(self, step: Step, watch: asyncio.Future[bytes]) -> bool:
        """Wait for a step; False when the client hangs up meanwhile."""
        if isinstance(step, float):
            pause = asyncio.ensure_future(asyncio.sleep(step))
        elif isinstance(step, asyncio.Event):
            pause = asyncio.ensure_future(step.wait())
        else:
            pause = asyncio.ensure_future(asyncio.Event().wait())
        try:
            await asyncio.wait({pause, watch}, return_when=asyncio.FIRST_COMPLETED)
            return pause.done()
        finally:
            pause.cancel()


NOT_FOUND = {"error": {"message": "no such route", "type": "invalid_request_error"}}


def head(status: int = 200, kind: str = "application/json", length: int | None = None) -> bytes:
    """Return response headers as the runtime writes them, some of them twice."""
    lines = [f"HTTP/1.1 {status} Whatever", "Server: scripted/1.0", f"Content-Type: {kind}"]
    if length is None:
        lines += [f"Content-Type: {kind}", "Cache-Control: no-cache", "Cache-Control: no-cache"]
        lines += ["Transfer-Encoding: chunked", "Connection: close", "Connection: close"]
    else:
        lines += [f"Content-Length: {length}", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def json_answer(payload: object, status: int = 200) -> list[Step]:
    """Return a script with one JSON body."""
    return text_answer(json.dumps(payload), status, "application/json")


def text_answer(text: str, status: int = 200, kind: str = "text/plain") -> list[Step]:
    """Return a script with one body of any kind."""
    body = text.encode()
    return [head(status, kind, len(body)) + body]


def http_chunk(data: bytes) -> bytes:
    """Return `data` as one chunk of chunked transfer encoding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(payload: object) -> bytes:
    """Return one SSE event in an HTTP chunk of its own."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return http_chunk(f"data: {text}\n\n".encode())


def delta(text: str | None = None, finish: str | None = None, **more: object) -> dict[str, Any]:
    """Return a completion chunk with one choice."""
    inner: dict[str, object] = {**({} if text is None else {"content": text}), **more}
    choice = {"index": 0, "delta": inner, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice]}


def usage(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    """Return the usage chunk that ends a stream."""
    return {
        "choices": [],
        "usage": {
            "prompt_tokens": input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        },
    }


END = http_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def stream(
    pieces: Iterable[str] = ("Hello", " world"),
    *,
    first_s: float = 0.0,
    gap_s: float = 0.0,
    finish: str | None = "stop",
    tokens: tuple[int, int] | None = (7, 2),
) -> list[Step]:
    """Return the script of a whole streamed answer with these pauses before its pieces."""
    script: list[Step] = [head(kind="text/event-stream")]
    script.append(event(delta("", role="assistant")))
    for index, piece in enumerate(pieces):
        pause = gap_s if index else first_s
        if pause:
            script.append(pause)
        script.append(event(delta(piece)))
    if finish is not None:
        script.append(event(delta(finish=finish)))
    if tokens is not None:
        script.append(event(usage(*tokens)))
    return [*script, END]


def model_list(*ids: str) -> list[Step]:
    """Return the script of `/v1/models`."""
    rows = [{"id": name, "object": "model", "created": 0, "owned_by": "scripted"} for name in ids]
    return json_answer({"object": "list", "data": rows})


def chat_by_model(**scripts: Sequence[Step]) -> Callable[[Request], Sequence[Step]]:
    """Answer known models as scripted (key: id with `_` for `-`, no version), others with 404."""

    def answer(request: Request) -> Sequence[Step]:
        name = request.json["model"]
        key = name.partition(":")[0].replace("-", "_")
        if key in scripts:
            return scripts[key]
        message = f"Model not found: No model matching '{name}'"
        return json_answer({"error": {"code": None, "message": message}}, status=404)

    return answer


@asynccontextmanager
async def serving(
    answers: dict[str, Answer] | None = None, *, secure: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    """Run a server on a free loopback port.

    Args:
        answers: By path; without it there are two models that answer at once.
        secure: For https.
    """
    if answers is None:
        answers = {
            "/v1/models": model_list(SMALL, LARGE),
            "/v1/chat/completions": chat_by_model(
                demo_small_generic_cpu=stream(), demo_large_generic_cpu=stream()
            ),
        }
    server = ScriptedServer(dict(answers))
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        try:
            await server.handle(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=secure)
    server.port = listener.sockets[0].getsockname()[1]
    server.url = f"http{'s' if secure else ''}://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()
