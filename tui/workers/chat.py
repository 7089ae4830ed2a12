"""Streams one answer: told in few messages, measured, saved as it grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from tui.chat.answering import Answer, ask
from tui.chat.conversation import Conversation
from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.chat.keeping import ConversationSaver, Keeper
from tui.database import DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import ChatDelta, ChatEvent, ChatRequest
from tui.workers.live import LiveTeller

Post = Callable[[Message], object]

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
        saver: Saves it as it grows.
        post: Delivers messages to the pane.
    """
    keeper = Keeper(saver, conversation)
    live = LiveTeller(post, request.variant_id, "chat")
    teller = Teller(post, keeper.meter)

    def tell(told: ChatEvent | Answer) -> None:
        keeper.take(told)
        if isinstance(told, Answer):
            live.end()
            teller.tell()
            post(AnswerEnded(keeper.conversation, told.error))
            return
        live.feed(told)
        if isinstance(told, ChatDelta):
            teller.add(told)

    try:
        await ask(backend, request, tell)
    finally:
        await asyncio.shield(saver.finish())


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
