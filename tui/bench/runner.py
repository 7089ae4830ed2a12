"""Makes a run: load, warm up, then interleaved measured requests."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from tui.bench.backends import Backends, OpenEndpoint
from tui.bench.context import now_text, run_context
from tui.bench.events import (
    AnswerDelta,
    BenchEvent,
    RequestFinished,
    RequestStarted,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetLoaded,
    TargetLoading,
    Trouble,
    WarmedUp,
)
from tui.bench.memory import MemoryWatch
from tui.bench.plan import BenchPlan, Step, steps
from tui.bench.recorder import Recorder
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.summary import Summary, summarize
from tui.catalog.ready import make_ready
from tui.catalog.resolve import find_variant
from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.database import DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import BackendUnavailable, FoundryError, StreamBroken, TimedOut
from tui.foundry.types import ChatDelta, ChatMessage, ChatRequest

OnEvent = Callable[[BenchEvent], None]

LEAST_WARM_UPS, MOST_WARM_UPS = 3, 10
STEADY_RATIO = 1.25


async def run_bench(
    plan: BenchPlan,
    backend: Backend,
    recorder: Recorder,
    on_event: OnEvent,
    *,
    open_endpoint: OpenEndpoint | None = None,
) -> Summary:
    """Measure `plan` and return the summary; cancel the task to stop, what was measured is kept.

    Args:
        plan: What to measure.
        backend: Serves the targets that name no server of their own.
        recorder: Each request is written there as it comes.
        on_event: Told what goes on, on the event loop; must be quick.
        open_endpoint: Connects to the servers that targets name.

    Raises:
        FoundryError: No target can be measured at all.
    """
    backends = Backends(backend, open_endpoint)
    try:
        return await _Run(plan, backends, recorder, on_event).run()
    finally:
        await backends.close()


class _Run:
    """The state of one run."""

    def __init__(
        self, plan: BenchPlan, backends: Backends, recorder: Recorder, on_event: OnEvent
    ) -> None:
        self._plan = plan
        self._backends = backends
        self._ids = {one.label: one.variant_id for one in plan.targets}
        self._recorder = recorder
        self._tell = on_event
        self._id = uuid.uuid4().hex[:12]
        self._context = run_context(plan, backends.main.info)
        self._facts = {label: TargetFacts(label) for label in plan.labels}
        self._results: list[RequestResult] = []
        self._memory = MemoryWatch(backends.main.info.pid)
        self._recording = True

    async def run(self) -> Summary:
        self._tell(RunStarted(self._id, self._plan))
        await self._record(lambda: self._recorder.start(self._id, self._plan, self._context))
        stopped = True
        try:
            async with self._memory.running():
                await self._load_all()
                await self._warm_up_all()
                await self._measure()
            stopped = False
        finally:
            summary = await asyncio.shield(self._finish(stopped))
        return summary

    async def _finish(self, stopped: bool) -> Summary:
        for target, facts in self._facts.items():
            self._facts[target] = replace(
                facts,
                rss_peak_bytes=self._memory.peak_bytes(target),
                rss_mean_bytes=self._memory.mean_bytes(target),
            )
        known = list(self._facts.values())
        await self._record(lambda: self._recorder.finish(self._id, self._context, known))
        summary = self.summary(verdicts=True)
        self._tell(RunFinished(summary, stopped))
        return summary

    def summary(self, *, verdicts: bool) -> Summary:
        return summarize(
            self._id, self._plan, self._context, self._facts, self._results, verdicts=verdicts
        )

    # Before measuring

    async def _load_all(self) -> None:
        errors = []
        for target in self._plan.labels:
            try:
                await self._load(target)
            except FoundryError as error:
                errors.append(error)
                self._facts[target] = replace(self._facts[target], error=error.message)
                self._tell(TargetFailed(target, error.message))
        if len(errors) == len(self._plan.targets):
            raise errors[0]

    async def _load(self, target: str) -> None:
        self._tell(TargetLoading(target))
        backend = await self._backends.of(self._plan.target(target))
        wanted = self._plan.target(target).variant_id
        _, variant = find_variant(await backend.models(), wanted)
        self._ids[target] = variant.id
        result = await make_ready(backend, variant, lambda _: None)
        if not result.already_loaded:
            self._facts[target] = replace(
                self._facts[target], load_s=result.load_s, load_bytes=result.resident_bytes
            )
        self._tell(TargetLoaded(target, result))

    async def _warm_up_all(self) -> None:
        for target in self._measurable:
            times: list[float] = []
            steady = False
            while len(times) < MOST_WARM_UPS and not steady:
                # Always the same prompt: only then do the times say whether they have settled.
                result = await self._request(Step(-1, -1, 0, target), tell_text=False)
                if result.error is not None or result.figures is None:
                    break
                times.append(result.figures.e2e_s or 0.0)
                last = times[-LEAST_WARM_UPS:]
                steady = len(last) == LEAST_WARM_UPS and max(last) < STEADY_RATIO * min(last)
            self._facts[target] = replace(
                self._facts[target], warm_up_requests=len(times), steady=steady
            )
            self._tell(WarmedUp(target, len(times), steady))

    @property
    def _measurable(self) -> list[str]:
        return [target for target, facts in self._facts.items() if facts.error is None]

    # Measuring

    async def _measure(self) -> None:
        for step in steps(self._plan):
            if step.target not in self._measurable:
                continue
            self._tell(RequestStarted(step))
            result = await self._request(step)
            self._results.append(result)
            await self._record(partial(self._recorder.add, self._id, result))
            self._tell(RequestFinished(result))

    async def _request(self, step: Step, *, tell_text: bool = True) -> RequestResult:
        """Make one request; an expected failure is a result too."""
        started_at = now_text()
        meter = AnswerMeter()
        self._memory.target = step.target
        error: FoundryError | None = None
        try:
            async with asyncio.timeout(self._plan.timeout_s):
                await self._answer(step, meter, tell_text=tell_text)
        except TimeoutError:
            error = TimedOut(f"time limit of {self._plan.timeout_s:g} s")
        except FoundryError as failure:
            error = failure
        self._memory.sample()
        figures = meter.figures()
        if error is None and figures.ttft_s is None:
            error = StreamBroken("the answer was empty")
        if isinstance(error, BackendUnavailable):
            await self._recover()
        return RequestResult(step, started_at, figures, error.message if error else None)

    async def _answer(self, step: Step, meter: AnswerMeter, *, tell_text: bool) -> AnswerFigures:
        prompt = self._plan.prompt_set.prompts[step.prompt_index]
        target = self._plan.target(step.target)
        settings = {
            "max_tokens": self._plan.max_tokens,
            "temperature": self._plan.temperature,
            "top_p": self._plan.top_p,
            "seed": self._plan.seed,
        } | target.settings
        messages = (ChatMessage("user", prompt),)
        request = ChatRequest(self._ids[step.target], messages, **settings)  # type: ignore[arg-type]
        backend = await self._backends.of(target)
        async with aclosing(backend.chat(request)) as events:
            async for event in events:
                meter.feed(event)
                if tell_text and isinstance(event, ChatDelta):
                    self._tell(AnswerDelta(step.target, event.text))
        return meter.figures()

    async def _recover(self) -> None:
        """After a crash of the runtime bring the targets back into memory, or give them up."""
        self._tell(Trouble("The backend went away; loading the models again."))
        for target in self._measurable:
            try:
                await self._load(target)
            except FoundryError as error:
                self._facts[target] = replace(self._facts[target], error=error.message)
                self._tell(TargetFailed(target, error.message))
        self._memory.pid = self._backends.main.info.pid

    async def _record(self, write: Callable[[], None]) -> None:
        if not self._recording:
            return
        try:
            await asyncio.to_thread(write)
        except DatabaseError as error:
            # Once is enough to say; the results stay in memory and can be exported.
            self._recording = False
            self._tell(Trouble(f"{error.message} The results are kept until you leave."))
