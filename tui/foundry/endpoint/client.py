"""`EndpointClient`: lists models and streams answers over HTTP, with honest time stamps."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import httpx

from tui.foundry.endpoint.address import parse_address, verification
from tui.foundry.endpoint.chat_body import chat_body, route_of
from tui.foundry.endpoint.chat_stream import ChatStream
from tui.foundry.endpoint.sse import SseDecoder, SseEvent
from tui.foundry.endpoint.stamped import StampedTransport, stamps_of
from tui.foundry.endpoint.wording import (
    clean,
    error_inside,
    failure,
    not_a_model_server,
)
from tui.foundry.errors import (
    BackendUnavailable,
    FoundryError,
    NoModelList,
    RequestFailed,
    StreamBroken,
    TimedOut,
    Unsupported,
)
from tui.foundry.types import ChatEvent, ChatRequest, ChatStarted

CONNECT_LIMIT_S = 5.0
WRITE_LIMIT_S = 30.0
LIST_LIMIT_S = 10.0
FIRST_BYTE_LIMIT_S = 300.0
GAP_LIMIT_S = 60.0
END_LIMIT_S = 2.0
"""How long usage and `[DONE]` may take after the finish reason; then the answer counts as ended."""
ERROR_BODY_LIMIT_BYTES = 64 * 1024
LIST_LIMIT_BYTES = 16 * 1024 * 1024
ANSWER_LIMIT_BYTES = 16 * 1024 * 1024


class EndpointClient:
    """Talks to one OpenAI-compatible server.

    Every request has a connection of its own: on a kept-alive one the runtime's answers arrive in
    one piece, some 43 ms late. Use it on one event loop.

    Args:
        base_url: Address of the server, with or without scheme and `/v1`.
        api_key: Sent as a bearer token; never shown, logged or put into an error.
        first_byte_limit_s: How long a server may think before the first byte of the answer's text.
        gap_limit_s: Longest silence inside an answer.

    Raises:
        BackendUnavailable: `base_url` is no address.
        RequestFailed: `api_key` holds characters that cannot be sent.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        first_byte_limit_s: float = FIRST_BYTE_LIMIT_S,
        gap_limit_s: float = GAP_LIMIT_S,
    ) -> None:
        self._address = parse_address(base_url)
        self._secret = _checked_key(api_key)
        self._first_byte_limit_s = first_byte_limit_s
        self._gap_limit_s = gap_limit_s
        self._http: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"EndpointClient({self.base_url!r})"

    @property
    def base_url(self) -> str:
        """Address of the server without `/v1`."""
        return self._address.base

    async def models(self, *, limit_s: float = LIST_LIMIT_S) -> list[dict[str, Any]]:
        """Return the rows of `/v1/models` as the server sends them; may be empty.

        Raises:
            BackendUnavailable: Nothing answers, or no model server.
            RequestFailed: The server refuses, for example the key.
            TimedOut: No answer within `limit_s`.
        """
        try:
            async with asyncio.timeout(limit_s):
                status, body = await self._get(f"{self._address.api}/models")
        except TimeoutError:
            raise TimedOut(
                f"{self.base_url} did not list its models within {limit_s:g} s.",
                "It may be starting or busy: try again, or check the address.",
            ) from None
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        text = body.decode("utf-8", errors="replace")
        if status != 200:
            raise failure(status, text, url=self.base_url, secret=self._secret)
        return self._rows(text)

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer, as `Backend.chat` describes.

        t0 is taken when the request's first byte is sent, with the connection already open; the
        times of the deltas when their bytes are read. Close the iterator (`contextlib.aclosing`)
        to close the socket, which stops the generation.

        Raises:
            BackendUnavailable, NotFound, RequestFailed, ContextExceeded, StreamBroken, TimedOut
        """
        started_s = 0.0

        async def trace(name: str, _info: object) -> None:
            nonlocal started_s
            if name.endswith("send_request_headers.started"):
                started_s = time.perf_counter()

        http = self._client()
        http_request = http.build_request(
            "POST",
            f"{self._address.api}/{route_of(request)}",
            json=chat_body(request),
            headers={"Accept": "text/event-stream"},
            extensions={"trace": trace},
        )
        try:
            response = await http.send(http_request, stream=True)
        except httpx.HTTPError as error:
            raise self._no_answer(error, started_s) from None
        try:
            await self._refuse_failures(response, request)
            stamps = stamps_of(response)
            sent_s = stamps.sent_s if stamps else None
            yield ChatStarted(started_s if sent_s is None else sent_s)
            async with aclosing(self._events(response, request)) as events:
                async for event in events:
                    yield event
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close open connections. Safe to call twice."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    # Requests

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            stamped = self._address.loopback and not self._address.secure
            headers = {"Accept-Encoding": "identity", "Connection": "close"}
            if self._secret:
                headers["Authorization"] = f"Bearer {self._secret}"
            self._http = httpx.AsyncClient(
                verify=verification(self._address),
                # A proxy from the environment must not stand between us and this machine.
                trust_env=not self._address.loopback,
                transport=StampedTransport() if stamped else None,
                headers=headers,
                timeout=httpx.Timeout(
                    connect=CONNECT_LIMIT_S,
                    read=self._first_byte_limit_s,
                    write=WRITE_LIMIT_S,
                    pool=CONNECT_LIMIT_S,
                ),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            )
        return self._http

    async def _get(self, url: str) -> tuple[int, bytes]:
        async with self._client().stream("GET", url) as response:
            return response.status_code, await _body(response, LIST_LIMIT_BYTES)

    def _rows(self, text: str) -> list[dict[str, Any]]:
        if not text.strip():
            # mlx-lm does so where it has no cache of models; it serves the one it was given.
            raise NoModelList(
                f"The server at {self.base_url} does not list its models.",
                "Name one: MODEL in the environment, or model in a section [endpoints.NAME].",
            )
        try:
            payload = json.loads(text)
        except ValueError:
            raise not_a_model_server(self.base_url) from None
        if isinstance(payload, dict):
            if (error := error_inside(payload)) is not None:
                raise failure(
                    404, json.dumps({"error": error}), url=self.base_url, secret=self._secret
                )
            if "data" not in payload:
                raise not_a_model_server(self.base_url)
            payload = payload["data"] or []
        if not isinstance(payload, list):
            raise not_a_model_server(self.base_url)
        rows = [{"id": row} if isinstance(row, str) else row for row in payload]
        return [row for row in rows if isinstance(row, dict) and _is_name(row.get("id"))]

    # Answers

    async def _refuse_failures(self, response: httpx.Response, request: ChatRequest) -> None:
        """Raise for an answer that is no stream of a completion."""
        kind = response.headers.get("content-type", "").lower()
        if response.status_code == 200 and "html" not in kind:
            return
        try:
            async with asyncio.timeout(LIST_LIMIT_S):
                body = await _body(response, ERROR_BODY_LIMIT_BYTES)
        except (TimeoutError, httpx.HTTPError):
            body = b""
        if "html" in kind and not body.lstrip().startswith(b"{"):
            raise not_a_model_server(self.base_url, response.status_code)
        text = body.decode("utf-8", errors="replace")
        if request.raw and response.status_code in (404, 405, 501) and "model" not in text.lower():
            raise Unsupported(
                f"The server at {self.base_url} has no route /v1/completions.",
                "Ask without --raw.",
            )
        raise failure(
            response.status_code,
            text,
            model=request.variant_id,
            url=self.base_url,
            secret=self._secret,
        )

    async def _events(
        self, response: httpx.Response, request: ChatRequest
    ) -> AsyncGenerator[ChatEvent, None]:
        stream = ChatStream(request.variant_id, self.base_url, self._secret)
        decode = _decoder(response)
        # Compressed bytes, which we do not ask for, have to be unpacked before they can be read.
        plain = response.headers.get("content-encoding", "identity") == "identity"
        chunks = aiter(response.aiter_raw() if plain else response.aiter_bytes())
        stamps = stamps_of(response)
        at_s = time.perf_counter()
        while not stream.done:
            chunk = await self._next_chunk(chunks, stream)
            if chunk is None:
                break
            arrived_s = stamps.arrived_s if stamps else None
            at_s = time.perf_counter() if arrived_s is None else arrived_s
            for event in decode.feed(chunk):
                for delta in stream.feed(event, at_s):
                    yield delta
        for event in decode.finish():
            for delta in stream.feed(event, at_s):
                yield delta
        for end in stream.finish(at_s):
            yield end

    async def _next_chunk(self, chunks: AsyncIterator[bytes], stream: ChatStream) -> bytes | None:
        """Return the next bytes; None at the end of the body, or of our patience after the end."""
        if stream.finishing:
            limit_s = END_LIMIT_S
        else:
            limit_s = self._gap_limit_s if stream.text_seen else self._first_byte_limit_s
        try:
            async with asyncio.timeout(limit_s):
                return await anext(chunks, None)
        except (TimeoutError, httpx.TimeoutException):
            if stream.finishing:
                return None
            raise self._too_late(limit_s, started=stream.text_seen) from None
        except httpx.HTTPError:
            if stream.finishing:
                return None
            raise StreamBroken(
                "The connection broke in the middle of the answer.",
                "What arrived is kept. The server may have crashed or been stopped: see its log.",
            ) from None

    # Errors

    def _too_late(self, limit_s: float, *, started: bool) -> TimedOut:
        if started:
            return TimedOut(
                f"The answer stopped: nothing came for {limit_s:g} s.",
                "What arrived is kept. The server may hang: stop the model or restart the server.",
            )
        return TimedOut(
            f"No answer began within {limit_s:g} s.",
            "The model may be too slow for this prompt, or the server may hang: try a shorter "
            "prompt or a smaller model.",
        )

    def _no_answer(self, error: httpx.HTTPError, started_s: float) -> FoundryError:
        if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout) or not started_s:
            return self._unreachable(error)
        if isinstance(error, httpx.TimeoutException):
            return self._too_late(self._first_byte_limit_s, started=False)
        return StreamBroken(
            "The server closed the connection before it answered.",
            "It may have crashed or run out of memory: see its log, and try again.",
        )

    def _unreachable(self, error: httpx.HTTPError) -> BackendUnavailable:
        where = self.base_url
        causes = list(_causes(error))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return BackendUnavailable(
                f"The host of {where} has no known address.",
                "Check the spelling, and whether this machine has a network.",
            )
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return BackendUnavailable(
                f"No secure connection to {where} can be made.",
                "A plain server needs http:// instead of https://; a self-signed certificate "
                "has to be trusted by this machine (SSL_CERT_FILE).",
            )
        if isinstance(error, httpx.TimeoutException):
            return BackendUnavailable(
                f"Nothing answers at {where} within {CONNECT_LIMIT_S:g} s.",
                "Check the address, the network, and a firewall or tunnel in between.",
            )
        if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            return BackendUnavailable(
                f"What answers at {where} does not speak HTTP, or broke off.",
                "Check address and port; the server may be starting or may have crashed.",
            )
        return BackendUnavailable(
            f"Nothing answers at {where}.",
            "Start the server, or check address and port; over SSH, check the tunnel.",
        )


class _WholeBody:
    """Reads a completion that came in one piece, as if it were one event."""

    def __init__(self) -> None:
        self._body = bytearray()

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        self._body += chunk
        if len(self._body) > ANSWER_LIMIT_BYTES:
            raise StreamBroken(
                f"The server's answer is longer than {ANSWER_LIMIT_BYTES:,} bytes.",
                "Check that the address is that of a model server.",
            )
        yield from ()

    def finish(self) -> Iterator[SseEvent]:
        if self._body.strip():
            yield SseEvent(self._body.decode("utf-8", errors="replace"))


def _decoder(response: httpx.Response) -> SseDecoder | _WholeBody:
    kind = response.headers.get("content-type", "").lower()
    return _WholeBody() if kind.startswith("application/json") else SseDecoder()


async def _body(response: httpx.Response, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit_bytes:
            break
    return bytes(body[:limit_bytes])


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(clean(value)) and clean(value) == value


def _checked_key(api_key: str | None) -> str | None:
    key = (api_key or "").strip()
    if key and not (key.isascii() and key.isprintable()):
        raise RequestFailed(
            "The API key holds characters that cannot be sent.",
            "Check the variable it comes from: a line break or quotation mark may have slipped in.",
        )
    return key or None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that led to it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
