"""Makes a run: load, warm up, then measured requests in drawn order, each kept as it ends."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tui.bench import living
from tui.bench.asking import Asking
from tui.bench.backends import Backends, OpenEndpoint
from tui.bench.conditions import Conditions
from tui.bench.context import now_text, resumed_context, run_context
from tui.bench.events import (
    AnswerDelta,
    BenchEvent,
    OrderSettled,
    RequestFinished,
    RequestStarted,
    RunFinished,
    RunStarted,
    TimeLeft,
    Trouble,
)
from tui.bench.forecast import Forecast
from tui.bench.memory_fit import Stay
from tui.bench.plan import BenchPlan, Burst, Step, bursts
from tui.bench.recorder import Recorder
from tui.bench.residence import Residence
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.summary import Summary, graded, summarize
from tui.bench.watch import RuntimeWatch
from tui.database import DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import BackendUnavailable, FoundryError, RuntimeCrashed
from tui.system.memory_records import MemoryRecord

OnEvent = Callable[[BenchEvent], None]

MOST_CRASHES = 3
"""One after the other; then the run stops, and may be taken up later."""
_GONE = (BackendUnavailable.code, RuntimeCrashed.code)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that was not finished: what there is of it."""

    run_id: str
    context: dict[str, Any]
    results: tuple[RequestResult, ...]
    facts: tuple[TargetFacts, ...] = ()


async def run_bench(
    plan: BenchPlan,
    backend: Backend,
    recorder: Recorder,
    on_event: OnEvent,
    *,
    open_endpoint: OpenEndpoint | None = None,
    earlier: Earlier | None = None,
    run_id: str = "",
) -> Summary:
    """Measure `plan` and return the summary; cancel the task to stop, what was measured is kept.

    Args:
        plan: What to measure.
        backend: Serves the targets that name no server of their own.
        recorder: Each request is written there as it comes.
        on_event: Told what goes on, on the event loop; must be quick.
        open_endpoint: Connects to the servers that targets name.
        earlier: What there is of this run, to go on with it; from `resume.earlier_run`.
        run_id: Its name, where that was chosen before; '' for a new one.

    Raises:
        FoundryError: No target can be measured at all.
    """
    backends = Backends(backend, open_endpoint)
    run_id = earlier.run_id if earlier else run_id or new_run_id()
    try:
        return await _Run(run_id, plan, backends, recorder, on_event, earlier).run()
    finally:
        await backends.close()


def new_run_id() -> str:
    """Return a name for a run."""
    return uuid.uuid4().hex[:12]


class _Run:
    """The state of one run."""

    def __init__(
        self,
        run_id: str,
        plan: BenchPlan,
        backends: Backends,
        recorder: Recorder,
        on_event: OnEvent,
        earlier: Earlier | None,
    ) -> None:
        self._id = run_id
        self._plan = plan
        self._backends = backends
        self._recorder = recorder
        self._tell = on_event
        self._earlier = earlier
        info = backends.main.info
        self._context = run_context(plan, info)
        if earlier is not None:
            self._context = resumed_context(earlier.context, self._context)
        self._context[living.KEY] = living.own_mark()
        self._results = {one.step.sequence: one for one in earlier.results} if earlier else {}
        self._forecast = Forecast()
        self._asking = Asking(plan, backends, self._text)
        self._residence = Residence(plan, backends, self._asking, self._forecast, on_event)
        self._before = {one.target: one for one in earlier.facts} if earlier else {}
        self._residence.remember(self._before)
        self._watch = RuntimeWatch(info.pid)
        self._conditions = Conditions(info.pid)
        self._crashes = 0
        self._recording = True

    async def run(self) -> Summary:
        known = tuple(self._results.values())
        self._tell(RunStarted(self._id, self._plan, known))
        if self._earlier is None:
            await self._record(lambda: self._recorder.start(self._id, self._plan, self._context))
        else:
            await self._keep()
        stopped = True
        try:
            async with self._watch.running():
                stopped = not await self._make()
        finally:
            summary = await asyncio.shield(self._finish(stopped))
        return summary

    async def _make(self) -> bool:
        """Return whether the run came to its end."""
        await asyncio.to_thread(self._conditions.look)
        stay = await self._residence.settle(_stay_of(self._earlier), await self._measured_loads())
        self._context |= stay.as_dict()
        self._tell(OrderSettled(stay.order, stay.one_at_a_time, stay.reason))
        await self._residence.ensure_all()
        left = await self._left(bursts(self._plan, stay.order))
        self._context[living.MEASURING_SINCE] = now_text()
        await self._keep()
        round_index = left[0].steps[0].round_index if left else 0
        for place, burst in enumerate(left):
            if burst.steps[0].round_index != round_index:
                round_index = burst.steps[0].round_index
                await asyncio.to_thread(self._conditions.look)
                await self._keep()
            if burst.target in self._residence.measurable and not await self._measure(burst):
                return False
            self._tell_time(left[place + 1 :])
        return True

    async def _left(self, order: Sequence[Burst]) -> list[Burst]:
        """Return what was not measured yet; units that were left half done are measured anew.

        What is compared with each other then comes from one life of the runtime: its level moves
        from one to the next.
        """
        undone = [one for one in order if any(s.sequence not in self._results for s in one.steps)]
        units = {one.unit for one in undone}
        left = [one for one in order if one.unit in units]
        repeated = [s.sequence for one in left for s in one.steps if s.sequence in self._results]
        for sequence in repeated:
            del self._results[sequence]
        if repeated:
            await self._record(lambda: self._recorder.forget(self._id, repeated))
            requests = "1 request" if len(repeated) == 1 else f"{len(repeated)} requests"
            self._note(f"{requests} of the interrupted round made anew.")
        return left

    async def _measure(self, burst: Burst) -> bool:
        """Make the requests of a burst; False where the run cannot go on."""
        target = burst.target
        try:
            await self._residence.ensure(target)
        except FoundryError as error:
            self._residence.fail(target, error)
            return bool(self._residence.measurable)
        self._watch.begin(target)
        began_s = time.perf_counter()
        results = await asyncio.gather(*map(self._one, burst.steps))
        self._forecast.burst(target, time.perf_counter() - began_s)
        self._watch.end()
        if any(one.error_code in _GONE for one in results):
            return await self._recover()
        if any(one.error for one in results) and await self._residence.lost(target):
            return await self._recover()
        self._crashes = 0
        return True

    async def _one(self, step: Step) -> RequestResult:
        self._tell(RequestStarted(step))
        result = await self._asking.ask(step)
        self._results[step.sequence] = result
        await self._record(partial(self._recorder.add, self._id, result))
        self._tell(RequestFinished(result))
        return result

    async def _recover(self) -> bool:
        """After a crash bring the targets back, or give them up; False where none is left."""
        self._crashes += 1
        if self._crashes > MOST_CRASHES:
            self._tell(Trouble(f"The backend went away {self._crashes} times; the run stops."))
            return False
        self._tell(Trouble("The backend went away; loading the models again."))
        self._note(f"The backend went away after {len(self._results)} requests.")
        self._residence.forget()
        try:
            await self._residence.ensure_all()
        except FoundryError as error:
            self._tell(Trouble(f"The run stops: {error.message}"))
            return False
        pid = self._backends.main.info.pid
        self._watch.pid = pid
        self._conditions.follow(pid)
        return bool(self._residence.measurable)

    async def _measured_loads(self) -> Mapping[str, MemoryRecord]:
        try:
            return await asyncio.to_thread(self._recorder.memory_records)
        except DatabaseError:  # it is told with the first request that cannot be kept
            return {}

    # Telling and keeping

    def _text(self, target: str, text: str) -> None:
        self._tell(AnswerDelta(target, text))

    def _tell_time(self, left: Sequence[Burst]) -> None:
        measurable = set(self._residence.measurable)
        targets = [one.target for one in left if one.target in measurable]
        left_s = self._forecast.left_s(Counter(targets), self._residence.loads_left(targets))
        done = len(self._results)
        self._tell(TimeLeft(done, done + len(targets) * self._plan.concurrency, left_s))

    def _note(self, text: str) -> None:
        self._context.setdefault("notes", []).append(text)

    async def _keep(self) -> None:
        """Write down what is known besides the requests, so that a crash does not lose it."""
        context, facts = dict(self._context), list(self._facts().values())
        await self._record(lambda: self._recorder.update(self._id, context, facts))

    async def _finish(self, stopped: bool) -> Summary:
        await asyncio.to_thread(self._conditions.look)
        self._context |= {
            "conditions": self._conditions.as_dict(),
            "sampling": self._watch.cost(),
        }
        if stopped:
            # The process may live on, as that of the pane does: the run does not.
            self._context.pop(living.KEY, None)
            self._context.setdefault("interruptions", []).append(
                {"at": now_text(), "requests": len(self._results)}
            )
            await self._keep()
        else:
            kept = list(self._facts().values())
            await self._record(lambda: self._recorder.finish(self._id, self._context, kept))
        summary = await asyncio.to_thread(graded, self._summary())
        self._tell(RunFinished(summary, stopped))
        return summary

    def _facts(self) -> dict[str, TargetFacts]:
        """Return what is known of the targets, with what was seen while they answered."""
        watch, found = self._watch, {}
        for label, known in self._residence.facts.items():
            before = self._before.get(label, TargetFacts(label))
            mean, cpu = watch.mean_bytes(label), watch.cpu_percent(label)
            peaks = (before.rss_peak_bytes, watch.peak_bytes(label))
            found[label] = replace(
                known,
                rss_peak_bytes=max((one for one in peaks if one is not None), default=None),
                rss_mean_bytes=before.rss_mean_bytes if mean is None else mean,
                cpu_percent=before.cpu_percent if cpu is None else cpu,
            )
        return found

    def _summary(self) -> Summary:
        results = [self._results[sequence] for sequence in sorted(self._results)]
        return summarize(self._id, self._plan, self._context, self._facts(), results)

    async def _record(self, write: Callable[[], None]) -> None:
        if not self._recording:
            return
        try:
            await asyncio.to_thread(write)
        except DatabaseError as error:
            # Once is enough to say; the results stay in memory and can be exported.
            self._recording = False
            self._tell(Trouble(f"{error.message} The results are kept until you leave."))


def _stay_of(earlier: Earlier | None) -> Stay | None:
    if earlier is None or "order" not in earlier.context:
        return None
    context = earlier.context
    one = context.get("memory") == "one at a time"
    return Stay(one, context["order"], str(context.get("memory_reason", "")))
