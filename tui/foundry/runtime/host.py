"""Entry of the child process: reads requests from its standard input, ends when that ends.

Run by `RuntimeProcess` only. The child holds the models in memory; it must not outlive the program
that started it, whatever becomes of that.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from tui.foundry.endpoint.wording import clean
from tui.foundry.errors import BackendUnavailable, FoundryError
from tui.foundry.runtime.host_log import log
from tui.foundry.runtime.protocol import (
    Event,
    Failure,
    Message,
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
)
from tui.foundry.runtime.service import RuntimeService
from tui.foundry.runtime.settings import RuntimeSettings

WATCH_GAP_S = 1.0
END_LIMIT_S = 0.3
"""How long running downloads may take to stop before the process ends."""


class Host:
    """Reads requests, serves each in a thread of its own, writes replies.

    Args:
        requests: Where requests come from.
        replies: Where replies and events go.
    """

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests = requests
        self._replies = replies
        self._writing = threading.Lock()
        self._service: RuntimeService | None = None
        self._downloads: list[threading.Thread] = []

    def run(self) -> None:
        """Serve until the input ends."""
        for line in self._requests:
            try:
                message = decode(line)
            except ProtocolError as error:
                log(f"not a request: {error}")
                continue
            if isinstance(message, Request):
                self._begin(message)
        if self._service is not None:
            self._service.downloads.cancel_all()
            deadline = time.monotonic() + END_LIMIT_S
            for thread in self._downloads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self, request: Request) -> None:
        thread = threading.Thread(target=self._serve, args=(request,), daemon=True)
        if request.operation == "download" and self._service is not None:
            self._service.downloads.announce(request.number)
            self._downloads = [t for t in self._downloads if t.is_alive()] + [thread]
        thread.start()

    def _serve(self, request: Request) -> None:
        try:
            reply = Reply(request.number, self._do(request))
        except FoundryError as error:
            reply = Reply(request.number, failure=Failure(error.code, error.message, error.hint))
        except Exception as error:
            log(f"{request.operation}: {type(error).__name__}: {error}")
            text = clean(str(error)) or type(error).__name__
            hint = "Look into the runtime's log."
            reply = Reply(request.number, failure=Failure("failed", text, hint))
        self._write(reply)

    def _do(self, request: Request) -> dict[str, Any]:
        if request.operation == "start":
            return self._start(request.arguments)
        if self._service is None or request.operation not in self._service.operations:
            raise BackendUnavailable(f"The host cannot do '{request.operation}' now.")
        return self._service.operations[request.operation](request.number, request.arguments)

    def _start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        service = RuntimeService(RuntimeSettings.from_json(arguments), self._emit)
        try:
            result = service.start()
        except FoundryError:
            raise
        except ImportError as error:
            raise BackendUnavailable(
                f"The runtime's package cannot be used: {clean(str(error))}",
                "Install it again: pip install --force-reinstall foundry-local-sdk",
            ) from error
        except Exception as error:
            log(f"start: {type(error).__name__}: {error}")
            raise BackendUnavailable(
                f"The runtime did not start: {clean(str(error)) or type(error).__name__}",
                "Look into its log; installing foundry-local-sdk again may help.",
            ) from error
        self._service = service
        threading.Thread(target=_watch, args=(service,), name="watch", daemon=True).start()
        return result

    def _emit(self, name: str, number: int, data: dict[str, Any]) -> None:
        self._write(Event(name, number, data))

    def _write(self, message: Message) -> None:
        try:
            with self._writing:
                self._replies.write(encode(message))
                self._replies.flush()
        except OSError:
            os._exit(0)  # the program is gone


def _watch(service: RuntimeService) -> None:
    """End the process when it is of no use any more.

    The input may stay open although the program died: a process that it forked may hold it. And
    after `/shutdown`, which any local program may send, the library hangs in its own shutdown.
    """
    parent = os.getppid()
    while True:
        time.sleep(WATCH_GAP_S)
        if os.name == "posix" and os.getppid() != parent:
            os._exit(0)
        if service.shutdown_requested():
            log("somebody asked the service to shut down; ending")
            os._exit(75)


def main() -> None:
    """Serve the program at the other end of the pipes."""
    # Ctrl+c in the terminal is for the program. SIGTERM keeps its default: it ends the process
    # even when the library hangs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    # What Python or the library print goes to the log, never between the protocol's lines.
    os.dup2(2, 1)
    Host(sys.stdin.buffer, replies).run()
    # Without the library's own shutdown: that takes a second, and saves nothing that is needed.
    os._exit(0)


if __name__ == "__main__":
    main()
