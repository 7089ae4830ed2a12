"""Fit verdicts for many variants at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tui.bench.measured import latest_measured
from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS, Fit, MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.kv_cache import KvShape, kv_shapes
from tui.catalog.usable_context import UsableContexts
from tui.database import Database, DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import Capability, Model
from tui.session import Session
from tui.system.device_memory import device_memory_of, held_by_runtime
from tui.system.memory_records import MemoryRecord, MemoryRecords, record_of

Fits = dict[str, dict[str, Any]]


def judge_all(backend: Backend | None, models: Iterable[Model], inputs: FitInputs) -> Fits:
    """Return verdict, need, room, source and reason by variant id.

    Nothing is judged for a server that loads its models itself: its memory may be elsewhere.
    """
    if backend is not None and not backend.info.supports(Capability.LOAD):
        return {}
    fits: Fits = {}
    for model in models:
        for variant in model.variants:
            record = record_of(inputs.measured, variant.id)
            values = fit_values(inputs.judge(model, variant), record)
            # Memory alone does not run it: what it asks for must be registered here.
            fits[variant.id] = values | {"provider_missing": inputs.lacks(variant) or None}
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
    session: Session,
    backend: Backend | None,
    context_tokens: int = DEFAULT_CONTEXT_TOKENS,
    variant_ids: Sequence[str] = (),
) -> FitInputs:
    """Return what is known of this machine now.

    Args:
        session: Where records and cache are.
        backend: Where the models come from; None where none answers.
        context_tokens: What the verdicts plan for.
        variant_ids: Variants whose benchmark figures are looked up, beside all other records.
    """
    shapes = await _shapes(backend) if backend else {}
    providers = backend.info.providers if backend else ()
    pid = backend.info.pid if backend else None
    memory, gpu_bytes = await asyncio.to_thread(_memory, session, pid)
    inputs = FitInputs(memory, context_tokens, shapes, providers=providers, gpu_bytes=gpu_bytes)
    if not session.paths.database.exists():
        return inputs
    return await asyncio.to_thread(_with_records, session, inputs, variant_ids)


def _with_records(session: Session, inputs: FitInputs, variant_ids: Sequence[str]) -> FitInputs:
    """Add what was found out on this machine; an estimate is better than no list."""
    database = Database(session.paths.database)
    try:
        return replace(
            inputs,
            measured=MemoryRecords(database).known(),
            usable=UsableContexts(database).known(),
            figures=latest_measured(database, variant_ids),
        )
    except DatabaseError:
        return inputs


async def _shapes(backend: Backend) -> dict[str, KvShape]:
    if not backend.info.supports(Capability.CACHE):
        return {}
    try:
        return await asyncio.to_thread(kv_shapes, await backend.cache())
    except FoundryError:
        return {}  # A verdict from an estimate is better than no list.


def _memory(session: Session, pid: int | None) -> tuple[MemoryState, int | None]:
    """Return the room here, and what the runtime holds of the GPU's memory."""
    import psutil

    from tui.system.devices import DeviceReader
    from tui.system.sampler import free_bytes

    memory = psutil.virtual_memory()
    disk = free_bytes(session.runtime_settings.cache_dir)
    devices = DeviceReader().read([pid] if pid else [])
    room = MemoryState(memory.total, memory.available, disk, device_memory_of(devices))
    return room, held_by_runtime(devices) if pid else None
