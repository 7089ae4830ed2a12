"""One question to two or three models, which share the machine: at once, or one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tui.catalog.ready import make_ready
from tui.chat.answering import Answer, ask
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.chat.keeping import ConversationSaver, Keeper
from tui.database import Database, DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import (
    ChatEvent,
    ChatRequest,
    ChatStarted,
    LoadResult,
    Progress,
    Variant,
)

MOST_MODELS = 3
Order = Literal["in_turn", "at_once"]
ORDERS: dict[Order, str] = {
    "in_turn": "one after the other, each with the machine to itself",
    "at_once": "all at once: they share the machine, each slower than alone",
}
"""What each order means for the figures, in words."""

Told = Progress | LoadResult | ChatEvent | Answer
"""In this order, for each model: how far loading is, what it cost, the answer as it comes, its end.
A model that does not load has an end with the error, and nothing else."""
Tell = Callable[[int, Told], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the models, and what it is asked."""

    variant: Variant
    request: ChatRequest
    context_tokens: int | None = None
    """How much the model can hold; kept with the figures."""


async def ask_side_by_side(
    backend: Backend, asked: Sequence[Asked], order: Order, tell: Tell
) -> tuple[Answer, ...]:
    """Ask each model; cancel the task to stop all of them.

    What loads is loaded while nobody answers, so that it slows no answer down.

    Args:
        backend: Who answers.
        asked: The models.
        order: Whether they answer at the same time.
        tell: Called with the index of the model and what there is to tell about it; each index
            gets its `Answer` at the end, also when the task is cancelled.

    Returns:
        The answers, in the order of `asked`; one that failed holds its error.
    """
    answers: dict[int, Answer] = {}

    def keep(index: int, told: Told) -> None:
        if isinstance(told, Answer):
            answers[index] = told
        tell(index, told)

    try:
        if order == "at_once":
            loaded = [
                (index, one)
                for index, one in enumerate(asked)
                if await _load(backend, one, partial(keep, index))
            ]
            await asyncio.gather(
                *(ask(backend, one.request, partial(keep, index)) for index, one in loaded)
            )
        else:
            for index, one in enumerate(asked):
                if await _load(backend, one, partial(keep, index)):
                    await ask(backend, one.request, partial(keep, index))
    finally:
        for index, one in enumerate(asked):
            if index not in answers:
                keep(index, Answer(one.variant.id, ended="user"))
    return tuple(answers[index] for index in range(len(asked)))


class KeptAnswers:
    """Keeps each answer in a conversation of its own, from the moment the model is asked.

    Args:
        database: Where they are kept.
        asked: The models.
        conversations: One for each model, each ending with the question.
        on_trouble: Told when one cannot be written.
    """

    def __init__(
        self,
        database: Database,
        asked: Sequence[Asked],
        conversations: Sequence[Conversation],
        on_trouble: Callable[[DatabaseError], object],
    ) -> None:
        self._saver = ConversationSaver(ConversationStore(database), on_trouble)
        self._conversations = conversations
        self._asked = asked
        self._keepers: dict[int, Keeper] = {}

    @property
    def ids(self) -> dict[int, str]:
        """Id of the conversation, by the index of the model; only of those that were asked."""
        return {index: one.conversation.id for index, one in self._keepers.items()}

    def conversation(self, index: int) -> Conversation | None:
        """Return the conversation with the answer so far; None where nobody was asked."""
        keeper = self._keepers.get(index)
        return keeper.conversation if keeper is not None else None

    def take(self, index: int, told: Told) -> None:
        """Take in what `ask_side_by_side` tells."""
        if isinstance(told, Progress | LoadResult):
            return
        if isinstance(told, ChatStarted):
            asked = self._asked[index]
            facts = {
                "device": str(asked.variant.device),
                "context_tokens": asked.context_tokens,
            }
            answer = Turn("assistant", "", asked.variant.id, figures=facts)
            self._keepers[index] = Keeper(self._saver, self._conversations[index].with_turn(answer))
        if (keeper := self._keepers.get(index)) is not None:
            keeper.take(told)

    async def finish(self) -> None:
        """Wait until all is written."""
        await self._saver.finish()


async def _load(backend: Backend, one: Asked, tell: Callable[[Told], None]) -> bool:
    try:
        tell(await make_ready(backend, one.variant, tell))
    except FoundryError as error:
        tell(Answer(one.variant.id, ended="failed", error=error))
        return False
    return True
