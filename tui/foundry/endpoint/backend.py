"""`EndpointBackend`: any OpenAI-compatible server as a source of models."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tui.foundry.backend import ProgressCallback
from tui.foundry.endpoint.client import EndpointClient
from tui.foundry.endpoint.wording import KeyRefused, clean
from tui.foundry.errors import NoModelList, NotFound, RequestFailed, Unsupported
from tui.foundry.ids import provider_of, same_variant
from tui.foundry.listing import Listed
from tui.foundry.merge import listed, models_of, rows_of_service
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
    ServiceAction,
    Variant,
)

if TYPE_CHECKING:
    from tui.foundry.endpoint.management import FoundryService

_CONTEXT_KEYS = ("max_model_len", "context_length", "max_context_length", "maxInputTokens")
_UNAVAILABLE = {
    Capability.LOAD: "The server at {url} loads and unloads its models itself.",
    Capability.DOWNLOAD: "The server at {url} cannot be told to download models; use its own tool.",
    Capability.CACHE: "The server at {url} does not tell what is on its disk.",
    Capability.REMOVE: "The server at {url} cannot be told to delete models; use its own tool.",
    Capability.IMPORT: "The server at {url} cannot be given models; put them where it looks.",
    Capability.SERVICE: "The server at {url} is started and stopped by whoever runs it.",
    Capability.MOVE_CACHE: "The server at {url} keeps its models where it was told to.",
}


class EndpointBackend:
    """Lists and chats with what a server offers; the rest is `Unsupported`, with the reason.

    Args:
        url: Address of the server.
        api_key: Bearer token, if the server wants one.
        reason: Why this backend was chosen, for the header.
        model: A model name to offer even if the server does not list it.

    Raises:
        BackendUnavailable: `url` is no address.
        RequestFailed: `api_key` holds characters that cannot be sent.
    """

    def __init__(
        self, url: str, api_key: str | None, reason: str, model: str | None = None
    ) -> None:
        self._client = EndpointClient(url, api_key)
        self._typed = model
        self._reason = reason
        self._management: FoundryService | None = None
        self._catalog: dict[str, Mapping[str, Any]] = {}

    async def start(self) -> None:
        """Find out whether the server is Foundry Local's, which can do more than others."""
        from tui.foundry.endpoint.management import recognise

        self._management = await recognise(self._client.base_url)

    @property
    def info(self) -> BackendInfo:
        """Address, reason, and what is not available."""
        base = self._client.base_url
        able: set[Capability] = set()
        if self._management is not None:
            able = {Capability.LOAD}
            if self._management.dialect == "service":
                able.add(Capability.DOWNLOAD)
        return BackendInfo(
            kind="endpoint",
            version="",
            reason=self._reason,
            endpoint=base,
            unavailable={
                what: why.format(url=base) for what, why in _UNAVAILABLE.items() if what not in able
            },
        )

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Accept a callback; a bare server never tells when it changes."""

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        """List what the server offers, one model per row, and the typed one.

        With a typed name, a server that cannot list is no error: chat may work all the same.
        A Foundry Local service lists its catalog, with what is on disk and in memory.
        """
        if self._management is not None and (found := await self._foundry_models(self._management)):
            return found
        try:
            rows = await self._client.models()
        except (NoModelList, RequestFailed) as error:
            if self._typed is None or isinstance(error, KeyRefused):
                raise
            rows = []
        ids = [str(row["id"]) for row in rows]
        if self._typed and not any(same_variant(self._typed, known) for known in ids):
            rows.insert(0, {"id": self._typed})
        unique = {str(row["id"]): row for row in rows}
        return tuple(_model(row) for row in unique.values())

    async def load(self, variant_id: str) -> LoadResult:
        """Let a Foundry Local service load; raise `Unsupported` for any other server."""
        if self._management is None:
            self._refuse(Capability.LOAD)
        if any(same_variant(one, variant_id) for one in await self._management.loaded()):
            return LoadResult(variant_id, 0.0, None, already_loaded=True)
        started_s = time.perf_counter()
        await self._management.load(variant_id)
        return LoadResult(variant_id, time.perf_counter() - started_s, None)

    async def unload(self, variant_id: str) -> int | None:
        """Let a Foundry Local service unload; raise `Unsupported` for any other server."""
        if self._management is None:
            self._refuse(Capability.LOAD)
        await self._management.unload(variant_id)
        return None

    async def download(self, variant_id: str, on_progress: ProgressCallback) -> None:
        """Let a Foundry Local service up to 0.9 download; raise `Unsupported` elsewhere."""
        if self._management is None or not self.info.supports(Capability.DOWNLOAD):
            self._refuse(Capability.DOWNLOAD)
        row = next(
            (row for name, row in self._catalog.items() if same_variant(name, variant_id)), None
        )
        if row is None:
            raise NotFound(
                f"The catalog of the service has no '{variant_id}'.",
                "List what there is with: foundry-tui models",
            )
        await self._management.download(row, on_progress)

    async def cache(self) -> CacheInfo:
        """Raise `Unsupported`."""
        self._refuse(Capability.CACHE)

    async def remove(self, variant_id: str) -> int:
        """Raise `Unsupported`."""
        self._refuse(Capability.REMOVE)

    async def import_model(self, folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        """Raise `Unsupported`."""
        self._refuse(Capability.IMPORT)

    async def service(self, action: ServiceAction) -> str:
        """Raise `Unsupported`."""
        self._refuse(Capability.SERVICE)

    async def move_cache(self, folder: Path) -> None:
        """Raise `Unsupported`."""
        self._refuse(Capability.MOVE_CACHE)

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer; see `EndpointClient.chat`."""
        return self._client.chat(request)

    async def close(self) -> None:
        """Close open connections."""
        await self._client.close()

    async def _foundry_models(self, management: FoundryService) -> tuple[Model, ...]:
        loaded = listed(await management.loaded())
        if (rows := await management.catalog()) is not None:
            self._catalog = {str(row.get("name") or row.get("id")): row for row in rows}
            cached = listed(await management.cached() or ())
            return models_of(rows_of_service(rows), cached=cached, loaded=loaded)
        served = [
            Listed(
                id=str(row["id"]),
                alias=str(row.get("parent") or ""),
                execution_provider=provider_of(str(row["id"])),
                device=_device_of(str(row["id"])),
                # Of the daemon: what is on disk. Of the runtime: all of the catalog.
                cached="parent" in row,
            )
            for row in await self._client.models()
        ]
        return models_of((one.as_row() for one in served), loaded=loaded)

    def _refuse(self, capability: Capability) -> NoReturn:
        raise Unsupported(
            self.info.unavailable[capability],
            "The embedded runtime can: pip install 'foundry-tui[runtime]', then --backend runtime.",
        )


def _device_of(variant_id: str) -> str:
    match = re.search(r"-(cpu|gpu|npu)\b", variant_id, re.IGNORECASE)
    return match[1].upper() if match else ""


def _model(row: Mapping[str, Any]) -> Model:
    name = str(row["id"])
    status = row.get("status")
    state = status.get("value") if isinstance(status, Mapping) else None
    meta = row.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    context = [row.get(key) for key in _CONTEXT_KEYS] + [meta.get("n_ctx")]
    variant = Variant(
        id=name,
        alias=name,
        size_bytes=_positive(meta.get("size")),
        cached=True,
        loaded=state is None or state == "loaded",
    )
    publisher = row.get("owned_by")
    return Model(
        alias=name,
        variants=(variant,),
        publisher=clean(publisher, limit=60) if isinstance(publisher, str) else "",
        context_tokens=next(filter(None, map(_positive, context)), None),
    )


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
