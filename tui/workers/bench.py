"""Runs a benchmark in the background and posts what it tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from tui.bench.events import BenchEvent
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.summary import Summary
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError

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
    plan: BenchPlan, backend: Backend, recorder: Recorder, post: Post
) -> Summary | None:
    """Run `plan`; posts `BenchTold` for each event, `BenchFailed` where nothing can be measured."""

    def tell(event: BenchEvent) -> None:
        post(BenchTold(event))

    try:
        return await run_bench(plan, backend, recorder, tell)
    except FoundryError as error:
        post(BenchFailed(error))
        return None
