"""Fit verdicts for many variants at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from tui.catalog.fit import KvShape, MemoryState, judge, kv_shapes
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import Capability, Model
from tui.session import Session

Fits = dict[str, dict[str, Any]]


async def judge_all(session: Session, backend: Backend, models: Iterable[Model]) -> Fits:
    """Return verdict, need, room, source and reason by variant id.

    Nothing is judged for a server that loads its models itself: its memory may be elsewhere.
    """
    if not backend.info.supports(Capability.LOAD):
        return {}
    shapes = await _shapes(backend)
    memory = _memory(session)
    fits: Fits = {}
    for model in models:
        for variant in model.variants:
            fit = judge(variant, model, memory, kv=shapes.get(variant.id))
            fits[variant.id] = {
                "verdict": fit.verdict,
                "need_bytes": fit.need_bytes,
                "available_bytes": fit.available_bytes,
                "source": fit.source,
                "reason": fit.reason,
            }
    return fits


async def _shapes(backend: Backend) -> dict[str, KvShape]:
    if not backend.info.supports(Capability.CACHE):
        return {}
    try:
        return await asyncio.to_thread(kv_shapes, await backend.cache())
    except FoundryError:
        return {}  # A verdict from an estimate is better than no list.


def _memory(session: Session) -> MemoryState:
    import psutil

    from tui.system.sampler import free_bytes

    memory = psutil.virtual_memory()
    disk = free_bytes(session.runtime_settings.cache_dir)
    return MemoryState(memory.total, memory.available, disk)
