"""The public catalog over the network, and what it said last, on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.foundry.on_disk.model_folder import read_json

CLUSTER_HEADER = "azureml-served-by-cluster"
"""Response header from which the runtime takes the region that it downloads from."""
FETCH_LIMIT_S = 10.0
PAGES_LIMIT = 40
PAGE_LIMIT_BYTES = 32 * 1024 * 1024
MOST_KEPT = 500
FAILURE_MEMORY_S = 3600.0
_SENT_ON = ("user-agent", "x-ms-use-full-service-contracts")


@dataclass(frozen=True, slots=True)
class CatalogAnswer:
    """All pages of the answer to one question."""

    entities: tuple[dict[str, Any], ...] = ()
    cluster: str = ""


class CatalogStore:
    """Answers of the catalog on disk, one file for each question.

    Args:
        folder: Where the files go; made when the first answer is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, body: bytes) -> CatalogAnswer | None:
        """Return the last answer to a question; None when there is none."""
        stored = read_json(self._file(body))
        if stored is None or not isinstance(stored.get("entities"), list):
            return None
        return CatalogAnswer(tuple(_objects(stored["entities"])), str(stored.get("cluster", "")))

    def save(self, body: bytes, answer: CatalogAnswer) -> None:
        """Keep an answer; a disk that cannot be written costs no more than the copy."""
        file = self._file(body)
        value = {"entities": answer.entities, "cluster": answer.cluster}
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = file.with_suffix(f".{os.getpid()}.tmp")
            beside.write_text(json.dumps(value), encoding="utf-8")
            beside.replace(file)

    def saved_at(self) -> float | None:
        """Return when the newest answer was kept, in seconds since the epoch; None for none."""
        with contextlib.suppress(OSError):
            times = [
                file.stat().st_mtime
                for file in self._folder.glob("*.json")
                if len(file.stem) == hashlib.sha256().digest_size * 2
            ]
            return max(times, default=None)
        return None

    def kept(self) -> dict[str, dict[str, Any]]:
        """Return the entities of what was downloaded, by id."""
        stored = (read_json(self._kept_file) or {}).get("entities")
        return {entity_id(one): one for one in _objects(stored if isinstance(stored, list) else [])}

    def keep(self, entities: Iterable[dict[str, Any]]) -> None:
        """Remember the entities of what is on disk: the catalog lists the newest versions alone."""
        kept = self.kept()
        new = {name: one for one in entities if (name := entity_id(one)) and name not in kept}
        if not new:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = self._kept_file.with_suffix(f".{os.getpid()}.tmp")
            values = list((kept | new).values())[-MOST_KEPT:]
            beside.write_text(json.dumps({"entities": values}), encoding="utf-8")
            beside.replace(self._kept_file)

    @property
    def _kept_file(self) -> Path:
        return self._folder / "on-disk.json"

    def note_reached(self, reached: bool) -> None:
        """Remember whether the catalog could be reached."""
        with contextlib.suppress(OSError):
            if reached:
                self._failure.unlink(missing_ok=True)
            else:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._failure.touch()

    def failed_lately(self) -> bool:
        """Tell whether the catalog was out of reach within the last hour."""
        with contextlib.suppress(OSError):
            return 0 <= time.time() - self._failure.stat().st_mtime < FAILURE_MEMORY_S
        return False

    @property
    def _failure(self) -> Path:
        return self._folder / "unreachable"

    def _file(self, body: bytes) -> Path:
        return self._folder / f"{hashlib.sha256(body).hexdigest()}.json"


def fetch(url: str, body: bytes, headers: dict[str, str]) -> CatalogAnswer:
    """Ask the catalog and follow its pages. Blocks.

    All pages are gathered, so that a stored answer never ends in a page that is not stored.

    Args:
        url: Address of the catalog.
        body: The runtime's question, JSON.
        headers: Those of the runtime's request, names in lower case.

    Raises:
        OSError: Out of reach (`urllib.error.URLError` is one).
        ValueError: What it says is no answer.
    """
    question = json.loads(body)
    sent = {name: headers[name] for name in _SENT_ON if name in headers}
    entities: list[dict[str, Any]] = []
    cluster = ""
    for _ in range(PAGES_LIMIT):
        request = urllib.request.Request(
            url,
            data=json.dumps(question, separators=(",", ":")).encode(),
            headers={**sent, "Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=FETCH_LIMIT_S) as response:
            cluster = cluster or response.headers.get(CLUSTER_HEADER, "")
            page = json.loads(response.read(PAGE_LIMIT_BYTES))
        if not isinstance(page, dict):
            raise ValueError("the catalog's answer is no object")
        rows = page.get("value", page.get("summaries"))
        if not isinstance(rows, list):
            raise ValueError("the catalog's answer holds no list")
        entities += _objects(rows)
        token = page.get("continuationToken")
        if not rows or not isinstance(token, str) or not token:
            break
        question["continuationToken"] = token
    return CatalogAnswer(tuple(entities), cluster if cluster.isprintable() else "")


def entity_id(entity: dict[str, Any]) -> str:
    """Return `name:version` of a catalog entity; '' where it has none."""
    properties = entity.get("properties")
    if not isinstance(properties, dict):
        return ""
    name, version = properties.get("name"), properties.get("version", properties.get("id"))
    return f"{name}:{version}" if isinstance(name, str) and version is not None else ""


def _objects(rows: list[Any]) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)]
