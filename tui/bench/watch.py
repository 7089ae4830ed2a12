"""Watches the runtime's memory and CPU while targets answer.

A sample is one read of a small file, some ten microseconds long; what all of them cost is counted
and told. CPU time is read before a request is sent and after its end, never in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tui.system.readings import ProcessGone, ProcessReading, read_process

SAMPLE_EVERY_S = 0.25


@dataclass
class _Seen:
    rss_bytes: list[int] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0


class RuntimeWatch:
    """Memory and CPU of the runtime, for each target while it answered.

    Args:
        pid: The runtime's process; None where it does not run here, or does not tell.
    """

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        self._target = ""
        self._seen: dict[str, _Seen] = {}
        self._began: tuple[float, ProcessReading | None] = (0.0, None)
        self._samples = 0
        self._cost_s = 0.0

    def begin(self, target: str) -> None:
        """A target is about to be asked."""
        self._target = target
        reading = self._read()
        self._began = (time.perf_counter(), reading)

    def end(self) -> None:
        """The target has answered."""
        (began_s, before), target = self._began, self._target
        wall_s = time.perf_counter() - began_s
        after = self._read()
        if target and before is not None and after is not None and before.started == after.started:
            seen = self._seen.setdefault(target, _Seen())
            seen.cpu_s += after.cpu_s - before.cpu_s
            seen.wall_s += wall_s
        self._target = ""

    def peak_bytes(self, target: str) -> int | None:
        """Return the largest memory seen."""
        seen = self._seen.get(target)
        return max(seen.rss_bytes, default=None) if seen else None

    def mean_bytes(self, target: str) -> int | None:
        """Return the mean of the memory seen."""
        values = self._seen[target].rss_bytes if target in self._seen else []
        return sum(values) // len(values) if values else None

    def cpu_percent(self, target: str) -> float | None:
        """Return the share of one core that the runtime used while the target answered."""
        seen = self._seen.get(target)
        return 100 * seen.cpu_s / seen.wall_s if seen and seen.wall_s > 0 else None

    def cost(self) -> dict[str, Any]:
        """Return what watching cost."""
        return {
            "every_s": SAMPLE_EVERY_S,
            "samples": self._samples,
            "cost_s": round(self._cost_s, 6),
        }

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
            if self._target:
                self._read()
            await asyncio.sleep(SAMPLE_EVERY_S)

    def _read(self) -> ProcessReading | None:
        if self.pid is None:
            return None
        started_s = time.perf_counter()
        try:
            reading = read_process(self.pid)
        except ProcessGone:
            return None
        finally:
            self._samples += 1
            self._cost_s += time.perf_counter() - started_s
        if reading is not None and self._target:
            self._seen.setdefault(self._target, _Seen()).rss_bytes.append(reading.rss_bytes)
        return reading
