"""Runs `foundry` with the care that it needs: never a shell, never without an end.

What it prints goes to a file that is read along, not to a pipe: the daemon that a command may start
inherits a pipe and never closes it, so that its end would never come (Foundry Local's own SDK notes
the same of `service start`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.foundry.errors import BackendUnavailable, NotFound, RequestFailed, TimedOut
from tui.foundry.text import clean_text

POLL_S = 0.05
OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024
END_WAIT_S = 2.0
"""How long a command may take to end when it is asked to; then it is killed."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SERVICE_NAMES = ("foundrylocald", "inference.service")
"""Processes that outlive the command that started them, and must not end with it."""

LineCallback = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Output:
    """What a command printed, both streams in the order of their arrival."""

    exit_code: int | None
    """None where it was ended by us, as wished."""
    data: bytes


class Starting:
    """A command that starts the service, and may stay for as long as that runs.

    Args:
        process: The command; not the service.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting = asyncio.create_task(process.wait())

    @property
    def ended(self) -> bool:
        """Whether the command has ended by itself."""
        return self._waiting.done()

    async def close(self) -> None:
        """End the command, and leave the service that it started alone."""
        if not self._waiting.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await asyncio.wait((self._waiting,), timeout=END_WAIT_S)
            if not self._waiting.done():
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
        await self._waiting


class CommandLine:
    """The `foundry` binary.

    Args:
        path: Where it is.
        environment: What its processes get; by default ours, with loopback kept off proxies.
    """

    def __init__(self, path: str, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._environment = child_environment(os.environ if environment is None else environment)

    async def run(
        self,
        arguments: Sequence[str],
        *,
        limit_s: float | None = None,
        silence_s: float | None = None,
        on_line: LineCallback | None = None,
        until: Callable[[str], bool] | None = None,
    ) -> Output:
        """Run one command to its end; cancelling ends it and its children.

        Args:
            arguments: Words after `foundry`; from outside only what `checked_name` let pass.
            limit_s: Time limit for all of it; None for one that tells how far it has come, and
                has `silence_s` instead.
            silence_s: Longest time without a word.
            on_line: Told each line as it comes; a line that is not ended yet once it rests.
            until: Told the same lines; True ends the command as if it had ended by itself.

        Raises:
            BackendUnavailable: The binary cannot be started.
            TimedOut: It took longer than `limit_s`, or said nothing for `silence_s`.
            RequestFailed: It printed more than any answer of it can be.
        """
        assert limit_s is not None or silence_s is not None
        async with self._started(arguments) as (process, tail):
            ended = asyncio.create_task(process.wait())
            wished = False
            try:
                async with asyncio.timeout(limit_s), asyncio.timeout(silence_s) as quiet:
                    while not ended.done() and not wished:
                        await asyncio.wait((ended,), timeout=POLL_S)
                        lines = tail.new_lines(at_end=ended.done())
                        if lines and silence_s is not None:
                            quiet.reschedule(asyncio.get_running_loop().time() + silence_s)
                        for line in lines:
                            if on_line is not None:
                                on_line(line)
                            wished = wished or (until is not None and until(line))
                        if tail.size > OUTPUT_LIMIT_BYTES:
                            raise RequestFailed(
                                f"{self._shown(arguments)} printed more than "
                                f"{OUTPUT_LIMIT_BYTES // 1024**2} MB; that is no answer of it.",
                                "Run it in a terminal to see what it does.",
                            )
            except TimeoutError:
                said = tail.last_line()
                why = (
                    f"took longer than {limit_s:g} s"
                    if limit_s is not None
                    else f"said nothing for {silence_s:g} s"
                )
                raise TimedOut(
                    f"{self._shown(arguments)} {why} and was ended."
                    + (f" It last said: {said}" if said else ""),
                    "It may be fetching something or hang: run it in a terminal to see.",
                ) from None
            finally:
                # Not after a normal end: what a command leaves running is the service.
                if not ended.done():
                    await asyncio.shield(_end_tree(process))
                ended.cancel()
            return Output(None if wished else process.returncode, tail.data)

    async def start_service(self, arguments: Sequence[str]) -> Starting:
        """Run a command that starts the service; its output is dropped, its end may never come.

        Raises:
            BackendUnavailable: The binary cannot be started.
        """
        return Starting(await self._spawn(arguments, subprocess.DEVNULL))

    @asynccontextmanager
    async def _started(
        self, arguments: Sequence[str]
    ) -> AsyncIterator[tuple[asyncio.subprocess.Process, _Tail]]:
        try:
            handle, name = tempfile.mkstemp(prefix="foundry-tui-")
        except OSError as error:
            raise BackendUnavailable(
                f"The output of foundry cannot be kept: {error.strerror or error}.",
                f"Free some space in {tempfile.gettempdir()}.",
            ) from error
        try:
            with open(name, "rb") as reader:  # noqa: ASYNC230 - a local file, just made
                try:
                    process = await self._spawn(arguments, handle)
                finally:
                    os.close(handle)
                yield process, _Tail(reader)
        finally:
            with contextlib.suppress(OSError):  # Windows: a service that was started holds it
                os.unlink(name)

    async def _spawn(self, arguments: Sequence[str], output: int) -> asyncio.subprocess.Process:
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {
                "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
            }
        try:
            return await asyncio.create_subprocess_exec(
                self.path,
                *arguments,
                stdin=subprocess.DEVNULL,  # a question finds nobody and cannot wait
                stdout=output,
                stderr=output,
                env=self._environment,
                **options,
            )
        except (OSError, ValueError) as error:
            raise BackendUnavailable(
                f"{self.path} cannot be started: {error}.", "Install Foundry Local again."
            ) from error

    def _shown(self, arguments: Sequence[str]) -> str:
        return f"`{clean_text(' '.join((Path(self.path).stem, *arguments)), False)[:100]}`"


class _Tail:
    """Reads a file that somebody else writes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._data = bytearray()
        self._pending = b""
        self._told = b""

    @property
    def data(self) -> bytes:
        return bytes(self._data)

    @property
    def size(self) -> int:
        return len(self._data)

    def new_lines(self, *, at_end: bool) -> list[str]:
        """Return what came since the last call; what is not ended when it rested, or at the end."""
        new = self._file.read(OUTPUT_LIMIT_BYTES + 1 - len(self._data))
        self._data += new
        *lines, pending = re.split(rb"\r\n|\n|\r", self._pending + new)
        if lines and self._told and lines[0] == self._told:
            del lines[0]
        if lines:
            self._told = b""
        rested = not new and pending and pending != self._told
        if rested or (at_end and pending and pending != self._told):
            lines.append(pending)
            self._told = pending
        self._pending = pending
        texts = (clean_text(line.decode("utf-8", "replace"), False) for line in lines)
        return [text for text in texts if text.strip()]

    def last_line(self) -> str:
        """Return the last line that says something."""
        text = clean_text(bytes(self._data[-2000:]).decode("utf-8", "replace"))
        return next((line.strip()[:200] for line in reversed(text.split("\n")) if line.strip()), "")


def checked_name(name: str) -> str:
    """Return a model's name that can be given to the binary as an argument.

    Raises:
        NotFound: It is empty, begins with `-`, or holds what no name holds; an option, or an empty
            word that means all models, must not be smuggled in.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][\w .:/+@-]{0,199}", name):
        shown = clean_text(name, keep_newlines=False)[:80]
        raise NotFound(
            f"'{shown}' is no name of a model.", "List what there is with: foundry-tui models"
        )
    return name


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for `foundry`: its own service is never asked through a proxy."""
    changed = dict(environment)
    named = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    hosts = [host.strip() for host in named.split(",") if host.strip()]
    hosts += [host for host in LOOPBACK if host not in hosts]
    changed["NO_PROXY"] = changed["no_proxy"] = ",".join(hosts)
    changed["NO_COLOR"] = "1"
    # .NET would write by the console's code page otherwise.
    changed.setdefault("DOTNET_CLI_UI_LANGUAGE", "en")
    return changed


async def _end_tree(process: asyncio.subprocess.Process) -> None:
    """End a command and what it started, politely first; the service that it started stays."""
    import psutil

    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        family = [parent, *(child for child in parent.children(True) if not _is_service(child))]
    for one in family:
        with contextlib.suppress(psutil.Error):
            one.terminate()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family[1:], 0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_WAIT_S):
            await process.wait()
    for one in (*family[:1], *alive):
        with contextlib.suppress(psutil.Error):
            one.kill()
    await process.wait()


def _is_service(process: Any) -> bool:
    import psutil

    try:
        name = process.name().lower()
    except psutil.Error:
        return False
    return any(part in name for part in _SERVICE_NAMES)
