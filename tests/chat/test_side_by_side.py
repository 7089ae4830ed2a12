"""The same question to several models."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend
from tui.chat.answering import Answer
from tui.chat.side_by_side import Asked, Order, Told, ask_side_by_side
from tui.foundry.errors import LoadFailed, StreamBroken
from tui.foundry.types import ChatDelta, ChatMessage, ChatRequest


class Listener:
    """Keeps what was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Told]] = []
        self.spoken = asyncio.Event()

    def take(self, index: int, told: Told) -> None:
        self.told.append((index, told))
        if isinstance(told, ChatDelta):
            self.spoken.set()

    def text(self, index: int) -> str:
        return "".join(
            one.text for i, one in self.told if i == index and isinstance(one, ChatDelta)
        )

    @property
    def speakers(self) -> list[int]:
        return [index for index, one in self.told if isinstance(one, ChatDelta)]

    @property
    def ends(self) -> list[tuple[int, str]]:
        return [(index, one.ended) for index, one in self.told if isinstance(one, Answer)]


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend.with_demo_models()


def both(backend: ScriptedBackend) -> list[Asked]:
    messages = (ChatMessage("user", "Hi"),)
    return [Asked(backend.find(one), ChatRequest(one, messages)) for one in (SMALL, LARGE)]


async def test_in_turn_the_second_waits_for_the_end_of_the_first(backend: ScriptedBackend) -> None:
    heard = Listener()
    answers = await ask_side_by_side(backend, both(backend), "in_turn", heard.take)
    assert heard.speakers == [0] * 5 + [1] * 5
    assert [one.variant_id for one in answers] == [SMALL, LARGE]
    assert heard.ends == [(0, "stop"), (1, "stop")]


async def test_at_once_the_second_answers_while_the_first_is_silent(
    backend: ScriptedBackend,
) -> None:
    gate = asyncio.Event()
    backend.say(ScriptedAnswer(("I", " am slow"), gate=gate, gate_after=1), "I am quick.")
    heard = Listener()

    def take(index: int, told: Told) -> None:
        heard.take(index, told)
        if index == 1 and isinstance(told, Answer):
            gate.set()

    answers = await ask_side_by_side(backend, both(backend), "at_once", take)
    assert heard.ends == [(1, "stop"), (0, "stop")]
    assert [one.figures.text for one in answers] == ["I am slow", "I am quick."]


@pytest.mark.parametrize("order", ["in_turn", "at_once"])
async def test_stopping_keeps_what_came_and_ends_every_answer(
    backend: ScriptedBackend, order: Order
) -> None:
    gate = asyncio.Event()
    backend.default_answer = ScriptedAnswer(("Half", " more"), gate=gate, gate_after=1)
    heard = Listener()
    task = asyncio.create_task(ask_side_by_side(backend, both(backend), order, heard.take))
    await heard.spoken.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.text(0) == "Half"
    assert sorted(heard.ends) == [(0, "user"), (1, "user")]
    assert backend.open_chats == 0


@pytest.mark.parametrize("order", ["in_turn", "at_once"])
async def test_a_model_that_fails_leaves_the_others(backend: ScriptedBackend, order: Order) -> None:
    backend.fail("load", LoadFailed("Too big.", "Take a smaller one."))
    backend.say(ScriptedAnswer(("Half",), error=StreamBroken("It broke.", "Again.")))
    heard = Listener()
    first, second = await ask_side_by_side(backend, both(backend), order, heard.take)
    assert isinstance(first.error, LoadFailed)
    assert isinstance(second.error, StreamBroken)
    assert (second.figures.text, second.ended) == ("Half", "failed")
    assert heard.ends == [(0, "failed"), (1, "failed")]
