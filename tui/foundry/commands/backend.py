"""`FoundryBackend`: the `foundry` command line and its service as a source of models."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from tui.foundry.backend import ProgressCallback
from tui.foundry.commands.cache_folder import CacheFolder
from tui.foundry.commands.footprint import growth, resident_bytes
from tui.foundry.commands.inventory import Inventory
from tui.foundry.commands.link import Connection, ServiceLink
from tui.foundry.commands.printed import lines_of
from tui.foundry.commands.probe import Identity
from tui.foundry.commands.process import CommandLine, Output, checked_name
from tui.foundry.commands.teller import Teller
from tui.foundry.errors import (
    BackendUnavailable,
    DownloadFailed,
    FoundryError,
    LoadFailed,
    NotFound,
    RequestFailed,
    TimedOut,
)
from tui.foundry.ids import same_variant, split_version
from tui.foundry.merge import models_of
from tui.foundry.types import (
    AS_LINKS,
    BackendInfo,
    CacheInfo,
    ChatEvent,
    ChatRequest,
    ChatStarted,
    ImportOptions,
    LoadResult,
    Model,
    Progress,
    ServiceAction,
    Variant,
)

OPEN_WAIT_S = 20.0
INFO_LIMIT_S = 60.0
LOAD_LIMIT_S = 900.0
CHANGE_LIMIT_S = 120.0
SILENCE_S = 900.0
"""A download tells how far it is all the time; a load of a large model says nothing for long."""
POLL_LOADED_S = 2.0
SPELLING_LIMIT_S = 3.0
"""Without a network the daemon's list of models is slow or fails, though it answers."""
SPARE_BYTES = 256 * 1024 * 1024
"""Left free on the disk beside a download."""
DEFAULT_MAX_TOKENS = 2048
"""Sent to the service generation, which cuts answers at 512 tokens and calls it a stop."""


class FoundryBackend:
    """Implements `Backend` with Foundry Local's own command; call `start` first.

    Args:
        command: The binary.
        identity: Its version and generation, as `identify` found them.
        reason: Why this backend was chosen, for the user.
        sizes_file: Where the sizes of model directories are kept; None keeps none.
    """

    def __init__(
        self, command: CommandLine, identity: Identity, reason: str, sizes_file: Path | None = None
    ) -> None:
        self._command = command
        self._identity = identity
        self._grammar = identity.grammar
        self._reason = reason
        self._sizes_file = sizes_file
        self._callbacks: list[Callable[[str], None]] = []
        self._link = ServiceLink(command, identity.grammar, self._changed)
        self._inventory = Inventory(command, identity.grammar, self._link)
        self._location: Path | None = None
        self._models: tuple[Model, ...] = ()
        self._spellings: dict[tuple[str, str], str] = {}

    @property
    def info(self) -> BackendInfo:
        """Version and generation; endpoint and pid are None while the service does not run."""
        connection = self._link.connection
        return BackendInfo(
            kind="foundry",
            version=self._identity.version,
            generation=self._grammar.generation,
            reason=self._reason,
            endpoint=connection.url if connection else None,
            pid=connection.pid if connection else None,
            providers=self._link.status.providers,
        )

    async def start(self, *, launch: bool = True) -> None:
        """Find the service, or start it; one that takes long goes on starting behind.

        Args:
            launch: Start it where it does not run.
        """
        with contextlib.suppress(TimedOut):
            await self._link.open(OPEN_WAIT_S if launch else None)

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Register `callback(message)`: the service stopped, started, or moved to another port."""
        self._callbacks.append(callback)

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        """List the catalog; what the service cannot tell, the command is asked.

        Lines that could not be read are entries of their own, with the task `not understood`.
        """
        connection = self._link.connection
        rows, lost = await self._inventory.catalog(connection)
        cached, loaded = await asyncio.gather(
            self._inventory.cached(connection), self._inventory.loaded(connection)
        )
        self._models = models_of(rows, cached=cached, loaded=loaded, not_understood=lost)
        return self._models

    async def load(self, variant_id: str) -> LoadResult:
        """Bring a cached variant into memory; a service that was stopped is started."""
        name = checked_name(variant_id)
        connection = await self._link.connected()
        if any(same_variant(one.id, name) for one in await self._inventory.loaded(connection)):
            return LoadResult(name, 0.0, None, already_loaded=True)
        before = resident_bytes(connection.pid)
        started_s = time.perf_counter()
        if connection.management is not None:
            await _by_either_name(connection.management.load, name)
        else:
            await self._load_by_command(name)
        load_s = time.perf_counter() - started_s
        return LoadResult(name, load_s, growth(before, resident_bytes(connection.pid)))

    async def run(self, variant_id: str, on_progress: ProgressCallback) -> LoadResult:
        """Download if needed and load, by `model run --verbose` where that needs no terminal."""
        name = checked_name(variant_id)
        arguments = self._grammar.run(name)
        variant = self._find(name)
        if arguments is None:
            if not (variant and (variant.cached or variant.loaded)):
                await self.download(name, on_progress)
            on_progress(Progress(message="loading"))
            return await self.load(name)
        connection = await self._link.connected()
        if any(same_variant(one.id, name) for one in await self._inventory.loaded(connection)):
            return LoadResult(name, 0.0, None, already_loaded=True)
        if variant is not None and not variant.cached:
            await self._check_disk(variant)
        before = resident_bytes(connection.pid)
        told = Teller(on_progress, variant)
        try:
            printed = await self._command.run(
                arguments, silence_s=SILENCE_S, on_line=told.take, until=told.ready
            )
        except BackendUnavailable as error:
            raise LoadFailed(error.message, error.hint) from error
        if not told.loaded:
            raise self._failed(LoadFailed, f"'{name}' could not be run", printed)
        grown = growth(before, resident_bytes(connection.pid))
        return LoadResult(name, told.load_s or 0.0, grown)

    async def unload(self, variant_id: str) -> int | None:
        """Drop a variant from memory; returns what the service shrank by, where that is told."""
        name = checked_name(variant_id)
        connection = await self._link.connected()
        before = resident_bytes(connection.pid)
        if connection.management is not None:
            await _by_either_name(connection.management.unload, name)
        else:
            printed = await self._command.run(self._grammar.unload(name), limit_s=CHANGE_LIMIT_S)
            if self._grammar.read_done(printed.data).success is False:
                raise self._failed(RequestFailed, f"'{name}' could not be unloaded", printed)
        after = resident_bytes(connection.pid)
        return None if before is None or after is None else max(0, before - after)

    async def download(self, variant_id: str, on_progress: ProgressCallback) -> None:
        """Fetch a variant by the command; ends with the command's children when cancelled.

        Raises:
            DownloadFailed: With what the command said; also where the disk is too small.
        """
        name = checked_name(variant_id)
        variant = self._find(name)
        if variant is not None:
            await self._check_disk(variant)
        told = Teller(on_progress, variant)
        printed = await self._command.run(
            self._grammar.download(name), silence_s=SILENCE_S, on_line=told.take
        )
        done = self._grammar.read_done(printed.data)
        if done.success is False or printed.exit_code:
            raise self._failed(DownloadFailed, f"'{name}' could not be downloaded", printed)
        if not done.success and not told.present:
            cached = await self._inventory.cached(self._link.connection)
            if cached is not None and not any(same_variant(one.id, name) for one in cached):
                raise self._failed(DownloadFailed, f"'{name}' did not arrive on disk", printed)

    async def cache(self) -> CacheInfo:
        """Tell what is on disk: what the tool lists, and what only the directory shows."""
        models = self._models or await self.models()
        variants = [variant for model in models for variant in model.variants]
        # The marks may be older than the last download or delete.
        if (cached := await self._inventory.cached(self._link.connection)) is not None:
            ids = [entry.id for entry in cached]
            variants = [
                replace(one, cached=any(same_variant(one.id, listed) for listed in ids))
                for one in variants
            ]
        folder = await self._cache_folder()
        return await asyncio.to_thread(folder.info, variants)

    async def remove(self, variant_id: str) -> int:
        """Delete a variant, or what a download left, from disk; returns the bytes freed.

        Raises:
            RequestFailed: It is in memory, or stayed on disk.
        """
        name = checked_name(variant_id)
        folder = await self._cache_folder()
        freed = await asyncio.to_thread(folder.remove_own, name)
        if freed is not None:
            return freed
        connection = self._link.connection
        if any(same_variant(one.id, name) for one in await self._inventory.loaded(connection)):
            raise RequestFailed(f"'{name}' is in memory.", "Unload it first.")
        size = await asyncio.to_thread(folder.size_of, name)
        printed = await self._command.run(self._grammar.cache_remove(name), limit_s=CHANGE_LIMIT_S)
        done = self._grammar.read_done(printed.data)
        if done.success is False or (printed.exit_code and not done.success):
            raise self._failed(RequestFailed, f"'{name}' could not be deleted", printed)
        left = await self._inventory.cached(connection)
        if left is not None and any(same_variant(one.id, name) for one in left):
            raise self._failed(RequestFailed, f"'{name}' is still on disk", printed)
        variant = self._find(name)
        return size or (variant.size_bytes if variant else None) or 0

    async def import_model(self, folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        """Bring the user's directory into the cache, where the tool finds it; returns its id."""
        cache = await self._cache_folder()
        variants = (variant for model in self._models for variant in model.variants)
        taken = {name for one in variants for name in (one.alias, split_version(one.id)[0])}
        return await asyncio.to_thread(cache.add, folder, name, taken, options)

    async def service(self, action: ServiceAction) -> str:
        """Start, stop or restart the service, or show its status or log."""
        return await self._link.act(action)

    async def move_cache(self, folder: Path) -> None:
        """Keep the models in `folder` from now on, by `cache cd`; the service restarts."""
        place = Path(os.path.abspath(os.path.expanduser(folder)))  # noqa: ASYNC240 - no disk access
        if not await asyncio.to_thread(place.is_dir):
            raise NotFound(f"There is no directory {place}.", "Make it first.")
        printed = await self._command.run(
            self._grammar.cache_move(place),
            limit_s=CHANGE_LIMIT_S,
            until=lambda line: "Service is Started" in line,
        )
        self._location = None
        if self._grammar.read_done(printed.data).success is False:
            raise self._failed(RequestFailed, "The cache could not be moved", printed)
        await self._link.look_again()
        now = (await self._cache_folder()).location
        if now != place:
            raise self._failed(RequestFailed, f"The cache is still at {now}", printed)

    async def describe(self, variant_id: str) -> str:
        """Return what the command prints about one model."""
        printed = await self._command.run(
            self._grammar.info(checked_name(variant_id)), limit_s=INFO_LIMIT_S
        )
        return "\n".join(lines_of(printed.data)).strip()

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer; a service that moved before it began is followed."""
        if request.max_tokens is None and self._grammar.generation == "service":
            request = replace(request, max_tokens=DEFAULT_MAX_TOKENS)
        connection = await self._link.connected()
        request = replace(request, variant_id=await self._served_name(connection, request))
        begun = False
        try:
            async with aclosing(connection.client.chat(request)) as events:
                async for event in events:
                    begun = begun or isinstance(event, ChatStarted)
                    yield event
            return
        except BackendUnavailable:
            if begun or not await self._link.look_again():
                raise
        connection = await self._link.connected()
        async with aclosing(connection.client.chat(request)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Let go of the service, which stays as it is; it is not ours to end."""
        await self._link.close()

    # Inside

    async def _load_by_command(self, name: str) -> None:
        """Load by the command, which may go on after the model is in memory: that is looked at."""
        loading = asyncio.create_task(
            self._command.run(self._grammar.load(name), limit_s=LOAD_LIMIT_S)
        )
        try:
            while not loading.done():
                await asyncio.wait((loading,), timeout=POLL_LOADED_S)
                loaded = await self._inventory.loaded(self._link.connection)
                if any(same_variant(one.id, name) for one in loaded):
                    return
            printed = loading.result()
            if not self._grammar.read_done(printed.data).success:
                raise self._failed(LoadFailed, f"'{name}' could not be loaded", printed)
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)

    async def _served_name(self, connection: Connection, request: ChatRequest) -> str:
        """Return how the service spells a model: with or without version, in its letter case."""
        asked = (connection.url, request.variant_id)
        if asked not in self._spellings:
            spelling = request.variant_id
            with contextlib.suppress(FoundryError):
                for row in await connection.client.models(limit_s=SPELLING_LIMIT_S):
                    if same_variant(str(row["id"]), spelling):
                        spelling = str(row["id"])
            self._spellings[asked] = spelling
        return self._spellings[asked]

    async def _cache_folder(self) -> CacheFolder:
        if self._location is None:
            printed = await self._command.run(self._grammar.cache_location(), limit_s=INFO_LIMIT_S)
            path = self._grammar.read_cache_location(printed.data)
            if not path:
                raise self._failed(
                    RequestFailed, "foundry does not tell where its cache is", printed
                )
            self._location = Path(path)
        return CacheFolder(self._location, self._sizes_file)

    async def _check_disk(self, variant: Variant) -> None:
        if variant.size_bytes is None or variant.cached:
            return
        folder = await self._cache_folder()
        free = await asyncio.to_thread(folder.free_bytes)
        if free is not None and free < variant.size_bytes + SPARE_BYTES:
            need, have = variant.size_bytes / 1e9, free / 1e9
            raise DownloadFailed(
                f"'{variant.id}' needs {need:.1f} GB on disk; {have:.1f} GB are free at "
                f"{folder.location}.",
                "Delete models that you no longer need, or move the cache to another disk.",
            )

    def _find(self, name: str) -> Variant | None:
        variants = (variant for model in self._models for variant in model.variants)
        return next((one for one in variants if same_variant(one.id, name)), None)

    def _failed(self, kind: type[FoundryError], what: str, printed: Output) -> FoundryError:
        said = self._grammar.read_done(printed.data).message
        code = f" (exit code {printed.exit_code})" if printed.exit_code else ""
        return kind(
            f"{what}: {said or 'foundry gives no reason'}{code}.".replace("..", "."),
            "The log of this job, and `foundry-tui service logs`, may tell more.",
        )

    def _changed(self, message: str) -> None:
        for callback in self._callbacks:
            callback(message)


async def _by_either_name(ask: Callable[[str], Awaitable[None]], name: str) -> None:
    """Ask for a model; places differ in whether a version belongs to its name."""
    bare = split_version(name)[0]
    try:
        await ask(name)
    except NotFound:
        if bare == name:
            raise
        await ask(bare)
