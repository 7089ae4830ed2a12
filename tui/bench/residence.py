"""Brings targets into memory, warms them up, and lets go of them where memory is short."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tui.bench.asking import Asking
from tui.bench.backends import Backends
from tui.bench.events import (
    BenchEvent,
    TargetFailed,
    TargetLoaded,
    TargetLoading,
    TargetProgress,
    TargetUnloaded,
    Trouble,
    WarmedUp,
)
from tui.bench.forecast import Forecast
from tui.bench.memory_fit import Stay, decide
from tui.bench.plan import BenchPlan, Step
from tui.bench.results import TargetFacts
from tui.bench.statistics import median
from tui.catalog.fit import MemoryState
from tui.catalog.ready import make_ready
from tui.catalog.resolve import find_variant
from tui.foundry.errors import BackendUnavailable, FoundryError
from tui.foundry.types import Capability, Model, Variant
from tui.system.memory_records import MemoryRecord, record_of
from tui.system.readings import read_memory

LEAST_WARM_UPS, MOST_WARM_UPS = 3, 10
STEADY_RATIO = 1.25
COMES_BACK_S = 15.0
"""How long a backend that went away is given to come back."""
RETRY_EVERY_S = 0.5


class Residence:
    """Knows which targets are in memory and warm.

    Args:
        plan: What is measured.
        backends: Where the targets are.
        asking: Makes the warm-up requests.
        forecast: Told what a load and warm-up takes.
        tell: Told what goes on.
    """

    def __init__(
        self,
        plan: BenchPlan,
        backends: Backends,
        asking: Asking,
        forecast: Forecast,
        tell: Callable[[BenchEvent], None],
    ) -> None:
        self._plan = plan
        self._backends = backends
        self._asking = asking
        self._forecast = forecast
        self._tell = tell
        self._stay = Stay(False, plan.order, "")
        self._in_memory: set[tuple[str, str]] = set()
        self._warm: set[str] = set()
        self._patience_s = 0.0
        self._measured: Mapping[str, MemoryRecord] = {}
        self.facts = {label: TargetFacts(label) for label in plan.labels}

    def remember(self, before: Mapping[str, TargetFacts]) -> None:
        """Go on from what was known when the run was interrupted; what failed is tried again."""
        for label in self.facts:
            if label in before:
                self.facts[label] = replace(before[label], error=None)

    @property
    def measurable(self) -> list[str]:
        """Labels of the targets that nothing stands in the way of."""
        return [label for label, facts in self.facts.items() if facts.error is None]

    async def settle(
        self, earlier: Stay | None, measured: Mapping[str, MemoryRecord] = MappingProxyType({})
    ) -> Stay:
        """Look the targets up, and decide how they stay in memory.

        Args:
            earlier: What was decided when the run began; None for a new one.
            measured: What loads took on this machine, by variant.

        Raises:
            FoundryError: None of them is there.
        """
        found: dict[str, tuple[Model, Variant]] = {}
        errors = []
        for target in self._plan.targets:
            try:
                backend = await self._backends.of(target)
                model, variant = find_variant(await backend.models(), target.variant_id)
            except FoundryError as error:
                errors.append(error)
                self.fail(target.label, error)
                continue
            self._asking.ids[target.label] = variant.id
            self.facts[target.label] = replace(
                self.facts[target.label],
                variant_id=variant.id,
                device=str(variant.device),
                execution_provider=variant.execution_provider,
                size_bytes=variant.size_bytes,
                endpoint=backend.info.endpoint or "",
            )
            if not target.endpoint and backend.info.supports(Capability.LOAD):
                found[target.label] = (model, variant)
        if not self.measurable:
            raise errors[0]
        self._measured = measured
        memory = read_memory()
        room = MemoryState(memory.total_bytes, memory.available_bytes)
        self._stay = earlier or decide(self._plan, found, room, measured)
        return self._stay

    async def ensure_all(self) -> None:
        """Bring all targets into memory that are to be there; those that fail are left out.

        Raises:
            FoundryError: All of them failed, for the reason of the first.
        """
        errors = []
        for label in () if self._stay.one_at_a_time else self.measurable:
            try:
                await self._load(label)
            except FoundryError as error:
                errors.append(error)
                self.fail(label, error)
        if errors and not self.measurable:
            raise errors[0]
        for label in () if self._stay.one_at_a_time else self.measurable:
            await self.ensure(label)

    async def ensure(self, label: str) -> None:
        """Bring one target into memory, if it is not, and warm it up. Raises `FoundryError`."""
        if label in self._warm:
            return
        started_s = time.perf_counter()
        if self._stay.one_at_a_time:
            await self._let_go_of_others(label)
        await self._load(label)
        await self._warm_up(label)
        self._warm.add(label)
        self._forecast.load(label, time.perf_counter() - started_s)

    async def lost(self, label: str) -> bool:
        """Tell whether a target that failed is not in memory any more.

        A runtime that crashed and came back by itself answers, but has nothing loaded.
        """
        backend = await self._backends.of(self._plan.target(label))
        if not backend.info.supports(Capability.LOAD):
            return False
        try:
            _, variant = find_variant(await backend.models(), self._asking.ids[label])
        except FoundryError:
            return True
        return not variant.loaded

    def forget(self) -> None:
        """Take nothing for loaded any more: the backend went away."""
        self._in_memory.clear()
        self._warm.clear()
        self._patience_s = COMES_BACK_S

    def fail(self, label: str, error: FoundryError) -> None:
        """Leave a target out from now on."""
        self.facts[label] = replace(self.facts[label], error=error.message)
        self._tell(TargetFailed(label, error.message))

    def loads_left(self, targets: list[str]) -> list[str]:
        """Return which loads are to come when the targets are asked in this order."""
        if not self._stay.one_at_a_time:
            return []
        now = next((one for one in self._plan.labels if one in self._warm), "")
        loads = []
        for target in targets:
            if target != now:
                loads.append(target)
                now = target
        return loads

    def _key(self, label: str) -> tuple[str, str]:
        return (self._plan.target(label).endpoint, self._asking.ids[label])

    async def _load(self, label: str) -> None:
        if self._key(label) in self._in_memory:
            return
        self._tell(TargetLoading(label))
        until_s = time.monotonic() + self._patience_s
        while True:
            try:
                await self._load_now(label)
                return
            except BackendUnavailable:
                if time.monotonic() >= until_s:
                    raise
                await asyncio.sleep(RETRY_EVERY_S)

    async def _load_now(self, label: str) -> None:
        backend = await self._backends.of(self._plan.target(label))
        _, variant = find_variant(await backend.models(), self._asking.ids[label])
        result = await make_ready(
            backend, variant, lambda progress: self._tell(TargetProgress(label, progress))
        )
        if not result.already_loaded:
            before = self.facts[label]
            times = (*before.load_times_s, result.load_s)
            grown = result.resident_bytes if before.load_bytes is None else before.load_bytes
            self.facts[label] = replace(
                before, load_s=median(times), load_bytes=grown, load_times_s=times
            )
        elif self.facts[label].load_bytes is None and not self._plan.target(label).endpoint:
            # In memory before the run: what that load took is known where it was watched.
            record = record_of(self._measured, variant.id)
            grown = record.resident_bytes if record else None
            self.facts[label] = replace(self.facts[label], load_bytes=grown)
        self._in_memory.add(self._key(label))
        self._tell(TargetLoaded(label, result))

    async def _let_go_of_others(self, label: str) -> None:
        for other in self._plan.labels:
            target = self._plan.target(other)
            if other == label or self._key(other) == self._key(label) or target.endpoint:
                continue
            # Also what was in memory before the run: it would be in the way all the same.
            backend = await self._backends.of(target)
            if not backend.info.supports(Capability.LOAD) or other not in self.measurable:
                continue
            _, variant = find_variant(await backend.models(), self._asking.ids[other])
            if variant.loaded:
                try:
                    freed = await backend.unload(variant.id)
                except FoundryError as error:
                    self._tell(Trouble(f"{other} stays in memory: {error.message}"))
                    continue
                self._tell(TargetUnloaded(other, freed))
            self._in_memory.discard(self._key(other))
            self._warm.discard(other)

    async def _warm_up(self, label: str) -> None:
        """Ask until the times have settled; the first request after a load is never data."""
        fixed = self._plan.warm_up
        times: list[float] = []
        steady = False
        while len(times) < (MOST_WARM_UPS if fixed is None else fixed) and not steady:
            # Always the same prompt: only then do the times say whether they have settled.
            result = await self._asking.ask(Step(-1, -1, 0, label), quiet=True)
            if result.error is not None or result.figures is None:
                break
            times.append(result.figures.e2e_s or 0.0)
            steady = fixed is None and _steady(times)
        settled = steady or (fixed is not None and _steady(times))
        before = self.facts[label]
        self.facts[label] = replace(
            before,
            warm_up_requests=before.warm_up_requests + len(times),
            steady=before.steady and settled,
            api=self._asking.api[label],
        )
        self._tell(WarmedUp(label, len(times), settled))


def _steady(times: list[float]) -> bool:
    last = times[-LEAST_WARM_UPS:]
    return len(last) == LEAST_WARM_UPS and max(last) < STEADY_RATIO * min(last)
