"""Makes one request of a run, and takes its times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from tui.bench.backends import Backends
from tui.bench.context import now_text
from tui.bench.plan import Api, BenchPlan, Step
from tui.bench.results import RequestResult
from tui.chat.figures import AnswerMeter
from tui.foundry.errors import FoundryError, StreamBroken, TimedOut, Unsupported
from tui.foundry.types import ChatDelta, ChatMessage, ChatRequest

OnText = Callable[[str, str], None]
"""Told target and text as an answer comes."""


class Asking:
    """Asks the targets of a plan; an expected failure is a result too.

    Args:
        plan: What to ask, and how.
        backends: Where.
        on_text: Told each piece of a measured answer; must be quick.
    """

    def __init__(self, plan: BenchPlan, backends: Backends, on_text: OnText) -> None:
        self._plan = plan
        self._backends = backends
        self._on_text = on_text
        self.ids = {one.label: one.variant_id for one in plan.targets}
        """Whole variant ids by label, once they are known."""
        self.api: dict[str, Api] = dict.fromkeys(plan.labels, plan.api)
        """The route by label: a server that has no `/v1/completions` is asked the other way."""

    async def ask(self, step: Step, *, quiet: bool = False) -> RequestResult:
        """Make the request; its failure is in the result.

        Args:
            step: What to ask whom.
            quiet: Tell nobody what comes.
        """
        result = await self._ask(step, quiet)
        if result.error_code == Unsupported.code and self.api[step.target] == "completions":
            self.api[step.target] = "chat"
            return await self._ask(step, quiet)
        return result

    async def _ask(self, step: Step, quiet: bool) -> RequestResult:
        started_at = now_text()
        began_s = time.perf_counter()
        meter = AnswerMeter()
        error: FoundryError | None = None
        try:
            async with asyncio.timeout(self._plan.timeout_s):
                await self._answer(step, meter, quiet)
        except TimeoutError:
            error = TimedOut(f"time limit of {self._plan.timeout_s:g} s")
        except FoundryError as failure:
            error = failure
        took_s = time.perf_counter() - began_s
        figures = meter.figures()
        if error is None and figures.ttft_s is None:
            error = StreamBroken("the answer was empty")
        return RequestResult(
            step,
            started_at,
            figures,
            error.message if error else None,
            error.code if error else None,
            took_s,
        )

    async def _answer(self, step: Step, meter: AnswerMeter, quiet: bool) -> None:
        target = self._plan.target(step.target)
        plan = self._plan
        settings: dict[str, Any] = {
            "max_tokens": plan.max_tokens,
            "temperature": plan.temperature,
            "top_p": plan.top_p,
            "seed": plan.seed,
        } | target.settings
        prompt = plan.prompt_set.items[step.prompt_index].text
        request = ChatRequest(
            self.ids[step.target],
            (ChatMessage("user", prompt),),
            raw=self.api[step.target] == "completions",
            **settings,
        )
        backend = await self._backends.of(target)
        async with aclosing(backend.chat(request)) as events:
            async for event in events:
                meter.feed(event)
                if not quiet and isinstance(event, ChatDelta):
                    self._on_text(step.target, event.text)
