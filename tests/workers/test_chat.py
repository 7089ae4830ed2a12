"""An answer on its way: told in few messages, saved as it grows, whole at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.scripted_backend import SMALL, ScriptedAnswer, ScriptedBackend
from tui.chat import keeping
from tui.chat.conversation import Conversation, Turn
from tui.chat.figures import AnswerFigures
from tui.chat.history import ConversationStore
from tui.chat.keeping import ConversationSaver, with_answer
from tui.database import Database
from tui.foundry.errors import StreamBroken
from tui.foundry.types import ChatMessage, ChatRequest
from tui.workers import chat as chat_module
from tui.workers.chat import AnswerEnded, AnswerText, stream_answer

REQUEST = ChatRequest(SMALL, (ChatMessage("user", "q"),))


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    return backend


def asked() -> Conversation:
    return Conversation.of(Turn("user", "q"), Turn("assistant", "", SMALL))


async def streamed(
    backend: ScriptedBackend, file: Path, conversation: Conversation
) -> list[object]:
    posted: list[object] = []
    database = Database(file)
    saver = ConversationSaver(ConversationStore(database), posted.append)
    await stream_answer(backend, REQUEST, conversation, saver, posted.append)
    database.close()
    return posted


async def test_tokens_that_come_fast_are_told_together(
    backend: ScriptedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_module, "TELL_EVERY_S", 60.0)
    pieces = tuple(f"w{number} " for number in range(2000))
    backend.answers.append(ScriptedAnswer(pieces))
    posted = await streamed(backend, tmp_path / "db", asked())
    texts = [one for one in posted if isinstance(one, AnswerText)]
    assert [text.text for text in texts] == ["w0 ", "".join(pieces[1:])]
    (end,) = (one for one in posted if isinstance(one, AnswerEnded))
    assert end.conversation.turns[-1].content == "".join(pieces)


async def test_an_answer_that_breaks_is_kept_with_its_reason(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.answers.append(ScriptedAnswer(("Some",), error=StreamBroken("It broke.", "See why.")))
    (end,) = (
        one
        for one in await streamed(backend, tmp_path / "db", asked())
        if isinstance(one, AnswerEnded)
    )
    turn = end.conversation.turns[-1]
    assert (turn.content, turn.figures["ended"]) == ("Some", "failed")
    assert turn.figures["error"] == "It broke. See why."
    kept = ConversationStore(Database(tmp_path / "db")).load(end.conversation.id)
    assert kept == end.conversation


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the database cannot tell
            await asyncio.sleep(0.01)


async def test_an_answer_that_a_killed_program_left_is_kept_as_far_as_it_came(
    backend: ScriptedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SAVE_EVERY_S", 0.0)
    gate = asyncio.Event()
    backend.answers.append(ScriptedAnswer(("Half", " of it", "."), gate=gate, gate_after=2))
    conversation = asked()
    task = asyncio.create_task(streamed(backend, tmp_path / "db", conversation))
    store = ConversationStore(Database(tmp_path / "db"))

    def kept() -> str:
        listed = [one.id for one in store.list()]
        return store.load(conversation.id).turns[-1].content if listed else ""

    await until(lambda: kept() == "Half of it")
    turn = store.load(conversation.id).turns[-1]
    assert turn.figures["ended"] == "growing"
    gate.set()
    await task
    assert kept() == "Half of it."


def test_of_an_answer_that_went_on_all_tokens_count() -> None:
    part = AnswerFigures(input_tokens=7, output_tokens=3, text="Half")
    once = with_answer(asked(), part, "length")
    more = AnswerFigures(input_tokens=20, output_tokens=4, text=" whole", reasoning_s=1.0)
    turn = with_answer(once, more, "stop").turns[-1]
    assert turn.content == "Half whole"
    assert turn.figures["output_tokens"] == 7
    assert turn.figures["context_used_tokens"] == 24
    assert turn.reasoning_s == 1.0
