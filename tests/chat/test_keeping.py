"""Keeping an answer while it grows."""

from __future__ import annotations

from tui.chat.answering import Answer
from tui.chat.conversation import Conversation, Turn
from tui.chat.figures import AnswerFigures
from tui.chat.history import ConversationStore
from tui.chat.keeping import ConversationSaver, Keeper
from tui.database import DatabaseError


class FlakyStore(ConversationStore):
    """Fails while it is told to."""

    def __init__(self) -> None:
        self.broken = True
        self.kept: list[Conversation] = []

    def save(self, conversation: Conversation) -> None:
        if self.broken:
            raise DatabaseError("The disk is full.", "Make room.")
        self.kept.append(conversation)


async def test_trouble_is_told_once_until_something_could_be_written_again() -> None:
    store, told = FlakyStore(), list[DatabaseError]()
    saver = ConversationSaver(store, told.append)
    conversation = Conversation.of(Turn("user", "q"))
    for broken, times in ((True, 1), (True, 1), (False, 1), (True, 2)):
        store.broken = broken
        saver.save(conversation)
        await saver.finish()
        assert len(told) == times
    assert store.kept == [conversation]


async def test_what_stood_before_an_answer_went_on_and_the_facts_stay_with_it() -> None:
    store = FlakyStore()
    store.broken = False
    saver = ConversationSaver(store, lambda _error: None)
    begun = Turn("assistant", "Half", "m", figures={"device": "CPU", "output_tokens": 2})
    keeper = Keeper(saver, Conversation.of(Turn("user", "q"), begun))
    keeper.take(Answer("m", AnswerFigures(output_tokens=3, text=" whole"), "stop"))
    await saver.finish()
    turn = store.kept[-1].turns[-1]
    assert turn.content == "Half whole"
    assert (turn.figures["device"], turn.figures["output_tokens"]) == ("CPU", 5)
