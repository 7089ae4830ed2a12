"""Asks several models the same in the background, keeps their answers, and posts what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.message import Message

from tui.chat.answering import Answer
from tui.chat.conversation import Conversation
from tui.chat.figures import AnswerMeter
from tui.chat.side_by_side import Asked, KeptAnswers, Order, Told, ask_side_by_side
from tui.database import Database
from tui.foundry.backend import Backend
from tui.foundry.types import ChatDelta, ChatStarted, LoadResult, Progress
from tui.messages import RefreshRequested, VariantLoaded
from tui.workers.chat import AnswerText, SavingFailed, Teller
from tui.workers.live import LiveTeller

Post = Callable[[Message], object]


@dataclass
class SideLoading(Message, bubble=False):
    """A model is being made ready."""

    index: int
    progress: Progress


@dataclass
class SideAsked(Message, bubble=False):
    """A model has got the question."""

    index: int


@dataclass
class SideText(Message, bubble=False):
    """Text has arrived."""

    index: int
    told: AnswerText


@dataclass
class SideEnded(Message, bubble=False):
    """An answer is complete, stopped or broken off, or its model could not be asked."""

    index: int
    answer: Answer
    conversation: Conversation | None
    """With the answer; None where the model was not asked."""


async def ask_and_post(
    backend: Backend,
    asked: Sequence[Asked],
    conversations: Sequence[Conversation],
    order: Order,
    database: Database,
    post: Post,
) -> None:
    """Ask each model; cancel the task to stop all. Posts one `SideEnded` for each.

    Args:
        backend: Who answers.
        asked: The models, and what each is asked.
        conversations: One for each, ending with the question.
        order: Whether they answer at the same time.
        database: Where each answer is kept as it grows, in a conversation of its own.
        post: Delivers messages to the screen.
    """
    kept = KeptAnswers(
        database,
        asked,
        conversations,
        lambda error: post(SavingFailed(error)),
    )
    columns = [_Column(index, one.variant.id, post) for index, one in enumerate(asked)]

    def tell(index: int, told: Told) -> None:
        kept.take(index, told)
        columns[index].take(told)
        if isinstance(told, Answer):
            post(SideEnded(index, told, kept.conversation(index)))

    try:
        await ask_side_by_side(backend, asked, order, tell)
    finally:
        await asyncio.shield(kept.finish())


class _Column:
    """Turns what is told about one model into messages."""

    def __init__(self, index: int, variant_id: str, post: Post) -> None:
        self._index = index
        self._variant_id = variant_id
        self._post = post
        self._meter = AnswerMeter()
        self._teller = Teller(self._post_text, self._meter)
        self._live: LiveTeller | None = None

    def take(self, told: Told) -> None:
        match told:
            case Progress():
                self._post(SideLoading(self._index, told))
            case LoadResult():
                if not told.already_loaded:
                    self._post(VariantLoaded(told))
                    self._post(RefreshRequested("models"))
            case Answer():
                self._teller.tell()
                if self._live is not None:
                    self._live.end()
            case _:
                self._meter.feed(told)
                if isinstance(told, ChatStarted):
                    self._live = LiveTeller(self._post, self._variant_id, "chat")
                    self._post(SideAsked(self._index))
                elif isinstance(told, ChatDelta):
                    self._teller.add(told)
                if self._live is not None:
                    self._live.feed(told)

    def _post_text(self, message: Message) -> None:
        if isinstance(message, AnswerText):
            self._post(SideText(self._index, message))
