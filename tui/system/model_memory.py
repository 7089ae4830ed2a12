"""Whose memory is whose: what each load took and each unload gave back, as measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tui.foundry.ids import same_variant
from tui.foundry.types import LoadResult

KEPT_UNLOADS = 20


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


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """The ledger. Each change returns a new one."""

    models: tuple[LoadedModel, ...] = ()
    """In the order of loading."""
    unloads: tuple[UnloadedModel, ...] = ()
    """The last ones, oldest first."""
    seen_bytes: Mapping[str, int] = field(default_factory=dict)
    """Last measured growth by variant id, also of variants that are not loaded now."""

    def loaded(self, result: LoadResult, at: float | None = None) -> ModelMemory:
        """Enter a load. One that was loaded before keeps what was measured then.

        Args:
            result: What the backend says.
            at: Seconds since the epoch; None for now.
        """
        known = self.entry(result.variant_id)
        if result.already_loaded and known is not None:
            return self
        now = time.time() if at is None else at
        load_s = None if result.already_loaded else result.load_s
        entry = LoadedModel(result.variant_id, result.resident_bytes, load_s, now)
        seen = dict(self.seen_bytes)
        if result.resident_bytes is not None:
            seen[result.variant_id] = result.resident_bytes
        others = tuple(one for one in self.models if one is not known)
        return replace(self, models=(*others, entry), seen_bytes=seen)

    def unloaded(
        self, variant_id: str, freed_bytes: int | None, at: float | None = None
    ) -> ModelMemory:
        """Enter an unload, with what was given back where that is known."""
        known = self.entry(variant_id)
        gone = UnloadedModel(
            variant_id,
            known.resident_bytes if known else None,
            freed_bytes,
            time.time() if at is None else at,
        )
        return replace(
            self,
            models=tuple(one for one in self.models if one is not known),
            unloads=(*self.unloads, gone)[-KEPT_UNLOADS:],
        )

    def runtime_ended(self) -> ModelMemory:
        """Forget what is loaded: the process that held it is gone."""
        return replace(self, models=())

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
