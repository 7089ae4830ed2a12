"""Connections that note when bytes leave and arrive, before any layer above has worked on them.

httpx and what lies below it take some 0.3 ms for each piece of an answer on a slow machine, which
would count as the server's time. Here the clock is read in the callback of the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

BUFFER_LIMIT_BYTES = 1024 * 1024
STAMPS = "foundry_tui_stamps"
"""Name under which the stream offers itself in `get_extra_info`."""


class StampedTransport(httpx.AsyncHTTPTransport):
    """Plain HTTP, one connection for each request, with time stamps."""

    def __init__(self) -> None:
        super().__init__(verify=False, trust_env=False)
        # httpx offers no way to name the network backend. Should a later version keep its pool
        # elsewhere, there are no stamps, and the client reads the clock itself.
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=None,
            max_keepalive_connections=0,
            network_backend=StampedBackend(),
        )


class StampedBackend(httpcore.AsyncNetworkBackend):
    """Opens stamped connections by asyncio itself."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect; raises what httpcore's own backends raise."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                # Without happy eyeballs: up to Python 3.13.0 they fail with Textual's eager tasks.
                _, stream = await loop.create_connection(StampedStream, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait between tries; none are made."""
        await asyncio.sleep(seconds)


class StampedStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection; `sent_s` and `arrived_s` are readings of `time.perf_counter()`."""

    def __init__(self) -> None:
        self.sent_s: float | None = None
        """When the first byte was handed to the system."""
        self.arrived_s: float | None = None
        """When the bytes that `read` returned last had arrived."""
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[tuple[bytes, float]] = deque()
        self._buffered = 0
        self._ended = False
        self._error: BaseException | None = None
        self._wake: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Stamp and keep what arrived."""
        self._pieces.append((data, time.perf_counter()))
        self._buffered += len(data)
        if self._buffered > BUFFER_LIMIT_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._woken()

    def eof_received(self) -> bool:
        """End the reading; the transport closes itself."""
        self._ended = True
        self._woken()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End reading and writing."""
        self._ended = True
        self._error = self._error or exc
        self._may_write.set()
        self._woken()

    def pause_writing(self) -> None:
        """Hold back `write`."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._may_write.set()

    # httpcore.AsyncNetworkStream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what arrived in one piece; b'' at the end."""
        if not self._pieces and not self._ended:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._wake
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error
            finally:
                self._wake = None
        if not self._pieces:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            return b""
        data, self.arrived_s = self._pieces.popleft()
        if len(data) > max_bytes:
            self._pieces.appendleft((data[max_bytes:], self.arrived_s))
            data = data[:max_bytes]
        full = self._buffered > BUFFER_LIMIT_BYTES
        self._buffered -= len(data)
        if full and self._buffered <= BUFFER_LIMIT_BYTES and self._transport is not None:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send; waits while the system takes no more."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise httpcore.WriteError("The connection is closed.")
        if self.sent_s is None:
            self.sent_s = time.perf_counter()
        transport.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await self._may_write.wait()
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error

    async def aclose(self) -> None:
        """Close the socket at once."""
        if self._transport is not None:
            self._transport.abort()
            await asyncio.sleep(0)  # lets the loop do it

    def get_extra_info(self, info: str) -> Any:
        """Return this stream under `STAMPS`."""
        return self if info == STAMPS else None

    def _woken(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


def stamps_of(response: httpx.Response) -> StampedStream | None:
    """Return the stamps of the connection that a response came on; None where it has none."""
    stream = response.extensions.get("network_stream")
    found = None if stream is None else stream.get_extra_info(STAMPS)
    return found if isinstance(found, StampedStream) else None
