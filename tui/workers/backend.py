"""Asks the backend and posts what it says; expected errors become messages too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.message import Message

from tui.cache.notes import CacheNotebook, CacheNotes
from tui.catalog.kv_cache import kv_shapes
from tui.catalog.last_good import EMPTY, LastGood, shipped
from tui.catalog.snapshot import with_snapshot
from tui.database import Database, DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import CacheInfo
from tui.messages import (
    BackendChanged,
    BackendConnected,
    BackendFailed,
    CacheFailed,
    CacheFetched,
    ModelsFailed,
    ModelsFetched,
)
from tui.session import Session

if TYPE_CHECKING:
    from tui.foundry.connect import Target

Post = Callable[[Message], object]


class BackendWorker:
    """Holds the backend of the session: finds it, changes it, asks it, lets go of it.

    Args:
        session: Where to look.
        post: Delivers messages to the app.
    """

    def __init__(self, session: Session, post: Post) -> None:
        self._session = session
        self._post = post
        self._database = Database(session.paths.database)
        self._last = LastGood(session.paths.catalog_cache)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connecting: asyncio.Task[None] | None = None
        self.backend: Backend | None = None

    def connect(self) -> None:
        """Look for the backend; posts `BackendConnected` or `BackendFailed`."""
        if self._connecting is not None:
            self._connecting.cancel()
        self._connecting = self._start(self._connect())

    def switch(self, target: Target) -> None:
        """Let go of the backend, and look for another."""
        self._session = replace(self._session, target=target)
        old, self.backend = self.backend, None
        if old is not None:
            self._start(old.close())
        self.connect()

    def keep_place(self, folder: Path) -> str | None:
        """Let the embedded runtime start with its models in `folder`, now and in later sessions.

        Blocks. Returns why that could not be written down, as a sentence.
        """
        settings = replace(self._session.runtime_settings, cache_dir=folder, early=None)
        self._session = replace(self._session, runtime_settings=settings)
        return self._session.save_setting("model_cache", str(folder))

    def fetch(self, *what: str, refresh: bool = False) -> None:
        """Ask for `models` or `cache`; posts what the backend answers."""
        if (backend := self.backend) is None:
            return
        for one in what:
            if one == "models":
                post = self._post_of(backend)
                self._start(fetch_models(backend, self._last, post, refresh=refresh))
            else:
                notebook = CacheNotebook(self._database)
                self._start(fetch_cache(backend, notebook, self._post_of(backend)))

    async def close(self) -> None:
        """Let go of everything."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.backend is not None:
            await self.backend.close()

    # Inside

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _connect(self) -> None:
        from tui.foundry.connect import connect  # late: brings httpx

        try:
            # A screen need not wait for the public catalog: it is told when that has arrived.
            settings = replace(self._session.runtime_settings, catalog_wait_s=0)
            backend = await connect(self._session.target, settings)
        except FoundryError as error:
            target = self._session.target
            kept = await asyncio.to_thread(self._last.find, target.kind, target.endpoint_url)
            self._post(BackendFailed(error, kept or shipped()))
            return
        self.backend = backend
        post = self._post_of(backend)
        backend.on_change(lambda text: post(BackendChanged(text)))
        self._post(BackendConnected(backend))

    def _post_of(self, backend: Backend) -> Callable[[Message], None]:
        """Return a post for what one backend says; one that was let go of is not listened to."""

        def post(message: Message) -> None:
            if self.backend is backend:
                self._post(message)

        return post


async def fetch_models(
    backend: Backend, last: LastGood, post: Post, *, refresh: bool = False
) -> None:
    """List the models and keep the list; posts `ModelsFetched`, or `ModelsFailed` with the last."""
    try:
        models = await backend.models(refresh=refresh)
    except FoundryError as error:
        kept = await asyncio.to_thread(last.find, backend.info.kind, backend.info.endpoint)
        post(ModelsFailed(error, kept))
        return
    info = backend.info
    if not models and (kept := await asyncio.to_thread(last.find, info.kind, info.endpoint)):
        post(ModelsFailed(EMPTY, kept))
        return
    post(ModelsFetched(with_snapshot(models, info.kind)))
    await asyncio.to_thread(last.keep, info.kind, info.endpoint, models)


async def fetch_cache(backend: Backend, notebook: CacheNotebook, post: Post) -> None:
    """Look at the disk and into the notes about it; posts `CacheFetched` or `CacheFailed`."""
    try:
        cache = await backend.cache()
    except FoundryError as error:
        post(CacheFailed(error))
    else:
        shapes, notes = await asyncio.gather(
            asyncio.to_thread(kv_shapes, cache),
            asyncio.to_thread(_read_notes, notebook, backend.info.kind, cache),
        )
        post(CacheFetched(cache, shapes, notes))


def _read_notes(notebook: CacheNotebook, kind: str, cache: CacheInfo) -> CacheNotes:
    """Return the notes; without a database the list is shown all the same."""
    try:
        notebook.forget_gone(cache)
        return notebook.read(kind)
    except DatabaseError:
        return CacheNotes()
