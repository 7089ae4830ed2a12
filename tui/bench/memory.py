"""Watches the runtime's memory while targets answer in turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SAMPLE_EVERY_S = 0.25


class MemoryWatch:
    """Peak and mean of the runtime's resident memory, for each target while it answered.

    Args:
        pid: The runtime's process; None where it does not run here, or does not tell.
    """

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        self.target = ""
        """Who answers now."""
        self._seen: dict[str, list[int]] = {}

    def sample(self) -> None:
        """Read the memory once, for the target that answers now."""
        import psutil

        if self.pid is None or not self.target:
            return
        with contextlib.suppress(psutil.Error):
            rss_bytes = int(psutil.Process(self.pid).memory_info().rss)
            self._seen.setdefault(self.target, []).append(rss_bytes)

    def peak_bytes(self, target: str) -> int | None:
        """Return the largest value seen."""
        return max(self._seen.get(target, []), default=None)

    def mean_bytes(self, target: str) -> int | None:
        """Return the mean of the values seen."""
        seen = self._seen.get(target)
        return sum(seen) // len(seen) if seen else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sample at a slow, steady pace as long as the block lasts."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            self.sample()
            await asyncio.sleep(SAMPLE_EVERY_S)
