"""What is known of this machine and was measured on it: verdicts on variants are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.catalog.contexts import Advertised, advertised_context
from tui.catalog.fit import (
    DEFAULT_CONTEXT_TOKENS,
    Fit,
    MemoryState,
    Sum,
    Verdict,
    judge_sum,
    quick_verdict,
    sum_up,
)
from tui.catalog.kv_cache import KvShape
from tui.catalog.measured import Measured
from tui.catalog.providers import DeviceTruth, device_truth
from tui.catalog.usable_context import UsableContext
from tui.foundry.types import Model, Variant
from tui.system.memory_records import MemoryRecord, record_of


@dataclass(frozen=True, slots=True)
class FitInputs:
    """What is known of this machine: verdicts are made from it, the same for all rows."""

    memory: MemoryState = field(default_factory=MemoryState)
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    kv: Mapping[str, KvShape] = field(default_factory=dict)
    """By variant id, from `kv_cache.kv_shapes`."""
    measured: Mapping[str, MemoryRecord] = field(default_factory=dict)
    """What earlier loads took here, from `MemoryRecords.known`."""
    providers: tuple[str, ...] = ()
    """Execution providers that are registered here; none where the backend does not tell."""
    gpu_bytes: int | None = None
    """What the runtime holds of the GPU's memory; None where no driver tells."""
    figures: Mapping[str, Measured] = field(default_factory=dict)
    """What benchmarks measured here, by variant id."""
    usable: Mapping[str, UsableContext] = field(default_factory=dict)
    """What probes of the context found, from `UsableContexts.known`."""
    sums: dict[str, Sum | None] = field(default_factory=dict, compare=False, repr=False)
    """What variants need, by id, as it was summed up before: hand it on where only the memory
    is another."""

    def context_of(self, model: Model, variant: Variant | None) -> Advertised:
        """Return the longest context that is advertised."""
        own = self.kv.get(variant.id) if variant and self.kv else None
        return advertised_context(model, variant, own)

    def judge(self, model: Model, variant: Variant) -> Fit:
        """Return the verdict on a variant, with the sum and the reason."""
        summed = self._sum(model, variant)
        return judge_sum(variant, self.memory, summed, self._record(variant))

    def verdict(self, model: Model, variant: Variant) -> Verdict:
        """Return the verdict alone."""
        return quick_verdict(variant, self.memory, self._sum(model, variant))

    def _sum(self, model: Model, variant: Variant) -> Sum | None:
        if variant.id not in self.sums:
            self.sums[variant.id] = sum_up(
                variant, model, self.context_tokens, self.kv.get(variant.id), self._record(variant)
            )
        return self.sums[variant.id]

    def _record(self, variant: Variant) -> MemoryRecord | None:
        return record_of(self.measured, variant.id) if self.measured else None

    def truth(self, variant: Variant) -> DeviceTruth:
        """Return what is known about where a variant runs."""
        return device_truth(variant, self.providers, self.gpu_bytes)

    def lacks(self, variant: Variant) -> str:
        """Return the execution provider that a variant asks for and this machine lacks, or ''."""
        if not self.providers:
            return ""
        truth = device_truth(variant, self.providers)
        return truth.asks if truth.registered is False else ""
