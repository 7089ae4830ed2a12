"""Keeps what loads took, brings back what was kept, and asks how much memory the GPU has."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from textual.message import Message

from tui.database import Database, DatabaseError
from tui.foundry.types import LoadResult
from tui.messages import MemoryRead
from tui.store import Store
from tui.system.device_memory import read_device_memory
from tui.system.memory_records import MemoryRecord, MemoryRecords, record_from

Post = Callable[[Message], object]


class MemoryWorker:
    """Reads and writes the memory records, off the event loop; posts `MemoryRead` after each.

    A database that cannot be used costs the records and nothing else: conversations and benchmark
    runs, which are lost with it, say so.

    Args:
        store: Read for the backend and the model's context, never written.
        database: Where they are kept.
        post: Delivers messages to the app.
    """

    def __init__(self, store: Store, database: Database, post: Post) -> None:
        self._store = store
        self._records = MemoryRecords(database)
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self) -> None:
        """Bring back what was kept, and look at the GPU."""
        self._start(None)

    def keep(self, result: LoadResult) -> None:
        """Enter a load."""
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
        if record := record_from(self._store.backend.info, result, context):
            self._start(record)

    def _start(self, record: MemoryRecord | None) -> None:
        task = asyncio.create_task(self._work(record))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, record: MemoryRecord | None) -> None:
        self._post(await asyncio.to_thread(self._read, record))

    def _read(self, record: MemoryRecord | None) -> MemoryRead:
        known = self._store.state.memory_records
        with contextlib.suppress(DatabaseError):
            if record is not None:
                self._records.add(record)
            known = self._records.known()
        return MemoryRead(known, read_device_memory())
