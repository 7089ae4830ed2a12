"""Long work on the disk in a thread: told how far it is, and really over when it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from tui.foundry.backend import ProgressCallback
from tui.foundry.errors import FoundryError
from tui.foundry.types import Progress

Tell = Callable[[int, int], None]
"""Told bytes done and bytes in all; raises where the work is to end."""
Result = TypeVar("Result")


class Stopped(FoundryError):
    """The work was cancelled."""

    code = "cancelled"


async def in_thread(
    work: Callable[[Tell], Result], on_progress: ProgressCallback, message: str
) -> Result:
    """Run `work(tell)` in a thread.

    Args:
        work: Calls `tell` often; what it raises has to pass.
        on_progress: Told on the event loop how far the work is.
        message: What is being done, in a word.

    Returns:
        What the work returned. A cancelled call waits until the thread has ended, so that what
        it began is undone by then.
    """
    loop = asyncio.get_running_loop()
    stopped = threading.Event()

    def tell(done: int, total: int) -> None:
        if stopped.is_set():
            raise Stopped("It was cancelled.")
        part = min(1.0, done / total) if total else 1.0
        loop.call_soon_threadsafe(on_progress, Progress(part, done, total, message))

    running = asyncio.ensure_future(asyncio.to_thread(work, tell))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stopped.set()
        while not running.done():  # a second cancel, of a program that ends, changes nothing
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        running.exception()  # it is the cancel's doing, and nobody else asks for it
        raise


def part_of(tell: Tell, before: int, total: int) -> Tell:
    """Return a `tell` for a part of some work, which begins after `before` of `total` bytes."""
    return lambda done, _: tell(before + done, total)
