"""From rows, one for each variant, to the models that the rest of the program knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from tui.foundry.text import clean_text
from tui.foundry.types import CacheEntry, Device, Model, Variant

TASKS = {
    "chat-completion": "chat",
    "chat-completions": "chat",
    "text-generation": "chat",
    "embeddings": "embeddings",
    "feature-extraction": "embeddings",
    "automatic-speech-recognition": "speech",
    "speech-to-text": "speech",
    "audio-transcription": "speech",
    "image-text-to-text": "vision",
}
"""The registry's word for each task of the catalog; others are taken over."""
_DESCRIPTION_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Listed:
    """One variant in a list of models or of the cache."""

    id: str
    alias: str = ""
    """'' where the tool does not tell, as for models of the user's own."""
    device: str = ""
    task: str = ""
    size_bytes: int | None = None
    license: str = ""
    execution_provider: str = ""
    cached: bool | None = None
    """None where this list does not tell."""
    loaded: bool | None = None
    supports_tools: bool | None = None
    supports_reasoning: bool | None = None
    known: bool = True
    """False for something on disk that no catalog knows."""

    def as_row(self) -> dict[str, Any]:
        """Return the fields that `models_from_rows` reads."""
        return {
            "id": self.id,
            "alias": self.alias or self.id,
            "display_name": "",
            "publisher": "",
            "license": self.license,
            "task": self.task,
            "description": "",
            "context_tokens": None,
            "supports_tools": self.supports_tools,
            "supports_reasoning": self.supports_reasoning,
            "device": self.device,
            "execution_provider": self.execution_provider,
            "size_bytes": self.size_bytes,
            "cached": bool(self.cached),
            "loaded": bool(self.loaded),
            "origin": "catalog" if self.known else "imported",
        }


def models_from_rows(rows: Iterable[dict[str, Any]]) -> tuple[Model, ...]:
    """Group rows, one for each variant, by alias; their order is kept."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["alias"], []).append(row)
    return tuple(_model(alias, group) for alias, group in groups.items())


def entries_from_rows(rows: Iterable[dict[str, Any]]) -> tuple[CacheEntry, ...]:
    """Return the cache entries of the host's rows."""
    return tuple(
        CacheEntry(
            variant_id=row["variant_id"],
            path=Path(row["path"]),
            size_bytes=row["size_bytes"],
            modified_at=row["modified_at"],
            state=cast(Literal["complete", "partial", "orphan"], row["state"]),
            origin=cast(Literal["catalog", "demo", "imported"], row["origin"]),
            linked=row["linked"],
        )
        for row in rows
    )


def task_word(task: str, alias: str) -> str:
    """Return the registry's word for a task of the catalog."""
    first = task.split(",")[0].strip().lower()
    word = TASKS.get(first, first)
    # The catalog has one task for all that chats; what is made for code says so in its name.
    return "code" if word == "chat" and "coder" in alias.lower() else word


def _model(alias: str, rows: list[dict[str, Any]]) -> Model:
    first = rows[0]
    return Model(
        alias=alias,
        variants=tuple(_variant(row) for row in rows),
        display_name=_line(first["display_name"]),
        publisher=_line(first["publisher"]),
        license=_line(first["license"]),
        task=_line(task_word(first["task"], alias)),
        description=clean_text(first["description"])[:_DESCRIPTION_LIMIT],
        context_tokens=first["context_tokens"],
        supports_tools=first["supports_tools"],
        supports_reasoning=first.get("supports_reasoning"),
        demo=first["origin"] == "demo",
        local=first["origin"] != "catalog",
    )


def _variant(row: dict[str, Any]) -> Variant:
    device = str(row["device"]).upper()
    return Variant(
        id=row["id"],
        alias=row["alias"],
        device=Device(device) if device in ("CPU", "GPU", "NPU") else Device.UNKNOWN,
        execution_provider=_line(row["execution_provider"]),
        size_bytes=row["size_bytes"],
        cached=row["cached"],
        loaded=row["loaded"],
    )


def _line(text: str) -> str:
    return clean_text(text, keep_newlines=False)
