"""The last catalog that a backend listed, kept on disk: to browse when it lists none."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tui.atomic_file import write_atomically
from tui.catalog.snapshot import snapshot
from tui.foundry.errors import BackendUnavailable
from tui.foundry.on_disk.model_folder import read_json
from tui.foundry.text import clean_text
from tui.foundry.types import BackendKind, Device, Model, Variant

SCHEMA = 1
MOST_MODELS = 20_000
EMPTY = BackendUnavailable(
    "The backend lists no models now.",
    "The public catalog may be out of reach: check the network, or restart the service.",
)
"""Why the last one is shown though the backend answered."""
_NAME = re.compile(r"[^a-z0-9.]+")


@dataclass(frozen=True, slots=True)
class KeptCatalog:
    """A catalog as it was once. Nothing of it is in memory now."""

    models: tuple[Model, ...]
    saved_at: float | None
    """Seconds since the epoch; None for the snapshot that ships with the program."""


class LastGood:
    """Keeps one catalog for each backend. All calls block: make them off the event loop.

    Args:
        folder: Where the files go; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, kind: BackendKind, endpoint: str | None, models: Sequence[Model]) -> None:
        """Write down what a backend lists; a disk that cannot be written costs only the copy.

        Args:
            kind: Of the backend.
            endpoint: Its address, which tells one endpoint from another.
            models: What it lists. Of the snapshot nothing is kept, nor an empty list.
        """
        models = [model for model in models if not model.as_of]
        if not models:
            return
        value = {"schema": SCHEMA, "saved_at": time.time(), "models": [asdict(m) for m in models]}
        with contextlib.suppress(OSError):
            write_atomically(self._file(kind, endpoint), json.dumps(value, ensure_ascii=True))

    def find(self, kind: str, endpoint: str | None) -> KeptCatalog | None:
        """Return what a backend listed last; with `auto` as kind, what any did."""
        if kind != "auto":
            return _read(self._file(kind, endpoint))
        if endpoint:
            return _read(self._file("endpoint", endpoint))
        try:
            files = sorted(self._folder.glob("last-*.json"), key=lambda one: -one.stat().st_mtime)
        except OSError:
            return None
        return next((kept for file in files if (kept := _read(file)) is not None), None)

    def _file(self, kind: str, endpoint: str | None) -> Path:
        # The address tells endpoints apart; the others' changes with every start.
        place = _NAME.sub("-", (endpoint or "").casefold()).strip("-") if kind == "endpoint" else ""
        return self._folder / f"last-{kind}{f'-{place[:80]}' if place else ''}.json"


def shipped() -> KeptCatalog:
    """Return the snapshot, for a first start without a network and without a backend."""
    return KeptCatalog(snapshot(), None)


def _read(file: Path) -> KeptCatalog | None:
    value = read_json(file)
    if value is None or value.get("schema") != SCHEMA:
        return None
    rows, saved_at = value.get("models"), value.get("saved_at")
    if not isinstance(rows, list) or not isinstance(saved_at, int | float):
        return None
    models = []
    for row in rows[:MOST_MODELS]:
        with contextlib.suppress(TypeError, ValueError, KeyError, AttributeError):
            models.append(_model(row))
    return KeptCatalog(tuple(models), float(saved_at)) if models else None


def _model(row: Mapping[str, Any]) -> Model:
    """Return a model that was kept; raises for a row that somebody changed into none."""
    variants = tuple(_variant(one) for one in row["variants"])
    words = {
        key: clean_text(row[key], key == "description")
        for key in ("alias", "display_name", "publisher", "license", "task", "description")
    }
    flags = {key: _flag(row[key]) for key in ("supports_tools", "supports_reasoning")}
    return Model(
        variants=variants,
        context_tokens=_count(row["context_tokens"]),
        demo=row["demo"] is True,
        local=row["local"] is True,
        **words,  # type: ignore[arg-type]
        **flags,  # type: ignore[arg-type]
    )


def _variant(row: Mapping[str, Any]) -> Variant:
    return replace(
        Variant(
            clean_text(row["id"], False),
            clean_text(row["alias"], False),
            Device(row["device"]),
            clean_text(row["execution_provider"], False),
        ),
        size_bytes=_count(row["size_bytes"]),
        cached=row["cached"] is True,
    )


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
