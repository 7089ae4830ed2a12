"""Foundry Local's own routes beside `/v1`: three dialects behind one reader.

- `service`: 0.3 to 0.9, routes under `/openai` and `/foundry/list`; downloads by HTTP.
- `runtime`: the 0.10 daemon and the C++ runtime of SDK 2, routes `/status` and `/models`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx

from tui.foundry.backend import ProgressCallback
from tui.foundry.endpoint.address import Address, parse_address, verification
from tui.foundry.endpoint.wording import clean, failure, said
from tui.foundry.errors import (
    BackendUnavailable,
    DownloadFailed,
    FoundryError,
    LoadFailed,
    NotFound,
    RequestFailed,
    TimedOut,
)
from tui.foundry.text import clean_text
from tui.foundry.types import Progress

Dialect = Literal["service", "runtime"]

ASK_LIMIT_S = 10.0
CONNECT_LIMIT_S = 5.0
LOAD_LIMIT_S = 900.0
KEEP_LOADED_S = 24 * 3600
"""Asked of the old service, which otherwise drops a model after ten minutes without a request."""
DOWNLOAD_SILENCE_S = 600.0
BODY_LIMIT_BYTES = 32 * 1024 * 1024
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")
_FRACTION = re.compile(r'^\("(?P<file>[^"]*)", (?P<part>[01](?:\.\d+)?)\)')


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What the service says about itself."""

    dialect: Dialect
    cache_dir: Path | None
    pid: int | None


class FoundryService:
    """The management side of a Foundry Local service.

    Args:
        url: Its address.
        facts: What `recognise` found.
    """

    def __init__(self, url: str, facts: ServiceFacts) -> None:
        self._address = parse_address(url)
        self.facts = facts

    @property
    def dialect(self) -> Dialect:
        """Which routes it has."""
        return self.facts.dialect

    async def catalog(self) -> list[dict[str, Any]] | None:
        """Return the rows of `/foundry/list`; None where this dialect has none."""
        if self.dialect != "service":
            return None
        found = await self._json("/foundry/list")
        rows = found.get("models") if isinstance(found, dict) else found
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None

    async def cached(self) -> list[str] | None:
        """Return the ids on disk; None where this dialect does not tell."""
        if self.dialect != "service":
            return None
        return _names(await self._json("/openai/models"))

    async def loaded(self) -> list[str]:
        """Return the ids in memory."""
        route = "/openai/loadedmodels" if self.dialect == "service" else "/models/loaded"
        return _names(await self._json(route))

    async def load(self, variant_id: str) -> None:
        """Bring a cached variant into memory. Raises `NotFound`, `LoadFailed`, `TimedOut`."""
        name = quote(variant_id, safe="")
        path = (
            f"/openai/load/{name}?ttl={KEEP_LOADED_S}"
            if self.dialect == "service"
            else f"/models/load/{name}"
        )
        status, text = await self._get(path, limit_s=LOAD_LIMIT_S)
        if "No OpenAIService provider found" in text:
            raise LoadFailed(
                f"'{variant_id}' is not on disk.",
                f"Fetch it first: foundry-tui download {variant_id}",
            )
        if status >= 500 or status == 400:
            raise LoadFailed(
                f"'{variant_id}' could not be loaded: {_reason(text) or f'HTTP {status}'}",
                "Free some memory by unloading another model, or take a smaller variant.",
            )
        self._check(status, text, variant_id)

    async def unload(self, variant_id: str) -> None:
        """Drop a variant from memory. Raises `NotFound`, `RequestFailed`."""
        name = quote(variant_id, safe="")
        path = (
            f"/openai/unload/{name}?force=true"
            if self.dialect == "service"
            else f"/models/unload/{name}"
        )
        status, text = await self._get(path, limit_s=ASK_LIMIT_S * 3)
        self._check(status, text, variant_id)

    async def download(self, row: Mapping[str, Any], on_progress: ProgressCallback) -> None:
        """Fetch a variant through the service.

        Args:
            row: Its row in the catalog.
            on_progress: Told the fraction, and each line that says something else.

        Raises:
            DownloadFailed: With what the service says; also for a stream that ends without a word.
            TimedOut: Nothing came for `DOWNLOAD_SILENCE_S`.
        """
        kind = str(row.get("providerType") or "")
        body = {
            "model": {
                "Name": row.get("name"),
                "Uri": row.get("uri"),
                "Publisher": row.get("publisher"),
                "ProviderType": f"{kind}Local" if kind == "AzureFoundry" else kind,
                "PromptTemplate": row.get("promptTemplate"),
            },
            "token": None,
            "IgnorePipeReport": True,
        }
        document: list[str] = []
        limits = httpx.Timeout(ASK_LIMIT_S, read=DOWNLOAD_SILENCE_S)
        try:
            async with (
                _client(self._address, limits) as http,
                http.stream("POST", f"{self._address.base}/openai/download", json=body) as answer,
            ):
                if answer.status_code != 200:
                    text = (await answer.aread()).decode("utf-8", "replace")
                    self._check(answer.status_code, text, str(row.get("name")))
                async for line in answer.aiter_lines():
                    if document or "{" in line:  # the last document may be spread over lines
                        document.append(line)
                    elif line.strip():
                        on_progress(read_progress(line))
        except httpx.HTTPError as error:
            raise self._unreachable(error, DOWNLOAD_SILENCE_S) from None
        _check_end("\n".join(document))

    # Requests

    async def _json(self, path: str) -> Any:
        status, text = await self._get(path, limit_s=ASK_LIMIT_S)
        self._check(status, text)
        try:
            return json.loads(text)
        except ValueError:
            raise RequestFailed(
                f"The service's answer to {path} is no JSON.",
                "It may be starting: try again, or restart the service.",
            ) from None

    async def _get(self, path: str, *, limit_s: float) -> tuple[int, str]:
        try:
            return await _read(self._address, path, limit_s)
        except httpx.HTTPError as error:
            raise self._unreachable(error, limit_s) from None

    def _check(self, status: int, text: str, model: str = "") -> None:
        if status == 200:
            return
        if status == 404 and model:
            raise NotFound(
                f"The service knows no model '{clean(model)}'.",
                "List what there is with: foundry-tui models",
            )
        raise failure(status, text, model=model, url=self._address.base)

    def _unreachable(self, error: httpx.HTTPError, limit_s: float) -> FoundryError:
        if isinstance(error, httpx.ReadTimeout):
            return TimedOut(
                f"The service at {self._address.base} did not answer within {limit_s:g} s.",
                "It may be busy or hang: restart it.",
            )
        return BackendUnavailable(
            f"The service at {self._address.base} does not answer.",
            "It may have been stopped or have moved to another port.",
        )


async def recognise(url: str, *, limit_s: float = 2.0) -> FoundryService | None:
    """Return the management side of a Foundry Local service; None for any other server.

    A status alone proves nothing (LM Studio answers 200 to every path): the body decides.
    """
    address = parse_address(url)
    routes: tuple[tuple[Dialect, str], ...] = (
        ("service", "/openai/status"),
        ("runtime", "/status"),
    )
    for dialect, path in routes:
        try:
            status, text = await _read(address, path, limit_s)
            found = json.loads(text) if status == 200 else None
        except (httpx.HTTPError, ValueError):
            continue
        if isinstance(found, dict) and (facts := read_facts(found, dialect)) is not None:
            return FoundryService(address.base, facts)
    return None


def read_facts(found: Mapping[str, Any], dialect: Dialect) -> ServiceFacts | None:
    """Read the body of a status route; None where it is none of Foundry Local's."""
    folded = {str(key).lower(): value for key, value in found.items()}
    path = folded.get("modeldirpath") or folded.get("modelcachepath")
    if not isinstance(folded.get("endpoints"), list) and not isinstance(path, str):
        return None
    pid = folded.get("pid")
    return ServiceFacts(
        dialect,
        Path(path) if isinstance(path, str) and path else None,
        pid if isinstance(pid, int) and not isinstance(pid, bool) else None,
    )


def read_progress(line: str) -> Progress:
    """Read one line of a download: `("file", 0.01)`, `Total 0.043% Downloading ...`, or words."""
    text = clean_text(line, keep_newlines=False)
    if match := _FRACTION.match(text):
        return Progress(min(1.0, float(match["part"])), line=text)
    if match := _PERCENT.search(text):
        return Progress(min(1.0, float(match[1]) / 100), line=text)
    return Progress(line=text)


def _check_end(tail: str) -> None:
    """Raise unless the document at the end of a download says that it worked."""
    try:
        found = json.loads(tail[tail.index("{") : tail.rindex("}") + 1])
    except ValueError:
        raise DownloadFailed(
            "The service ended the download without saying whether it worked.",
            "Try again; it goes on where it stopped.",
        ) from None
    folded = {str(key).lower(): value for key, value in found.items()}
    if folded.get("success") is not True:
        raise DownloadFailed(
            f"The download failed: {clean(said(folded.get('errormessage') or '')) or 'no reason'}",
            "Check network and disk, and try again.",
        )


def _reason(text: str) -> str:
    try:
        return clean(said(json.loads(text)))
    except ValueError:
        return clean(text)


def _names(found: object) -> list[str]:
    if isinstance(found, dict):
        found = found.get("data") or found.get("models") or []
    items = found if isinstance(found, list) else []
    names = [item.get("id") if isinstance(item, dict) else item for item in items]
    return [name for name in names if isinstance(name, str) and clean(name) == name and name]


def _client(address: Address, timeout: httpx.Timeout) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=timeout,
        verify=verification(address),
        trust_env=not address.loopback,  # no proxy between us and this machine
        headers={"Accept-Encoding": "identity"},
    )


async def _read(address: Address, path: str, limit_s: float) -> tuple[int, str]:
    """Return status and body; raises `httpx.ReadTimeout` after `limit_s` in all."""
    body = bytearray()
    connect_s = min(CONNECT_LIMIT_S, limit_s)
    try:
        async with (
            asyncio.timeout(limit_s),
            _client(address, httpx.Timeout(limit_s, connect=connect_s)) as http,
            http.stream("GET", f"{address.base}{path}") as answer,
        ):
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > BODY_LIMIT_BYTES:
                    break
    except TimeoutError as error:
        raise httpx.ReadTimeout("too late") from error
    return answer.status_code, bytes(body[:BODY_LIMIT_BYTES]).decode("utf-8", "replace")
