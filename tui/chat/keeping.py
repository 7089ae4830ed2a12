"""Keeps a conversation in the database while its last answer grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tui.chat.answering import Answer
from tui.chat.conversation import Conversation, Turn
from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.chat.history import ConversationStore
from tui.chat.wording import as_record
from tui.database import DatabaseError
from tui.foundry.errors import FoundryError
from tui.foundry.types import ChatEvent

SAVE_EVERY_S = 1.0


class Keeper:
    """Writes at the start, every `SAVE_EVERY_S` and at the end, off the event loop.

    Args:
        store: Where it is kept.
        conversation: Ends with the question; the answer is added to it.
        variant_id: Who answers.
        facts: What else stands with the figures: `device`, `context_tokens` of the model.
        on_trouble: Told once when nothing can be written; the answer goes on all the same.
    """

    def __init__(
        self,
        store: ConversationStore,
        conversation: Conversation,
        variant_id: str,
        facts: Mapping[str, Any],
        on_trouble: Callable[[DatabaseError], object],
    ) -> None:
        self._store = store
        self._facts = facts
        self._on_trouble = on_trouble
        self._meter = AnswerMeter()
        self._waiting: Conversation | None = None
        self._writing: asyncio.Task[None] | None = None
        self._saved_s = time.monotonic()
        self._broken = False
        self.conversation = conversation.with_turn(Turn("assistant", "", variant_id))
        """As it is by now."""
        self._save(conversation)

    def take(self, told: ChatEvent | Answer) -> None:
        """Take in the next event, or the end."""
        if isinstance(told, Answer):
            self._set(told.figures, told.ended, told.error)
            self._save(self.conversation)
            return
        self._meter.feed(told)
        if time.monotonic() - self._saved_s >= SAVE_EVERY_S:
            self._saved_s = time.monotonic()
            self._set(self._meter.figures(), "growing")
            self._save(self.conversation)

    async def finish(self) -> None:
        """Wait until all is written."""
        if self._writing is not None:
            await self._writing

    def _set(self, figures: AnswerFigures, ended: str, error: FoundryError | None = None) -> None:
        record = {**self._facts, **as_record(figures, ended)}
        if error is not None:
            record["error"] = f"{error.message} {error.hint}".strip()
        turn = replace(
            self.conversation.turns[-1],
            content=figures.text,
            reasoning=figures.reasoning_text,
            reasoning_s=figures.reasoning_s,
            figures=record,
        )
        self.conversation = self.conversation.with_last(turn)

    def _save(self, conversation: Conversation) -> None:
        if self._broken:
            return
        self._waiting = conversation
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._waiting is not None:
            conversation, self._waiting = self._waiting, None
            try:
                await asyncio.to_thread(self._store.save, conversation)
            except DatabaseError as error:
                self._broken, self._waiting = True, None
                self._on_trouble(error)
