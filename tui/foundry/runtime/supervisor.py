"""Keeps one runtime process alive: starts it, mends it after a crash, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.foundry.errors import BackendUnavailable, FoundryError, RuntimeCrashed, TimedOut
from tui.foundry.runtime.launch import in_place
from tui.foundry.runtime.process import EventHandler, RuntimeProcess
from tui.foundry.runtime.protocol import Event
from tui.foundry.runtime.settings import RuntimeSettings

START_LIMIT_S = 30.0
PING_LIMIT_S = 5.0
RESTART_DELAYS_S = (0.0, 0.5, 2.0)
"""Before the first, second and third restart within a minute; after these it is given up."""
RESTART_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Where the running host is."""

    endpoint: str
    version: str
    pid: int


class RuntimeSupervisor:
    """Owns the runtime's process over its crashes. Use it on one event loop.

    Args:
        settings: Places and switches.
        on_change: Told in a sentence that the process crashed and what became of it.
        on_event: Takes events that belong to no request.
    """

    def __init__(
        self, settings: RuntimeSettings, on_change: Callable[[str], None], on_event: EventHandler
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._on_event = on_event
        self._placed: RuntimeSettings | None = None
        self._process: RuntimeProcess | None = None
        self._mending: asyncio.Task[None] | None = None
        self._checks: set[asyncio.Task[None]] = set()
        self._ends: deque[float] = deque()
        self._broken: FoundryError | None = None
        self._closed = False
        self.facts: HostFacts | None = None
        """None while no host runs."""

    async def start(self) -> None:
        """Start the host and wait until it serves. Raises `BackendUnavailable`."""
        early = self._settings.early
        process = early.take() if early is not None else None
        if early is not None and process is not None:
            self._placed = early.settings
        else:
            self._placed = await asyncio.to_thread(self._make_places)
        await self._start_process(process)

    async def revive(self) -> None:
        """Start again what was given up."""
        if self._broken is not None and not self._closed:
            self._ends.clear()
            await self._start_process()
            self._broken = None

    async def request(
        self,
        operation: str,
        arguments: dict[str, Any] | None = None,
        *,
        limit_s: float | None,
        on_event: EventHandler | None = None,
    ) -> dict[str, Any]:
        """Ask the host, as `RuntimeProcess.request`; waits while it is being mended."""
        process = await self._ready()
        try:
            return await process.request(operation, arguments, limit_s=limit_s, on_event=on_event)
        except TimedOut:
            check = asyncio.create_task(self._end_if_hung(process))
            self._checks.add(check)
            check.add_done_callback(self._checks.discard)
            raise

    async def close(self) -> None:
        """End the host and delete its scratch directory. Safe to call twice."""
        self._closed = True
        tasks = [task for task in (self._mending, *self._checks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        process, self._process, self.facts = self._process, None, None
        if process is not None:
            await process.close()
        placed, self._placed = self._placed, None
        if placed is not None:
            await asyncio.to_thread(shutil.rmtree, placed.work_dir, ignore_errors=True)

    # Inside

    def _make_places(self) -> RuntimeSettings:
        _sweep(self._settings.work_dir)
        return in_place(self._settings)

    async def _start_process(self, early: subprocess.Popen[bytes] | None = None) -> None:
        settings = self._placed
        if settings is None:
            raise BackendUnavailable("The runtime has not been started.")
        process = RuntimeProcess(settings, self._on_event, self._ended)
        process.spawn(early)
        try:
            result = await process.request(
                "start", settings.to_json(), limit_s=START_LIMIT_S, sent=early is not None
            )
            facts = HostFacts(str(result["endpoint"]), str(result["version"]), int(result["pid"]))
        except RuntimeCrashed as error:
            await process.close()
            raise BackendUnavailable(
                f"The runtime ended while it started: {_last_line(settings.log_file)}",
                f"Installing foundry-local-sdk again may help. Log: {settings.log_file}",
            ) from error
        except BaseException:
            await process.close()
            raise
        self._process, self.facts = process, facts

    def _ended(self, process: RuntimeProcess, how: str) -> None:
        if process is self._process and not self._closed:
            self._process, self.facts = None, None
            self._mending = asyncio.create_task(self._mend(how))

    async def _mend(self, how: str) -> None:
        now = time.monotonic()
        self._ends.append(now)
        while now - self._ends[0] > RESTART_WINDOW_S:
            self._ends.popleft()
        log = self._settings.log_file
        if len(self._ends) > len(RESTART_DELAYS_S):
            self._broken = RuntimeCrashed(
                f"The runtime ended by itself {len(self._ends)} times within a minute ({how}).",
                f"It was not started again: refresh the catalog to try. Log: {log}",
            )
            self._on_change(f"{self._broken.message} {self._broken.hint}")
            return
        await asyncio.sleep(RESTART_DELAYS_S[len(self._ends) - 1])
        try:
            await self._start_process()
        except FoundryError as error:
            self._broken = error
            self._on_change(
                f"The runtime ended by itself ({how}) and could not be started again: "
                f"{error.message} {error.hint}"
            )
            return
        self._on_change(
            f"The runtime ended by itself ({how}); it was started again, load your models again."
        )

    async def _ready(self) -> RuntimeProcess:
        if self._mending is not None and not self._mending.done():
            await asyncio.wait({self._mending})
        if self._process is not None:
            return self._process
        raise self._broken or BackendUnavailable("The runtime is not running.")

    async def _end_if_hung(self, process: RuntimeProcess) -> None:
        """A request took too long: is the host merely busy? It answers pings then."""
        with contextlib.suppress(FoundryError):
            try:
                await process.request("ping", limit_s=PING_LIMIT_S)
            except TimedOut:
                process.kill()


def ignore_event(_event: Event) -> None:
    """Take an event and do nothing."""


def _sweep(work_dir: Path) -> None:
    """Delete scratch directories whose programs are gone: these were killed, or crashed."""
    import psutil

    for folder in work_dir.iterdir() if work_dir.is_dir() else ():
        pid = folder.name.partition("-")[0]
        if folder.is_dir() and pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _last_line(log_file: Path) -> str:
    from tui.foundry.endpoint.wording import clean

    try:
        with log_file.open("rb") as file:
            file.seek(max(0, log_file.stat().st_size - 4096))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return clean(lines[-1]) if lines else "it left no word in its log."
