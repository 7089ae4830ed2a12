"""Whose memory is whose: what each load took and each unload gave back, as measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tui.foundry.ids import same_variant
from tui.foundry.types import LoadResult
from tui.system.rss_trace import MemoryTrace
from tui.system.sample import Sample

KEPT_UNLOADS = 20
LITTLE_GIVEN_BACK = 0.5
"""An unload that gave back less than this share of what the load took is worth a warning."""
LEAST_WORTH_SAYING_BYTES = 32_000_000
"""Below this the allocator's own granularity decides what goes back."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A variant in memory."""

    variant_id: str
    resident_bytes: int | None
    """Growth of the runtime's resident memory while it loaded; None where it was not seen."""
    load_s: float | None
    """None where it was loaded before we looked."""
    at: float
    """Seconds since the epoch."""
    before_bytes: int | None = None
    """Resident memory of the runtime before the load; None where it was not seen."""
    load_peak_bytes: int | None = None
    """The most that the runtime held while it loaded."""
    after_bytes: int | None = None
    """Resident memory of the runtime after the load."""
    answer_peak_bytes: int | None = None
    """The most that the runtime held while this variant answered."""
    answer_growth_bytes: int | None = None
    """What answering took at its worst, beyond what the load took."""
    kept_bytes: int = 0
    """Of that what the runtime kept from answer to answer."""

    @property
    def load_peak_growth_bytes(self) -> int | None:
        """What loading took at its worst, beyond what was there before."""
        return _beyond(self.load_peak_bytes, self.before_bytes)


@dataclass(frozen=True, slots=True)
class UnloadedModel:
    """A variant that left memory."""

    variant_id: str
    resident_bytes: int | None
    """What it had taken."""
    freed_bytes: int | None
    """What the runtime gave back to the system; None where it was not seen."""
    at: float
    """Seconds since the epoch."""
    answer_growth_bytes: int | None = None
    """What answering had taken beyond it, at its worst."""

    @property
    def kept_too_much(self) -> bool:
        """Whether so little came back that a person should know."""
        taken, freed = self.resident_bytes, self.freed_bytes
        if taken is None or freed is None or taken <= LEAST_WORTH_SAYING_BYTES:
            return False
        return freed < LITTLE_GIVEN_BACK * taken


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """The ledger. Each change returns a new one."""

    models: tuple[LoadedModel, ...] = ()
    """In the order of loading."""
    unloads: tuple[UnloadedModel, ...] = ()
    """The last ones, oldest first."""
    seen_bytes: Mapping[str, int] = field(default_factory=dict)
    """Last measured growth by variant id, also of variants that are not loaded now."""
    highest_bytes: int | None = None
    """The most that the runtime was seen to hold; None before it was looked at."""
    idle_bytes: int | None = None
    """What the runtime holds while nothing answers."""
    answering: tuple[str, ...] = ()
    """Who has answered since then."""

    def loaded(
        self, result: LoadResult, at: float | None = None, trace: MemoryTrace | None = None
    ) -> ModelMemory:
        """Enter a load. One that was loaded before keeps what was measured then.

        Args:
            result: What the backend says.
            at: Seconds since the epoch; None for now.
            trace: The runtime's memory while it loaded, where that was watched.
        """
        known = self.entry(result.variant_id)
        if result.already_loaded and known is not None:
            return self
        now = time.time() if at is None else at
        load_s = None if result.already_loaded else result.load_s
        entry = LoadedModel(result.variant_id, result.resident_bytes, load_s, now)
        if trace is not None and not result.already_loaded:
            grown = max(0, trace.growth_bytes)
            entry = replace(
                entry,
                resident_bytes=grown if result.resident_bytes is None else result.resident_bytes,
                before_bytes=trace.before_bytes,
                load_peak_bytes=trace.peak_bytes,
                after_bytes=trace.after_bytes,
            )
        seen = dict(self.seen_bytes)
        if entry.resident_bytes is not None:
            seen[result.variant_id] = entry.resident_bytes
        others = tuple(one for one in self.models if one is not known)
        highest = trace.highest_bytes if trace else None
        return replace(
            self,
            models=(*others, entry),
            seen_bytes=seen,
            highest_bytes=self.highest_bytes if highest is None else highest,
            idle_bytes=trace.after_bytes if trace else None,
            answering=(),
        )

    def answered(self, sample: Sample) -> ModelMemory:
        """Enter how much memory the runtime held in a sample, while models answered or after.

        Where the system keeps a high-water mark and it moved, that counts: it misses nothing
        between two samples. What the runtime keeps after an answer belongs to who answered.
        """
        rss, highest = sample.runtime_rss_bytes, sample.runtime_highest_bytes
        names = sample.live.answering if sample.live else ()
        if rss is None:
            return self
        if not names:
            if self.idle_bytes == rss and not self.answering:
                return self
            kept = rss - (rss if self.idle_bytes is None else self.idle_bytes)
            return replace(
                self,
                models=self._with_kept(max(0, kept)) if self.answering else self.models,
                idle_bytes=rss,
                answering=(),
            )
        peak = rss
        if highest is not None and self.highest_bytes is not None and highest > self.highest_bytes:
            peak = max(rss, highest)
        idle = peak if self.idle_bytes is None else self.idle_bytes
        models = tuple(
            replace(
                one,
                answer_peak_bytes=max(peak, one.answer_peak_bytes or 0),
                answer_growth_bytes=max(
                    one.kept_bytes + max(0, peak - idle), one.answer_growth_bytes or 0
                ),
            )
            if any(same_variant(one.variant_id, name) for name in names)
            else one
            for one in self.models
        )
        return replace(
            self,
            models=models,
            highest_bytes=self.highest_bytes if highest is None else highest,
            idle_bytes=idle,
            answering=tuple(dict.fromkeys((*self.answering, *names))),
        )

    def _with_kept(self, kept_bytes: int) -> tuple[LoadedModel, ...]:
        """Return the models, with what was kept entered for the one that answered."""
        if len(self.answering) != 1:  # whose it is cannot be told
            return self.models
        return tuple(
            replace(one, kept_bytes=one.kept_bytes + kept_bytes)
            if same_variant(one.variant_id, self.answering[0])
            else one
            for one in self.models
        )

    def unloaded(
        self,
        variant_id: str,
        freed_bytes: int | None,
        at: float | None = None,
        trace: MemoryTrace | None = None,
    ) -> ModelMemory:
        """Enter an unload, with what was given back where that is known.

        Args:
            variant_id: What was unloaded.
            freed_bytes: What the backend says; None where it does not tell.
            at: Seconds since the epoch; None for now.
            trace: The runtime's memory meanwhile, where that was watched.
        """
        known = self.entry(variant_id)
        if freed_bytes is None and trace is not None:
            freed_bytes = max(0, -trace.growth_bytes)
        gone = UnloadedModel(
            variant_id,
            known.resident_bytes if known else None,
            freed_bytes,
            time.time() if at is None else at,
            known.answer_growth_bytes if known else None,
        )
        return replace(
            self,
            models=tuple(one for one in self.models if one is not known),
            unloads=(*self.unloads, gone)[-KEPT_UNLOADS:],
            idle_bytes=trace.after_bytes if trace else None,
            answering=(),
        )

    def runtime_ended(self) -> ModelMemory:
        """Forget what is loaded: the process that held it is gone."""
        return replace(self, models=(), highest_bytes=None, idle_bytes=None, answering=())

    def entry(self, variant_id: str) -> LoadedModel | None:
        """Return the entry of a loaded variant, or None."""
        return next((one for one in self.models if same_variant(one.variant_id, variant_id)), None)

    def measured_bytes(self, variant_id: str) -> int | None:
        """Return the last measured growth of a variant, loaded now or not; None if never seen."""
        for known_id, size_bytes in self.seen_bytes.items():
            if same_variant(known_id, variant_id):
                return size_bytes
        return None

    @property
    def total_bytes(self) -> int | None:
        """Sum over the loaded models; None where any of them is not known."""
        sizes = [one.resident_bytes for one in self.models]
        return sum(size for size in sizes if size is not None) if None not in sizes else None


def _beyond(size_bytes: int | None, base_bytes: int | None) -> int | None:
    return None if size_bytes is None or base_bytes is None else max(0, size_bytes - base_bytes)
