"""One child process of the embedded runtime: pipes, numbered requests, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from tui.foundry import errors
from tui.foundry.errors import FoundryError, RuntimeCrashed, TimedOut
from tui.foundry.runtime.launch import launch
from tui.foundry.runtime.protocol import (
    LINE_LIMIT_BYTES,
    Event,
    Failure,
    Message,
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
)
from tui.foundry.runtime.settings import RuntimeSettings

END_LIMIT_S = 1.0
"""How long the child may take to end by itself once its input is closed; usually it takes 10 ms."""
KILL_LIMIT_S = 0.5
CANCEL_LIMIT_S = 1.0
SHUTDOWN_CODE = 75
"""Exit code of a host whose web service somebody asked to shut down."""

EventHandler = Callable[[Event], None]


class RuntimeProcess:
    """Starts the host and talks to it. Use it on one event loop.

    Args:
        settings: Places and switches; `work_dir` is used as it is.
        on_event: Takes events that belong to no request.
        on_end: Told that the process ended by itself, and how, in words.
    """

    def __init__(
        self,
        settings: RuntimeSettings,
        on_event: EventHandler,
        on_end: Callable[[RuntimeProcess, str], None],
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._on_end = on_end
        self._popen: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._ended = asyncio.Event()
        self._last_number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._handlers: dict[int, EventHandler] = {}

    @property
    def pid(self) -> int | None:
        """Process id; None before the start."""
        return self._popen.pid if self._popen else None

    def spawn(self, early: subprocess.Popen[bytes] | None = None) -> None:
        """Start the child. Raises `BackendUnavailable` where the system refuses.

        Args:
            early: A process that was started before, and is taken instead.
        """
        self._popen = early or launch(self._settings)
        if os.name == "posix" and self._popen.stdin is not None:
            # A child that does not read must not stop the event loop.
            os.set_blocking(self._popen.stdin.fileno(), False)
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=self._read, args=(self._popen, loop), name="runtime", daemon=True
        ).start()

    async def request(
        self,
        operation: str,
        arguments: dict[str, Any] | None = None,
        *,
        limit_s: float | None,
        on_event: EventHandler | None = None,
        sent: bool = False,
    ) -> dict[str, Any]:
        """Ask the host and return its result.

        Cancelling a `download` cancels it in the host too; other work there goes on to its end.

        Args:
            operation: What to do.
            arguments: Plain values for it.
            limit_s: Time limit; None for none.
            on_event: Takes the events that belong to this request.
            sent: The request is on its way already, as the first of an early host.

        Raises:
            TimedOut: No reply within the limit.
            RuntimeCrashed: The process ended before it replied.
            FoundryError: What the host reports.
        """
        self._last_number += 1
        number = self._last_number
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        if on_event is not None:
            self._handlers[number] = on_event
        try:
            if not sent:
                self._send(Request(number, operation, arguments or {}))
            async with asyncio.timeout(limit_s):
                return await future
        except TimeoutError:
            raise TimedOut(
                f"The runtime did not finish '{operation}' within {limit_s:g} s.",
                "It may be busy with a large model: try again.",
            ) from None
        except asyncio.CancelledError:
            if operation == "download":
                await self._cancel_download(number)
            raise
        finally:
            self._waiting.pop(number, None)
            self._handlers.pop(number, None)

    def kill(self) -> None:
        """End a process that hangs; `on_end` is told as for a crash."""
        if self._popen is not None:
            with contextlib.suppress(OSError):
                self._popen.kill()

    async def close(self) -> None:
        """End the process: by closing its input, then by force. Returns when it is gone."""
        self._closing = True
        popen = self._popen
        if popen is None:
            return
        if popen.stdin is not None:
            with contextlib.suppress(OSError):
                popen.stdin.close()
        for end, limit_s in ((None, END_LIMIT_S), (popen.terminate, KILL_LIMIT_S), (popen.kill, 5)):
            if end is not None:
                with contextlib.suppress(OSError):
                    end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._ended.wait()
                return

    # Inside, on the event loop

    def _send(self, message: Request) -> None:
        pipe = self._popen.stdin if self._popen else None
        if pipe is None or pipe.closed or self._ended.is_set():
            raise self._crashed("The runtime is not running.")
        rest = memoryview(encode(message))
        try:
            while rest:
                written = pipe.write(rest)
                if not written:
                    # The pipe is full, and may hold half a line now: nothing can follow it.
                    self.kill()
                    raise TimedOut(
                        "The runtime hangs; it is started again.",
                        "Load the model again once it is back.",
                    )
                rest = rest[written:]
        except OSError as error:
            raise self._crashed("The runtime is not running.") from error

    async def _cancel_download(self, number: int) -> None:
        """Tell the host, and give it a moment, so that a new try does not meet the old one."""
        # The first future died with the task that awaited it.
        ended = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._last_number += 1
        with contextlib.suppress(FoundryError, TimeoutError):
            self._send(Request(self._last_number, "cancel", {"number": number}))
            async with asyncio.timeout(CANCEL_LIMIT_S):
                await ended

    def _take(self, message: Message) -> None:
        match message:
            case Reply(number, result, failure):
                future = self._waiting.get(number)
                if future is None or future.done():
                    return
                if failure is None:
                    future.set_result(result)
                else:
                    future.set_exception(_error(failure))
            case Event(_, 0, _):
                self._on_event(message)
            case Event(_, number, _):
                if handler := self._handlers.get(number):
                    handler(message)
            case Request():
                pass  # the host asks nothing

    def _end(self, code: int | None) -> None:
        self._ended.set()
        if self._popen is not None:
            for pipe in (self._popen.stdin, self._popen.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        how = describe_end(code)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(self._crashed(f"The runtime ended by itself ({how})."))
        if not self._closing:
            self._on_end(self, how)

    def _crashed(self, message: str) -> RuntimeCrashed:
        return RuntimeCrashed(
            message, f"Load the model again once it is back. Log: {self._settings.log_file}"
        )

    # Inside, on the reading thread

    def _read(self, popen: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop) -> None:
        """Pass on messages until the pipe ends, then wait for the process."""
        # Plain reads: a buffered file that a thread still reads would abort the interpreter's end.
        descriptor = popen.stdout.fileno() if popen.stdout else -1
        buffer = bytearray()
        with contextlib.suppress(OSError, RuntimeError):
            while piece := os.read(descriptor, 65536):
                buffer += piece
                if b"\n" not in piece:
                    if len(buffer) > LINE_LIMIT_BYTES:
                        break
                    continue
                *lines, rest = bytes(buffer).split(b"\n")
                buffer = bytearray(rest)
                for line in lines:
                    with contextlib.suppress(ProtocolError):
                        loop.call_soon_threadsafe(self._take, decode(line))
        try:
            code: int | None = popen.wait(5)
        except subprocess.TimeoutExpired:
            popen.kill()
            code = popen.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            loop.call_soon_threadsafe(self._end, code)


def describe_end(code: int | None) -> str:
    """Say in a few words how a process ended."""
    if code is None:
        return "for an unknown reason"
    if code == SHUTDOWN_CODE:
        return "another program asked its web service to shut down"
    if code >= 0:
        return f"exit code {code}" if code < 0x8000_0000 else f"exit code {code:#x}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
    more = ", perhaps for lack of memory" if name == "SIGKILL" else ""
    return f"signal {-code}, {name}{more}"


def _error(failure: Failure) -> FoundryError:
    known = {
        kind.code: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, FoundryError)
    }
    return known.get(failure.code, FoundryError)(failure.message, failure.hint)
