"""The small models that ship with the program, and what their cards say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoCard:
    """What `card.json` says about a demo model."""

    alias: str
    name: str
    version: int
    display_name: str
    publisher: str
    license: str
    task: str
    description: str
    context_tokens: int
    parameters: int
    precision: str
    trained_on: str
    limits: str

    @property
    def variant_id(self) -> str:
        """Id in the catalog."""
        return f"{self.name}:{self.version}"


def folder() -> Path:
    """Return the directory that holds one directory a model."""
    return Path(__file__).parent


def cards() -> tuple[DemoCard, ...]:
    """Read all cards, the smaller models first."""
    found = [
        DemoCard(**json.loads(path.read_text("utf-8"))) for path in folder().glob("*/card.json")
    ]
    return tuple(sorted(found, key=lambda card: card.parameters))
