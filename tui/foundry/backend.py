"""`Backend`: what every source of models can do. `connect` (in `connect.py`) finds one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from tui.foundry.types import (
    AS_LINKS,
    BackendInfo,
    CacheInfo,
    ChatEvent,
    ChatRequest,
    ImportOptions,
    LoadResult,
    Model,
    Progress,
    ServiceAction,
)

ProgressCallback = Callable[[Progress], None]


class Backend(Protocol):
    """A source of models.

    Every call has a time limit of its own, can be cancelled, and raises only `FoundryError`s.
    A call that the backend cannot do raises `Unsupported` with the reason that
    `info.unavailable` gives. Calls are made on one event loop.
    """

    @property
    def info(self) -> BackendInfo:
        """What this backend is, and where. Changes when the service moves or restarts."""
        ...

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Register `callback(message)`: the service crashed, restarted or moved; `info` is new."""
        ...

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        """List all models with their variants and their cached and loaded marks.

        Args:
            refresh: Ask the catalog again where the backend keeps a copy.
        """
        ...

    async def load(self, variant_id: str) -> LoadResult:
        """Bring a cached variant into memory. Raises `NotFound`, `LoadFailed`."""
        ...

    async def unload(self, variant_id: str) -> int | None:
        """Drop a variant from memory; returns the bytes that the runtime gave back, if known."""
        ...

    async def download(self, variant_id: str, on_progress: ProgressCallback) -> None:
        """Fetch a variant into the cache. Cancelling the task cancels the download."""
        ...

    async def cache(self) -> CacheInfo:
        """Tell what is on disk."""
        ...

    async def remove(self, variant_id: str) -> int:
        """Delete a variant from disk; returns the bytes freed."""
        ...

    async def import_model(self, folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        """Add the user's own model directory under `name`; returns its variant id.

        The directory is read, never written or deleted, unless it is to be moved. Nothing is left
        behind on failure. Raises `InvalidModelFolder`.
        """
        ...

    async def service(self, action: ServiceAction) -> str:
        """Do something with the service behind the backend; returns what to show about it."""
        ...

    async def move_cache(self, folder: Path) -> None:
        """Keep the models in another directory from now on; those in the old one stay there."""
        ...

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer on a connection of its own.

        Yields one `ChatStarted`, any number of `ChatDelta`, one `ChatFinished`. Closing the
        iterator early stops the generation. Raises `RequestFailed` and its kin, `TimedOut`.
        """
        ...

    async def close(self) -> None:
        """Release everything; ends processes that this backend started. Safe to call twice."""
        ...


@runtime_checkable
class RunsModels(Protocol):
    """A backend that does all of `run` by a command of its own, and tells what that prints."""

    async def run(self, variant_id: str, on_progress: ProgressCallback) -> LoadResult:
        """Download if needed and load; each printed line comes as `Progress.line`."""
        ...


@runtime_checkable
class DescribesModels(Protocol):
    """A backend whose own tool has something to say about a model."""

    async def describe(self, variant_id: str) -> str:
        """Return what the tool prints about one model, as clean lines."""
        ...
