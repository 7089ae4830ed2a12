"""Fit verdicts for many variants at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS, Fit, MemoryState
from tui.catalog.kv_cache import KvShape, kv_shapes
from tui.catalog.rows import FitInputs
from tui.database import Database, DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import Capability, Model
from tui.session import Session
from tui.system.device_memory import read_device_memory
from tui.system.memory_records import MemoryRecord, MemoryRecords, record_of

Fits = dict[str, dict[str, Any]]


async def judge_all(
    session: Session,
    backend: Backend,
    models: Iterable[Model],
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
) -> Fits:
    """Return verdict, need, room, source and reason by variant id.

    Nothing is judged for a server that loads its models itself: its memory may be elsewhere.
    """
    if not backend.info.supports(Capability.LOAD):
        return {}
    inputs = await fit_inputs(session, backend, context_tokens)
    fits: Fits = {}
    for model in models:
        for variant in model.variants:
            record = record_of(inputs.measured, variant.id)
            fits[variant.id] = fit_values(inputs.judge(model, variant), record)
    return fits


def fit_values(fit: Fit, record: MemoryRecord | None) -> dict[str, Any]:
    """Return a verdict with the sum behind it."""
    return {
        "verdict": fit.verdict,
        "need_bytes": fit.need_bytes,
        "available_bytes": fit.available_bytes,
        "total_bytes": fit.total_bytes,
        "verdict_in_total": fit.in_total,
        "pool": fit.pool,
        "device_note": fit.device_note or None,
        "disk_free_bytes": fit.disk_free_bytes,
        "source": fit.source,
        "reason": fit.reason,
        "measured_at": record.recorded_at if record and fit.source == "measured" else None,
        "parts": [
            {"label": part.label, "size_bytes": part.size_bytes, "source": part.source}
            for part in fit.parts
        ],
    }


async def fit_inputs(
    session: Session, backend: Backend, context_tokens: int = DEFAULT_CONTEXT_TOKENS
) -> FitInputs:
    """Return what verdicts are made from on this machine now."""
    shapes = await _shapes(backend)
    records = await asyncio.to_thread(_records, session)
    memory = await asyncio.to_thread(_memory, session)
    return FitInputs(memory, context_tokens, shapes, records)


def _records(session: Session) -> Mapping[str, MemoryRecord]:
    if not session.paths.database.exists():
        return {}
    try:
        return MemoryRecords(Database(session.paths.database)).known()
    except DatabaseError:
        return {}  # A verdict from an estimate is better than no list.


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
    return MemoryState(memory.total, memory.available, disk, read_device_memory())
