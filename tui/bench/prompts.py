"""What a benchmark asks: prompts, each with the checks that its answers must pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tui.bench.checks import Check


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt."""

    text: str
    checks: tuple[Check, ...] = ()
    name: str = ""
    """A short name for tables; '' where it has none."""
    task: str = ""
    """`chat`, `reasoning`, `code`, `summarization`, `extraction` ...; '' where it is not said."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as prompt files have it."""
        values: dict[str, Any] = {"prompt": self.text}
        values |= {key: value for key in ("name", "task") if (value := getattr(self, key))}
        return values | ({"checks": [one.as_dict() for one in self.checks]} if self.checks else {})


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Prompts in their order."""

    name: str
    items: tuple[Prompt, ...]
    version: str = ""
    """Of a set that ships; '' for a file."""

    @classmethod
    def of(cls, name: str, texts: Iterable[str]) -> PromptSet:
        """Return a set of bare texts."""
        return cls(name, tuple(Prompt(text) for text in texts))

    @property
    def prompts(self) -> tuple[str, ...]:
        """The texts."""
        return tuple(one.text for one in self.items)

    @property
    def sha256(self) -> str:
        """Tells whether two runs asked the same; names and checks do not count."""
        return hashlib.sha256(json.dumps(self.prompts).encode()).hexdigest()

    @property
    def checked(self) -> bool:
        """Whether any prompt has a check."""
        return any(one.checks for one in self.items)
