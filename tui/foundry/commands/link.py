"""Keeps hold of the service behind the command line: finds it, starts it, follows it elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.foundry.commands.probe import Grammar
from tui.foundry.commands.process import CommandLine, Starting
from tui.foundry.commands.records import ServiceStatus
from tui.foundry.errors import BackendUnavailable, FoundryError, RequestFailed
from tui.foundry.text import clean_text
from tui.foundry.types import ServiceAction

if TYPE_CHECKING:
    from tui.foundry.endpoint.client import EndpointClient
    from tui.foundry.endpoint.management import FoundryService

STATUS_LIMIT_S = 15.0
STOP_LIMIT_S = 30.0
START_LIMIT_S = 120.0
"""A first start may fetch execution providers before it listens."""
ASK_EVERY_S = 0.25
WATCH_EVERY_S = 3.0
WATCH_STOPPED_EVERY_S = 30.0
"""Asking where a service is that does not run costs a process: less and less often."""
LOG_BYTES = 64 * 1024
LOGS_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A service that answers."""

    url: str
    pid: int | None
    management: FoundryService | None
    """None where the service does not know the routes."""
    client: EndpointClient


class ServiceLink:
    """The way to the service. Use it on one event loop.

    Args:
        command: The binary.
        grammar: Its generation's.
        on_move: Told in a sentence when the service went, came back, or moved.
    """

    def __init__(
        self, command: CommandLine, grammar: Grammar, on_move: Callable[[str], None]
    ) -> None:
        self._command = command
        self._grammar = grammar
        self._on_move = on_move
        self._lock = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._commands: list[Starting] = []
        self._stopped_by_user = False
        self.connection: Connection | None = None
        self.status = ServiceStatus(False)
        """What the command said last."""

    async def open(self, wait_s: float | None) -> None:
        """Find the service, or start it.

        Args:
            wait_s: How long to wait for a start, which goes on behind; None: do not start it.
        """
        if not await self.find() and wait_s is not None:
            self._starting = asyncio.create_task(self._start_and_tell())
            await asyncio.wait((self._starting,), timeout=wait_s)
        self._watching = asyncio.create_task(self._watch())

    async def find(self) -> bool:
        """Ask the command where the service is, and connect; False where it does not run."""
        async with self._lock:
            return await self._find()

    async def connected(self) -> Connection:
        """Return the connection; finds or starts the service where there is none.

        Raises:
            BackendUnavailable: It cannot be started, or was stopped by the user.
        """
        if self.connection is None and not await self.find():
            if self._stopped_by_user:
                raise BackendUnavailable(
                    "The service was stopped.", "Start it: foundry-tui service start"
                )
            await self.bring_up()
        if self.connection is None:
            raise BackendUnavailable(
                "The service does not tell where it listens.",
                "Restart it: foundry-tui service restart",
            )
        return self.connection

    async def bring_up(self) -> None:
        """Start the service and wait until it tells where it is. Raises `BackendUnavailable`."""
        await self._go(self._grammar.start())

    async def act(self, action: ServiceAction) -> str:
        """Do something with the service; returns what to show about it."""
        if action == "logs":
            return await self._logs()
        if action == "stop":
            self._stopped_by_user = True
            printed = await self._command.run(self._grammar.stop(), limit_s=STOP_LIMIT_S)
            await self.find()
            if self.connection is not None:
                said = self._grammar.read_done(printed.data).message
                raise RequestFailed(f"The service still runs. {said}".strip(), "Try again.")
            self._on_move("The service was stopped.")
        elif action in ("start", "restart"):
            self._stopped_by_user = False
            running = await self.find()
            if action == "restart" or not running:
                restarting = action == "restart" and running
                await self._go(self._grammar.restart() if restarting else self._grammar.start())
                self._on_move(f"The service runs at {self._where()}.")
        else:
            await self.find()
        return self.describe()

    def describe(self) -> str:
        """Say in a few lines how the service does."""
        status = self.status
        lines = [f"The service runs at {self._where()}." if status.running else "It does not run."]
        if status.pid:
            lines.append(f"Process: {status.pid}")
        if status.providers:
            lines.append(f"Execution providers: {', '.join(status.providers)}")
        if status.provider_note:
            lines.append(status.provider_note)
        if status.log_file:
            lines.append(f"Log: {status.log_file}")
        if status.error:
            lines.append(status.error)
        return "\n".join(clean_text(line, keep_newlines=False) for line in lines)

    async def close(self) -> None:
        """Let go of the service; it is not ours to end."""
        tasks = [task for task in (self._watching, self._starting) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(command.close() for command in self._commands))
        await self._disconnect()

    # Inside

    async def _find(self) -> bool:
        printed = await self._command.run(self._grammar.status(), limit_s=STATUS_LIMIT_S)
        self.status = self._grammar.read_status(printed.data)
        url = self.status.url if self.status.running else None
        if url is None:
            await self._disconnect()
            return False
        known = self.connection
        if known is not None and known.url == url and self.status.pid in (None, known.pid):
            return True
        connection = await _connect(url, self.status.pid)
        await self._disconnect()
        self.connection = connection
        return True

    async def _disconnect(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.client.close()

    async def _go(self, arguments: Sequence[str]) -> None:
        """Run a command that starts the service, then ask until it tells where it is."""
        before = self.connection
        async with self._lock:
            starting = await self._command.start_service(arguments)
            self._commands.append(starting)
            try:
                async with asyncio.timeout(START_LIMIT_S):
                    while not await self._find() or self.connection is before:
                        if self.status.running and self.status.url is None and starting.ended:
                            # Port 0: it could not listen; only a restart helps.
                            starting = await self._command.start_service(self._grammar.restart())
                            self._commands.append(starting)
                        elif self.connection is not None and starting.ended:
                            break  # where it was, and new all the same
                        await asyncio.sleep(ASK_EVERY_S)
            except TimeoutError:
                why = f" It says: {self.status.error}" if self.status.error else ""
                raise BackendUnavailable(
                    f"The service did not start within {START_LIMIT_S:g} s.{why}",
                    f"Try in a terminal: {Path(self._command.path).stem} "
                    f"{' '.join(self._grammar.start())}",
                ) from None

    async def _start_and_tell(self) -> None:
        try:
            await self.bring_up()
        except FoundryError as error:
            self._on_move(f"{error.message} {error.hint}")
        else:
            self._on_move(f"The service was started: {self._where()}.")

    async def _watch(self) -> None:
        """Notice that the service is gone or elsewhere. Asking its port costs next to nothing."""
        missed = 0
        while True:
            await asyncio.sleep(min(WATCH_EVERY_S * 2**missed, WATCH_STOPPED_EVERY_S))
            if self._lock.locked() or (self.connection and await _listens(self.connection.url)):
                missed = 0
            else:
                missed = 0 if await self.look_again() else min(missed + 1, 10)

    async def look_again(self) -> bool:
        """Find a service that may have moved, and tell if it has; True where one answers now."""
        before = self.connection.url if self.connection else None
        with contextlib.suppress(FoundryError):
            await self.find()
        after = self.connection.url if self.connection else None
        if after is not None and after != before:
            self._on_move(
                f"The service moved from {_port(before)} to {_port(after)}."
                if before
                else f"The service is back: {self._where()}."
            )
        elif before is not None and after is None:
            self._on_move("The service has stopped.")
        return after is not None

    async def _logs(self) -> str:
        if self._grammar.logs_lack == "":
            await self.find()
            text = await asyncio.to_thread(_tail_of, self.status.log_file)
            if text:
                return text
        printed = await self._command.run(self._grammar.logs(), limit_s=LOGS_LIMIT_S)
        text = clean_text(printed.data[-LOG_BYTES:].decode("utf-8", "replace")).strip()
        return "\n".join(filter(None, (self._grammar.logs_lack, text)))

    def _where(self) -> str:
        return self.connection.url if self.connection else (self.status.url or "an unknown port")


async def _connect(url: str, pid: int | None) -> Connection:
    from tui.foundry.endpoint.client import EndpointClient
    from tui.foundry.endpoint.management import recognise

    management = await recognise(url)
    if pid is None and management is not None:
        pid = management.facts.pid
    if pid is None:
        pid = await asyncio.to_thread(owner_of, url)
    return Connection(url, pid, management, EndpointClient(url))


def owner_of(url: str) -> int | None:
    """Return the process that listens on a loopback port; None where the system does not tell."""
    import psutil

    port = urlsplit(url).port
    try:
        found = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS tells only root
        return None
    listening = (c for c in found if c.status == psutil.CONN_LISTEN and c.laddr.port == port)
    return next((one.pid for one in listening if one.pid), None)


async def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(1.0):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


def _port(url: str) -> str:
    return f"port {urlsplit(url).port}"


def _tail_of(path: str) -> str:
    if not path:
        return ""
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_BYTES))
            text = clean_text(file.read().decode("utf-8", "replace"))
    except OSError:
        return ""
    return text.strip()
