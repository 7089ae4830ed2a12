"""Keeps what was found out on this machine, and brings it back, off the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from textual.message import Message

from tui.catalog.measured import Measured
from tui.catalog.usable_context import UsableContext, UsableContexts
from tui.database import Database, DatabaseError
from tui.foundry.types import LoadResult
from tui.messages import MachineRead
from tui.store import Store
from tui.system.device_memory import read_device_memory
from tui.system.memory_records import MemoryRecords, record_from
from tui.system.model_memory import ModelMemory, UnloadedModel

Post = Callable[[Message], object]

NEWS = 1.02
"""A peak is written when it is higher than the last one by this factor."""


class MachineWorker:
    """Reads and writes what loads, benchmarks and probes found; posts `MachineRead` after each.

    A database that cannot be used costs the records and nothing else: conversations and benchmark
    runs, which are lost with it, say so.

    Args:
        store: Read for the backend and its models, never written.
        database: Where it is kept.
        post: Delivers messages to the app.
    """

    def __init__(self, store: Store, database: Database, post: Post) -> None:
        self._store = store
        self._database = database
        self._records = MemoryRecords(database)
        self._contexts = UsableContexts(database)
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()
        self._found: Mapping[str, Measured] = {}
        self._figures_of: tuple[object, ...] = ()
        self._peaks: dict[str, int] = {}

    def read(self) -> None:
        """Bring back what was kept, and look at the GPU."""
        self._start(lambda: None)

    def keep_load(self, result: LoadResult, load_peak_bytes: int | None = None) -> None:
        """Enter what a load took.

        Args:
            result: What the backend says.
            load_peak_bytes: What it took at its worst, where that was watched.
        """
        if self._store.backend is None:
            return
        context = next(
            (
                model.context_tokens
                for model in self._store.state.models or ()
                if any(variant.id == result.variant_id for variant in model.variants)
            ),
            None,
        )
        info = self._store.backend.info
        if record := record_from(info, result, context, load_peak_bytes):
            self._start(lambda: self._records.add(record))

    def keep_peaks(self, memory: ModelMemory) -> None:
        """Enter what answers took at their worst, where that is news; not while they answer."""
        for one in memory.models:
            growth = one.answer_growth_bytes
            if growth is None or one.resident_bytes is None:
                continue
            peak = one.resident_bytes + growth
            if peak > self._peaks.get(one.variant_id, 0) * NEWS:
                self._peaks[one.variant_id] = peak
                self._complete(one.variant_id, peak, None)

    def keep_unload(self, gone: UnloadedModel) -> None:
        """Enter what an unload gave back."""
        self._peaks.pop(gone.variant_id, None)
        self._complete(gone.variant_id, None, gone.freed_bytes)

    def _complete(self, variant_id: str, peak: int | None, freed: int | None) -> None:
        self._start(lambda: self._records.complete(variant_id, peak, freed))

    def keep_context(self, found: UsableContext) -> None:
        """Enter what a probe found."""
        self._start(lambda: self._contexts.keep(found))

    def _start(self, write: Callable[[], None]) -> None:
        task = asyncio.create_task(self._work(write))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, write: Callable[[], None]) -> None:
        ids = [
            variant.id
            for model in self._store.state.models or ()
            for variant in model.variants
            if variant.cached
        ]
        self._post(await asyncio.to_thread(self._read, write, ids))

    def _read(self, write: Callable[[], None], ids: list[str]) -> MachineRead:
        state = self._store.state
        records, usable = state.memory_records, state.usable_contexts
        figures: Mapping[str, Measured] = state.figures
        with contextlib.suppress(DatabaseError):
            write()
            records, usable = self._records.known(), self._contexts.known()
            figures = self._figures(ids)
        return MachineRead(records, read_device_memory(), figures, usable)

    def _figures(self, ids: list[str]) -> Mapping[str, Measured]:
        """Return what benchmarks measured; runs are not read again while none was added."""
        with self._database.transaction() as connection:
            counts = tuple(
                tuple(connection.execute(f"SELECT count(*), max(rowid) FROM {table}").fetchone())
                for table in ("bench_runs", "bench_requests", "bench_ratings")
            )
        if self._figures_of != (ids, counts):
            from tui.bench.measured import latest_measured  # late: brings the benchmark's modules

            self._found = latest_measured(self._database, ids) if ids else {}
            self._figures_of = (ids, counts)
        return self._found
