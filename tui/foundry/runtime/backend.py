"""`RuntimeBackend`: the embedded Foundry Local runtime as a source of models."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.foundry.backend import ProgressCallback
from tui.foundry.errors import BackendUnavailable, NotFound, Unsupported
from tui.foundry.listing import entries_from_rows, models_from_rows
from tui.foundry.runtime.protocol import Event
from tui.foundry.runtime.settings import OFFLINE, RuntimeSettings
from tui.foundry.runtime.supervisor import RuntimeSupervisor
from tui.foundry.types import (
    AS_LINKS,
    BackendInfo,
    CacheInfo,
    Capability,
    ChatEvent,
    ChatRequest,
    ImportOptions,
    LoadResult,
    Model,
    Progress,
    ServiceAction,
)

if TYPE_CHECKING:
    from tui.foundry.endpoint.client import EndpointClient

LIST_LIMIT_S = 30.0
LOAD_LIMIT_S = 900.0
UNLOAD_LIMIT_S = 30.0
DISK_LIMIT_S = 120.0
IMPORT_LIMIT_S = 900.0
"""Where links need rights that the user lacks, the files are copied."""

_UNAVAILABLE = {
    Capability.SERVICE: "The embedded runtime has no service: it starts and ends with the program.",
}


class RuntimeBackend:
    """Implements `Backend` with the runtime in a child process; call `start` first.

    Args:
        settings: Places and switches.
        reason: Why this backend was chosen, for the user.
    """

    def __init__(self, settings: RuntimeSettings, reason: str = "") -> None:
        self._settings = settings
        self._reason = reason
        self._callbacks: list[Callable[[str], None]] = []
        self._supervisor = RuntimeSupervisor(settings, self._changed, self._take_event)
        self._client: EndpointClient | None = None
        self._version = ""
        self._catalog_reached: bool | None = None
        self._providers: tuple[str, ...] = ()
        self._catalog_saved_at: float | None = None

    @property
    def catalog_reached(self) -> bool | None:
        """Whether the public catalog answered in this session; None while that is open."""
        return self._catalog_reached

    @property
    def info(self) -> BackendInfo:
        """Where the host is; endpoint and pid are None while it is not running."""
        facts = self._supervisor.facts
        unavailable = dict(_UNAVAILABLE)
        if self._settings.offline:
            unavailable[Capability.DOWNLOAD] = OFFLINE
        return BackendInfo(
            kind="runtime",
            version=facts.version if facts else self._version,
            reason=self._reason,
            endpoint=facts.endpoint if facts else None,
            pid=facts.pid if facts else None,
            unavailable=unavailable,
            providers=self._providers,
            catalog_saved_at=self._catalog_saved_at if self._catalog_reached is False else None,
        )

    async def start(self) -> None:
        """Start the host and wait until it serves; takes 0.2 to 0.4 s.

        Raises:
            BackendUnavailable: The SDK is missing or broken, or a directory cannot be written.
        """
        await self._supervisor.start()
        self._version = self.info.version

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Register `callback(message)`: a crash, a restart, or news from the public catalog."""
        self._callbacks.append(callback)

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        """List demo models, the user's own, and what the public catalog said last.

        Args:
            refresh: Ask the public catalog again, for up to ten seconds; start the host again
                where it was given up after crashes.
        """
        if refresh:
            await self._supervisor.revive()
        result = await self._supervisor.request(
            "models", {"refresh": refresh}, limit_s=LIST_LIMIT_S
        )
        self._catalog_reached = result["catalog_reached"]
        self._providers = tuple(result["providers"])
        self._catalog_saved_at = result["catalog_saved_at"]
        return models_from_rows(result["variants"])

    async def load(self, variant_id: str) -> LoadResult:
        """Bring a variant into memory; `resident_bytes` is what the host grew by."""
        result = await self._supervisor.request(
            "load", {"variant_id": variant_id}, limit_s=LOAD_LIMIT_S
        )
        return LoadResult(
            result["variant_id"],
            result["load_s"],
            result.get("resident_bytes"),
            result.get("already_loaded", False),
        )

    async def unload(self, variant_id: str) -> int | None:
        """Drop a variant from memory; returns what the host shrank by.

        Raises:
            RequestFailed: An answer is still being written with it.
        """
        result = await self._supervisor.request(
            "unload", {"variant_id": variant_id}, limit_s=UNLOAD_LIMIT_S
        )
        freed: int | None = result["freed_bytes"]
        return freed

    async def download(self, variant_id: str, on_progress: ProgressCallback) -> None:
        """Fetch a variant; a download that was cut short goes on where it stopped.

        Raises:
            Unsupported: It is not on disk, and the session is offline.
        """

        def take(event: Event) -> None:
            fraction = min(1.0, max(0.0, event.data["percent"] / 100))
            total = event.data["total_bytes"]
            done = None if total is None else int(total * fraction)
            on_progress(Progress(fraction, done, total))

        # No limit: a large model takes hours on a slow line. A stalled one can be cancelled.
        await self._supervisor.request(
            "download", {"variant_id": variant_id}, limit_s=None, on_event=take
        )

    async def cache(self) -> CacheInfo:
        """Tell what is on disk. The size of a local model counts its files, wherever they lie."""
        result = await self._supervisor.request("cache", limit_s=DISK_LIMIT_S)
        return CacheInfo(
            Path(result["location"]), entries_from_rows(result["entries"]), result["free_bytes"]
        )

    async def remove(self, variant_id: str) -> int:
        """Delete a variant, a partial download, or the links to an imported model.

        Raises:
            Unsupported: It ships with the program.
            RequestFailed: It is in memory.
        """
        result = await self._supervisor.request(
            "remove", {"variant_id": variant_id}, limit_s=DISK_LIMIT_S
        )
        freed: int = result["freed_bytes"]
        return freed

    async def import_model(self, folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        """Bring the user's directory into the cache; returns its variant id."""
        # The host has another working directory.
        place = os.path.abspath(os.path.expanduser(folder))  # noqa: ASYNC240 - no disk access
        result = await self._supervisor.request(
            "import",
            {"folder": place, "name": name, "way": options.way, "files": dict(options.files)},
            limit_s=IMPORT_LIMIT_S,
        )
        variant_id: str = result["variant_id"]
        return variant_id

    async def service(self, action: ServiceAction) -> str:
        """Raise `Unsupported`."""
        raise Unsupported(_UNAVAILABLE[Capability.SERVICE], "A crash is mended by itself.")

    async def move_cache(self, folder: Path) -> None:
        """Start a host that keeps its models in `folder`, then end the old one.

        Models in memory leave it. Whoever wants this to hold at the next start writes the setting
        `model_cache`.

        Raises:
            BackendUnavailable: The directory cannot be written; the old host goes on.
            NotFound: There is no such directory.
        """
        place = Path(os.path.abspath(os.path.expanduser(folder)))  # noqa: ASYNC240 - no disk access
        if not await asyncio.to_thread(place.is_dir):
            raise NotFound(f"There is no directory {place}.", "Make it first.")
        settings = replace(self._settings, cache_dir=place, early=None)
        supervisor = RuntimeSupervisor(settings, self._changed, self._take_event)
        try:
            await supervisor.start()
        except BaseException:
            await supervisor.close()
            raise
        old, self._supervisor, self._settings = self._supervisor, supervisor, settings
        await old.close()

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer over the host's web service."""
        client = await self._client_for_now()
        async with aclosing(client.chat(request)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """End the host; no process stays behind."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        await self._supervisor.close()

    # Inside

    async def _client_for_now(self) -> EndpointClient:
        facts = self._supervisor.facts
        if facts is None:
            # Waits while the host is being mended; says why where it was given up.
            await self._supervisor.request("ping", limit_s=LIST_LIMIT_S)
            facts = self._supervisor.facts
        if facts is None:
            raise BackendUnavailable("The runtime is not running.", "Refresh the catalog.")
        if self._client is None or self._client.base_url != facts.endpoint:
            client_class = await asyncio.to_thread(_client_class)
            old, self._client = self._client, client_class(facts.endpoint)
            if old is not None:
                await old.close()
        return self._client

    def _take_event(self, event: Event) -> None:
        if event.name == "catalog":
            count = event.data["new_variants"]
            plural = "" if count == 1 else "s"
            self._changed(f"The public catalog was renewed: {count} new variant{plural}.")

    def _changed(self, message: str) -> None:
        for callback in self._callbacks:
            callback(message)


def _client_class() -> type[EndpointClient]:
    """Import the HTTP client, which takes 0.1 s and more, off the event loop."""
    from tui.foundry.endpoint.client import EndpointClient

    return EndpointClient
