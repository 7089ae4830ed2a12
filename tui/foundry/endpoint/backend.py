"""`EndpointBackend`: any OpenAI-compatible server as a source of models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from tui.foundry.backend import ProgressCallback
from tui.foundry.endpoint.client import EndpointClient
from tui.foundry.endpoint.wording import KeyRefused, NoModelList, clean
from tui.foundry.errors import RequestFailed, Unsupported
from tui.foundry.ids import same_variant
from tui.foundry.types import (
    BackendInfo,
    CacheInfo,
    Capability,
    ChatEvent,
    ChatRequest,
    LoadResult,
    Model,
    Variant,
)

_CONTEXT_KEYS = ("max_model_len", "context_length", "max_context_length", "maxInputTokens")
_UNAVAILABLE = {
    Capability.LOAD: "The server at {url} loads and unloads its models itself.",
    Capability.DOWNLOAD: "The server at {url} cannot be told to download models; use its own tool.",
    Capability.CACHE: "The server at {url} does not tell what is on its disk.",
    Capability.REMOVE: "The server at {url} cannot be told to delete models; use its own tool.",
    Capability.IMPORT: "The server at {url} cannot be given models; put them where it looks.",
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
        base = self._client.base_url
        self._info = BackendInfo(
            kind="endpoint",
            version="",
            reason=reason,
            endpoint=base,
            unavailable={what: why.format(url=base) for what, why in _UNAVAILABLE.items()},
        )

    @property
    def info(self) -> BackendInfo:
        """Address, reason, and what is not available."""
        return self._info

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Accept a callback; a bare server never tells when it changes."""

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        """List what the server offers, one model per row, and the typed one.

        With a typed name, a server that cannot list is no error: chat may work all the same.
        """
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
        """Raise `Unsupported`."""
        self._refuse(Capability.LOAD)

    async def unload(self, variant_id: str) -> int | None:
        """Raise `Unsupported`."""
        self._refuse(Capability.LOAD)

    async def download(self, variant_id: str, on_progress: ProgressCallback) -> None:
        """Raise `Unsupported`."""
        self._refuse(Capability.DOWNLOAD)

    async def cache(self) -> CacheInfo:
        """Raise `Unsupported`."""
        self._refuse(Capability.CACHE)

    async def remove(self, variant_id: str) -> int:
        """Raise `Unsupported`."""
        self._refuse(Capability.REMOVE)

    async def import_model(self, folder: Path, name: str) -> str:
        """Raise `Unsupported`."""
        self._refuse(Capability.IMPORT)

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Stream one answer; see `EndpointClient.chat`."""
        return self._client.chat(request)

    async def close(self) -> None:
        """Close open connections."""
        await self._client.close()

    def _refuse(self, capability: Capability) -> NoReturn:
        raise Unsupported(
            self._info.unavailable[capability],
            "The embedded runtime can: pip install 'foundry-tui[runtime]', then --backend runtime.",
        )


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
