"""Streams one answer, measures it, and saves the conversation as it grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from textual.message import Message

from tui.chat.conversation import Conversation, Turn
from tui.chat.figures import AnswerMeter
from tui.chat.history import ConversationStore
from tui.chat.wording import as_record
from tui.database import DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import ChatDelta, ChatFinished, ChatRequest
from tui.workers.live import LiveTeller

Post = Callable[[Message], object]

SAVE_EVERY_S = 1.0


@dataclass
class AnswerText(Message):
    """Text has arrived."""

    text: str
    reasoning: bool = False


@dataclass
class AnswerEnded(Message):
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
    store: ConversationStore,
    post: Post,
) -> None:
    """Stream the answer to the last question; cancel the task to stop it.

    Posts `AnswerText` for each piece and one `AnswerEnded`, also when cancelled.

    Args:
        backend: Who answers.
        request: What is sent.
        conversation: Ends with the question; the answer is added to it.
        store: Where it is saved, at the start, every `SAVE_EVERY_S` and at the end.
        post: Delivers messages to the pane.
    """
    saver = _Saver(store, post)
    meter = AnswerMeter()
    live = LiveTeller(post, request.variant_id, "chat")
    growing = conversation.with_turn(Turn("assistant", "", request.variant_id))
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
                    post(AnswerText(event.text, event.reasoning))
                elif isinstance(event, ChatFinished):
                    ended = event.finish_reason
                if time.monotonic() - saved_s >= SAVE_EVERY_S:
                    saved_s = time.monotonic()
                    saver.save(_with_answer(growing, meter, "growing"))
    except FoundryError as failure:
        ended, error = "failed", failure
    except asyncio.CancelledError:
        ended = "user"
        raise
    finally:
        live.end()
        answered = _with_answer(growing, meter, ended)
        saver.save(answered)
        post(AnswerEnded(answered, error))
        await asyncio.shield(saver.finish())


def _with_answer(conversation: Conversation, meter: AnswerMeter, ended: str) -> Conversation:
    figures = meter.figures()
    turn = replace(
        conversation.turns[-1],
        content=figures.text,
        figures=as_record(figures, ended),
        reasoning=figures.reasoning_text,
        reasoning_s=figures.reasoning_s,
    )
    return conversation.with_last(turn)


class _Saver:
    """Saves the newest state, one write at a time, off the event loop."""

    def __init__(self, store: ConversationStore, post: Post) -> None:
        self._store = store
        self._post = post
        self._newest: Conversation | None = None
        self._task: asyncio.Task[None] | None = None

    def save(self, conversation: Conversation) -> None:
        self._newest = conversation
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())

    async def finish(self) -> None:
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._newest is not None:
            conversation, self._newest = self._newest, None
            try:
                await asyncio.to_thread(self._store.save, conversation)
            except DatabaseError as error:
                self._post(SavingFailed(error))
                return
