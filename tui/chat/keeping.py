"""Keeps a conversation in the database while its last answer grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from tui.chat.answering import Answer
from tui.chat.conversation import Conversation
from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.chat.history import ConversationStore
from tui.chat.wording import as_record, context_used
from tui.database import DatabaseError
from tui.foundry.errors import FoundryError
from tui.foundry.types import ChatEvent

SAVE_EVERY_S = 1.0


class ConversationSaver:
    """Saves the newest state, one write at a time, off the event loop.

    Args:
        store: Where to.
        on_trouble: Told when nothing can be written: once, until something could be again.
    """

    def __init__(
        self, store: ConversationStore, on_trouble: Callable[[DatabaseError], object]
    ) -> None:
        self._store = store
        self._on_trouble = on_trouble
        self._waiting: dict[str, Conversation] = {}
        self._task: asyncio.Task[None] | None = None
        self._failed = False

    def save(self, conversation: Conversation) -> None:
        """Write a conversation soon; of several states of one only the newest counts."""
        self._waiting[conversation.id] = conversation
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())

    async def finish(self) -> None:
        """Wait until everything is written, or has failed."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            conversation = self._waiting.pop(next(iter(self._waiting)))
            try:
                await asyncio.to_thread(self._store.save, conversation)
            except DatabaseError as error:
                if not self._failed:
                    self._on_trouble(error)
                self._failed = True
            else:
                self._failed = False


class Keeper:
    """Adds an answer to its conversation; saves at the start, every `SAVE_EVERY_S`, at the end.

    Args:
        saver: Writes.
        conversation: Ends with the answer: empty, or as far as it came before it was cut.
    """

    def __init__(self, saver: ConversationSaver, conversation: Conversation) -> None:
        self._saver = saver
        self._before = conversation
        self._saved_s = time.monotonic()
        self.meter = AnswerMeter()
        self.conversation = conversation
        """As it was at the last save."""
        saver.save(conversation)

    def take(self, told: ChatEvent | Answer) -> None:
        """Take in the next event, or the end."""
        if isinstance(told, Answer):
            self._save(told.figures, told.ended, told.error)
            return
        self.meter.feed(told)
        if time.monotonic() - self._saved_s >= SAVE_EVERY_S:
            self._saved_s = time.monotonic()
            self._save(self.meter.figures(), "growing")

    def _save(self, figures: AnswerFigures, ended: str, error: FoundryError | None = None) -> None:
        self.conversation = with_answer(self._before, figures, ended, error)
        self._saver.save(self.conversation)


def with_answer(
    conversation: Conversation,
    figures: AnswerFigures,
    ended: str,
    error: FoundryError | None = None,
) -> Conversation:
    """Return the conversation with what came added to its last turn.

    Of an answer that was continued the tokens are those of all its parts, and the times those of
    the last one.
    """
    turn = conversation.turns[-1]
    record = {**turn.figures, **as_record(figures, ended)}
    record.pop("error", None)
    if error is not None:
        record["error"] = f"{error.message} {error.hint}".strip()
    if turn.content:
        used = context_used(as_record(figures, ended))
        before = turn.figures.get("output_tokens")
        record |= {"parts": turn.figures.get("parts", 1) + 1, "context_used_tokens": used}
        if before and figures.output_tokens is not None:
            record["output_tokens"] = before + figures.output_tokens
            record["tokens_estimated"] |= bool(turn.figures.get("tokens_estimated"))
    grown = replace(
        turn,
        content=turn.content + figures.text,
        figures=record,
        reasoning=turn.reasoning + figures.reasoning_text,
        reasoning_s=_sum(turn.reasoning_s, figures.reasoning_s),
    )
    return conversation.with_last(grown)


def _sum(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other
