"""A conversation: turns, and what of them goes to the model."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from tui.foundry.text import clean_text
from tui.foundry.types import ChatMessage

TITLE_LENGTH = 60
UNTITLED = "New conversation"


def now_text() -> str:
    """Return the time now as ISO 8601 with zone."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Turn:
    """One side of an exchange."""

    role: Literal["user", "assistant"]
    content: str
    variant_id: str | None = None
    """Who answered."""
    created_at: str = field(default_factory=now_text)
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, with units in the names, and `ended`: why the answer stopped."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in their order."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    turns: tuple[Turn, ...] = ()
    created_at: str = field(default_factory=now_text)

    @property
    def title(self) -> str:
        """The beginning of the first question."""
        first = next((turn.content for turn in self.turns if turn.role == "user"), "")
        line = " ".join(clean_text(first).split())
        if len(line) > TITLE_LENGTH:
            line = line[: TITLE_LENGTH - 1].rstrip() + "…"
        return line or UNTITLED

    def with_turn(self, turn: Turn) -> Conversation:
        """Return the conversation with one more turn."""
        return replace(self, turns=(*self.turns, turn))

    def with_last(self, turn: Turn) -> Conversation:
        """Return the conversation with its last turn replaced."""
        return replace(self, turns=(*self.turns[:-1], turn))

    def without_last(self, count: int = 1) -> Conversation:
        """Return the conversation without its last turns."""
        return replace(self, turns=self.turns[:-count])

    def messages(self, system_prompt: str = "") -> tuple[ChatMessage, ...]:
        """Return what a request holds; empty answers, which servers refuse, are left out."""
        system = (ChatMessage("system", system_prompt),) if system_prompt.strip() else ()
        turns = (
            ChatMessage(turn.role, turn.content) for turn in self.turns if turn.content.strip()
        )
        return (*system, *turns)
