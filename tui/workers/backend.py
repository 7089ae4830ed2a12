"""Asks the backend and posts what it says; expected errors become messages too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from textual.message import Message

from tui.catalog.fit import kv_shapes
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
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

Post = Callable[[Message], object]


async def open_backend(session: Session, post: Post) -> None:
    """Find the backend of this machine; posts `BackendConnected` or `BackendFailed`."""
    from tui.foundry.connect import connect  # late: brings httpx

    try:
        # A screen need not wait for the public catalog: it is told when that has arrived.
        settings = replace(session.runtime_settings, catalog_wait_s=0)
        backend = await connect(session.target, settings)
    except FoundryError as error:
        post(BackendFailed(error))
        return

    def changed(text: str) -> None:
        post(BackendChanged(text))

    backend.on_change(changed)
    post(BackendConnected(backend))


async def fetch_models(backend: Backend, post: Post, *, refresh: bool = False) -> None:
    """List the models; posts `ModelsFetched` or `ModelsFailed`."""
    try:
        models = await backend.models(refresh=refresh)
    except FoundryError as error:
        post(ModelsFailed(error))
    else:
        post(ModelsFetched(models))


async def fetch_cache(backend: Backend, post: Post) -> None:
    """Look at the disk; posts `CacheFetched` or `CacheFailed`."""
    try:
        cache = await backend.cache()
    except FoundryError as error:
        post(CacheFailed(error))
    else:
        post(CacheFetched(cache, await asyncio.to_thread(kv_shapes, cache)))
