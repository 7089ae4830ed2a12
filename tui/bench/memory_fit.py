"""Decides whether all targets can be in memory at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tui.bench.plan import BenchPlan, Order
from tui.catalog.fit import TIGHT_SHARE, MemoryState, judge
from tui.formats import format_bytes
from tui.foundry.types import Model, Variant
from tui.system.memory_records import MemoryRecord, record_of


@dataclass(frozen=True, slots=True)
class Stay:
    """How the targets stay in memory, and the order that follows from it."""

    one_at_a_time: bool
    order: Order
    reason: str

    def as_dict(self) -> dict[str, object]:
        """Return it for the run's context."""
        return {
            "order": self.order,
            "memory": "one at a time" if self.one_at_a_time else "all at once",
            "memory_reason": self.reason,
        }


def decide(
    plan: BenchPlan,
    found: Mapping[str, tuple[Model, Variant]],
    memory: MemoryState,
    measured: Mapping[str, MemoryRecord] = MappingProxyType({}),
) -> Stay:
    """Decide by what the plan asks for, else by what fits.

    Args:
        plan: What is measured.
        found: The targets that can be loaded and unloaded here, by label.
        memory: Room on this machine now.
        measured: What loads took on this machine, by variant: believed before any estimate.
    """
    if plan.memory == "all":
        return Stay(False, plan.order, "asked for")
    if plan.memory == "one":
        return _one(plan, "asked for")
    own = {variant.id: (model, variant) for model, variant in found.values()}
    if len(own) < 2:
        return Stay(False, plan.order, "there is one model to load at most")
    needs = [
        judge(variant, model, memory, measured=record_of(measured, variant.id)).need_bytes
        for model, variant in own.values()
    ]
    known = [need for need in needs if need is not None]
    available = memory.available_bytes
    if len(known) < len(needs) or available is None:
        return Stay(False, plan.order, "what they need is not known")
    need = sum(known)
    words = f"{format_bytes(need)} needed of {format_bytes(available)} free"
    if need > TIGHT_SHARE * available:
        return _one(plan, f"they do not fit together: {words}")
    return Stay(False, plan.order, f"they fit together: {words}")


def _one(plan: BenchPlan, reason: str) -> Stay:
    order: Order = "block" if plan.order == "interleaved" else plan.order
    return Stay(True, order, reason)
