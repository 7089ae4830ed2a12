"""What is known of this machine and was measured on it: verdicts on variants are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.catalog.contexts import Advertised, advertised_context
from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS, Fit, MemoryState, judge
from tui.catalog.kv_cache import KvShape
from tui.catalog.measured import Measured
from tui.catalog.providers import device_truth
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
    figures: Mapping[str, Measured] = field(default_factory=dict)
    """What benchmarks measured here, by variant id."""
    usable: Mapping[str, UsableContext] = field(default_factory=dict)
    """What probes of the context found, from `UsableContexts.known`."""

    def context_of(self, model: Model, variant: Variant | None) -> Advertised:
        """Return the longest context that is advertised."""
        own = self.kv.get(variant.id) if variant and self.kv else None
        return advertised_context(model, variant, own)

    def judge(self, model: Model, variant: Variant) -> Fit:
        """Return the verdict on a variant."""
        return judge(
            variant,
            model,
            self.memory,
            self.context_tokens,
            self.kv.get(variant.id),
            record_of(self.measured, variant.id) if self.measured else None,
        )

    def lacks(self, variant: Variant) -> str:
        """Return the execution provider that a variant asks for and this machine lacks, or ''."""
        if not self.providers:
            return ""
        truth = device_truth(variant, self.providers)
        return truth.asks if truth.registered is False else ""
