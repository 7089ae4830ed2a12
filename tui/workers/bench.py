"""Runs a benchmark in the background and posts what it tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from tui.bench.backends import OpenEndpoint
from tui.bench.detached import POLL_EVERY_S, Follower
from tui.bench.events import AnswerDelta, BenchEvent, RequestFinished, RequestStarted
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.runner import Earlier, run_bench
from tui.bench.summary import Summary
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.workers.live import LiveTeller

Post = Callable[[Message], object]


@dataclass
class BenchTold(Message):
    """The run told something."""

    event: BenchEvent


@dataclass
class BenchFailed(Message):
    """The run could not be made."""

    error: FoundryError


async def run_and_post(
    plan: BenchPlan,
    backend: Backend,
    recorder: Recorder,
    post: Post,
    open_endpoint: OpenEndpoint | None = None,
    earlier: Earlier | None = None,
) -> Summary | None:
    """Run `plan`, or go on with an earlier run of it.

    Posts `BenchTold` for each event, `BenchFailed` where nothing can be measured.
    """
    live = _BenchLive(post)

    def tell(event: BenchEvent) -> None:
        live.told(event)
        post(BenchTold(event))

    try:
        return await run_bench(
            plan, backend, recorder, tell, open_endpoint=open_endpoint, earlier=earlier
        )
    except FoundryError as error:
        post(BenchFailed(error))
        return None
    finally:
        live.end()


async def follow_and_post(run_id: str, recorder: Recorder, folder: Path, post: Post) -> None:
    """Follow a run that another process makes to its end; posts as if it were made here."""
    follower = Follower(recorder, folder, run_id)
    try:
        while not follower.ended:
            for event in await asyncio.to_thread(follower.poll):
                post(BenchTold(event))
            await asyncio.sleep(POLL_EVERY_S)
    except FoundryError as error:
        post(BenchFailed(error))


class _BenchLive:
    """Feeds the monitor's time axis with the answers of a run; one runs at a time for a target."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._tellers: dict[str, LiveTeller] = {}

    def told(self, event: BenchEvent) -> None:
        match event:
            case RequestStarted(step=step):
                self._end(step.target)
                self._tellers[step.target] = LiveTeller(
                    self._post, step.target, "bench", started_s=time.perf_counter()
                )
            case AnswerDelta(target=target) if target in self._tellers:
                self._tellers[target].token(time.perf_counter())
            case RequestFinished(result=result):
                figures = result.figures
                self._end(result.step.target, figures.output_tokens if figures else None)

    def end(self) -> None:
        for target in list(self._tellers):
            self._end(target)

    def _end(self, target: str, counted: int | None = None) -> None:
        if teller := self._tellers.pop(target, None):
            teller.end(counted)
