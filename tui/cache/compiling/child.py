"""Runs a program that works for long: its lines as they come, its whole process group ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.foundry.errors import TimedOut
from tui.foundry.text import clean_text

END_WAIT_S = 0.5
"""How long it may take to end when it is asked to; then it is killed. It has nothing to save, and
the program that leaves does not wait for longer."""
LINE_LIMIT = 4000
_CHUNK = 65536
_ENDS = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was printed."""

    text: str
    again: bool
    """Whether it ends in a carriage return: the next one stands in its place, as a bar does."""


async def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_line: Callable[[Line], None],
    *,
    silence_s: float,
) -> int:
    """Run a program to its end; cancelling ends it and all that it started.

    Args:
        command: Argument vector.
        environment: All of its variables.
        on_line: Told each line of both streams.
        silence_s: Longest time without a word.

    Returns:
        Its exit code; negative for a signal.

    Raises:
        TimedOut: It said nothing for `silence_s`.
        OSError: It cannot be started.
    """
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {
            "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        }
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,  # a question finds nobody and cannot wait
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        **options,
    )
    try:
        assert process.stdout is not None
        pending = b""
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    data = await process.stdout.read(_CHUNK)
            except TimeoutError:
                raise TimedOut(
                    f"The builder said nothing for {silence_s / 60:.0f} min and was ended.",
                    "It may hang on the network or swap: look at the monitor, and try again.",
                ) from None
            pending = _tell(pending + data, on_line, at_end=not data)
            if not data:
                break
        return await process.wait()
    finally:
        await asyncio.shield(_end_group(process))


def _tell(data: bytes, on_line: Callable[[Line], None], *, at_end: bool) -> bytes:
    """Tell the lines in `data`; returns what has no end yet."""
    at = 0
    for end in _ENDS.finditer(data):
        # A carriage return at the very end may be half of a line end.
        if end.group() == b"\r" and end.end() == len(data) and not at_end:
            break
        _tell_one(data[at : end.start()], end.group() == b"\r", on_line)
        at = end.end()
    rest = data[at:]
    if at_end or len(rest) > LINE_LIMIT:
        _tell_one(rest, False, on_line)
        return b""
    return rest


def _tell_one(data: bytes, again: bool, on_line: Callable[[Line], None]) -> None:
    text = clean_text(data[:LINE_LIMIT].decode("utf-8", "replace"), False).rstrip()
    if text:
        on_line(Line(text, again))


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End the process and its group, politely first; what it left behind is ended too."""
    if sys.platform == "win32":
        await _end_tree(process)
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS: a group of zombies
            break
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_WAIT_S):
                await process.wait()
                if number == signal.SIGTERM and not _group_lives(process.pid):
                    break
    await process.wait()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


async def _end_tree(process: asyncio.subprocess.Process) -> None:
    import psutil

    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        family = [*parent.children(True), parent]
    for one in family:
        with contextlib.suppress(psutil.Error):
            one.kill()
    await process.wait()
