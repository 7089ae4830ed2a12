"""System prompt and parameters of a conversation, and presets for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select, TextArea

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedAnswer, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.chat.history import ConversationStore
from tui.chat.parameters import Parameters
from tui.chat.presets import PresetStore
from tui.database import Database
from tui.panes.chat.pane import ChatPane
from tui.panes.chat.parameters_dialog import ParametersDialog
from tui.paths import Paths
from tui.widgets.prompt import Prompt

App = Pilot[int]


@asynccontextmanager
async def dialog(size: tuple[int, int] = (80, 24), *answers: ScriptedAnswer) -> AsyncIterator[
    tuple[App, ScriptedBackend]
]:  # fmt: skip
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    backend.answers += answers
    async with running_app(backend, size=size) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ParametersDialog))
        yield pilot, backend


def field(pilot: App, name: str) -> Input:
    return pilot.app.screen.query_one(f"#{name}", Input)


async def closed(pilot: App) -> None:
    await wait_until(pilot, lambda: not isinstance(pilot.app.screen, ParametersDialog))


async def expect(pilot: App, text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_every_field_is_on_the_screen(size: tuple[int, int]) -> None:
    async with dialog(size) as (pilot, _):
        for text in ("preset", "system prompt", "temperature", "top_p", "seed", "stop texts"):
            await expect(pilot, text)


async def test_what_is_set_is_sent_shown_and_kept(paths: Paths) -> None:
    async with dialog() as (pilot, backend):
        await pilot.press(*"Rhyme.")
        field(pilot, "temperature").value = "0.5"
        field(pilot, "stop").value = "END"
        await pilot.press("ctrl+s")
        await closed(pilot)
        await expect(pilot, "system · temp 0.5 · 1 stop")
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: bool(backend.requests))
        (request,) = backend.requests
        assert (request.temperature, request.stop) == (0.5, ("END",))
        assert request.messages[0].content == "Rhyme."
        await expect(pilot, "stopped")
    store = ConversationStore(Database(paths.database))
    kept = store.load(store.list()[0].id).parameters
    assert kept == Parameters("Rhyme.", 0.5, stop=("END",))


async def test_what_cannot_be_read_is_said_and_not_taken() -> None:
    async with dialog() as (pilot, _):
        field(pilot, "top_p").value = "7"
        await expect(pilot, "top_p must be a number above 0, to 1.")
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert field(pilot, "top_p").has_focus
        field(pilot, "top_p").value = "0.7"
        await pilot.press("enter")
        await closed(pilot)
        await expect(pilot, "top_p 0.7")


async def test_esc_leaves_everything_as_it_was() -> None:
    async with dialog() as (pilot, _):
        field(pilot, "seed").value = "7"
        await pilot.press("escape")
        await closed(pilot)
        assert pilot.app.query_one(ChatPane).conversation.parameters == Parameters()


async def test_a_preset_is_kept_taken_and_deleted(paths: Paths) -> None:
    async with dialog() as (pilot, _):
        pilot.app.screen.query_one(TextArea).text = "Be brief."
        field(pilot, "seed").value = "7"
        name = field(pilot, "preset-name")
        name.value = "mine"
        name.focus()
        await pilot.press("enter")
        await expect(pilot, "Kept as 'mine'.")
        select = pilot.app.screen.query_one(Select)
        select.value = "exact"
        await wait_until(pilot, lambda: field(pilot, "temperature").value == "0")
        assert field(pilot, "seed").value == ""
        select.value = "mine"
        await wait_until(pilot, lambda: field(pilot, "seed").value == "7")
        assert PresetStore(Database(paths.database)).all()["mine"] == Parameters(
            "Be brief.", seed=7
        )
        await pilot.press("f8")
        await expect(pilot, "'mine' is deleted.")
        select.value = "exact"
        await pilot.pause()
        await pilot.press("f8")
        await expect(pilot, "'exact' comes with the program and stays.")


async def test_parameters_chosen_while_an_answer_is_written_hold_from_the_next_question_on(
    paths: Paths,
) -> None:
    gate = asyncio.Event()
    async with dialog((100, 30), ScriptedAnswer(("Half", "."), gate=gate, gate_after=1)) as (
        pilot,
        backend,
    ):
        await pilot.press("escape")
        await closed(pilot)
        await pilot.press(*"hi", "enter")
        await expect(pilot, "Half")
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ParametersDialog))
        field(pilot, "seed").value = "7"
        await pilot.press("ctrl+s")
        await closed(pilot)
        gate.set()
        await expect(pilot, "stopped by itself")
        await pilot.press(*"more", "enter")
        await wait_until(pilot, lambda: len(backend.requests) == 2)
        assert [request.seed for request in backend.requests] == [None, 7]
