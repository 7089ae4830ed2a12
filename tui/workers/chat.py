"""Streams one answer, measures it, and saves the conversation as it grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from textual.message import Message

from tui.chat.conversation import Conversation
from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.chat.history import ConversationStore
from tui.chat.wording import as_record, context_used
from tui.database import DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import ChatDelta, ChatFinished, ChatRequest
from tui.workers.live import LiveTeller

Post = Callable[[Message], object]

SAVE_EVERY_S = 1.0
TELL_EVERY_S = 0.05
"""Tokens that come faster are told together: a message for each would cost more than drawing."""


@dataclass
class AnswerText(Message, bubble=False):
    """Text has arrived since the last of these."""

    text: str
    thought: str
    """What the model thinks before it answers."""
    figures: AnswerFigures
    """So far, without texts and gaps."""


@dataclass
class AnswerEnded(Message, bubble=False):
    """The answer is complete, stopped or broken off; it stands in the conversation."""

    conversation: Conversation
    error: FoundryError | None = None


@dataclass
class SavingFailed(Message):
    """The conversation could not be saved; the answer goes on."""

    error: DatabaseError


async def stream_answer(
    backend: Backend,
    request: ChatRequest,
    conversation: Conversation,
    saver: ConversationSaver,
    post: Post,
) -> None:
    """Stream an answer; cancel the task to stop it.

    Posts `AnswerText` for what has come, and one `AnswerEnded`, also when cancelled.

    Args:
        backend: Who answers.
        request: What is sent.
        conversation: Ends with the answer: empty, or as far as it came before it was cut.
        saver: Saves it at the start, every `SAVE_EVERY_S` and at the end.
        post: Delivers messages to the pane.
    """
    meter = AnswerMeter()
    live = LiveTeller(post, request.variant_id, "chat")
    teller = Teller(post, meter)
    ended, error = "unknown", None
    saver.save(conversation)
    saved_s = time.monotonic()
    try:
        # Closing the generator closes the connection, which stops the model.
        async with aclosing(backend.chat(request)) as events:
            async for event in events:
                meter.feed(event)
                live.feed(event)
                if isinstance(event, ChatDelta):
                    teller.add(event)
                elif isinstance(event, ChatFinished):
                    ended = event.finish_reason
                if time.monotonic() - saved_s >= SAVE_EVERY_S:
                    saved_s = time.monotonic()
                    saver.save(with_answer(conversation, meter.figures(), "growing"))
    except FoundryError as failure:
        ended, error = "failed", failure
    except asyncio.CancelledError:
        ended = "user"
        raise
    finally:
        live.end()
        teller.tell()
        answered = with_answer(conversation, meter.figures(), ended, error)
        saver.save(answered)
        post(AnswerEnded(answered, error))
        await asyncio.shield(saver.finish())


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


class Teller:
    """Posts what has come: at once after a pause, else all of the last `TELL_EVERY_S` together."""

    def __init__(self, post: Post, meter: AnswerMeter) -> None:
        self._post = post
        self._meter = meter
        self._text: list[str] = []
        self._thought: list[str] = []
        self._told_s = 0.0
        self._call: asyncio.TimerHandle | None = None

    def add(self, delta: ChatDelta) -> None:
        """Take in text."""
        (self._thought if delta.reasoning else self._text).append(delta.text)
        if self._call is None:
            wait_s = self._told_s + TELL_EVERY_S - time.monotonic()
            if wait_s <= 0:
                self.tell()
            else:
                self._call = asyncio.get_running_loop().call_later(wait_s, self.tell)

    def tell(self) -> None:
        """Post what there is, now."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._text or self._thought:
            text, thought = "".join(self._text), "".join(self._thought)
            self._text.clear()
            self._thought.clear()
            self._told_s = time.monotonic()
            self._post(AnswerText(text, thought, self._meter.live()))


class ConversationSaver:
    """Saves the newest state, one write at a time, off the event loop.

    Args:
        store: Where to.
        post: Told when it cannot be written.
    """

    def __init__(self, store: ConversationStore, post: Post) -> None:
        self._store = store
        self._post = post
        self._waiting: dict[str, Conversation] = {}
        self._task: asyncio.Task[None] | None = None

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
                self._post(SavingFailed(error))
                return
