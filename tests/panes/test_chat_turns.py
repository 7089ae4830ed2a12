"""What can be done with a turn in the chat pane: again, edit, delete, go on, other branches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedAnswer, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.chat.conversation import Conversation
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.foundry.errors import StreamBroken
from tui.panes.chat.answering import CONTINUE
from tui.panes.chat.pane import ChatPane
from tui.paths import Paths
from tui.widgets.prompt import Prompt

App = Pilot[int]


@asynccontextmanager
async def chat(backend: ScriptedBackend, size: tuple[int, int] = (110, 36)) -> AsyncIterator[App]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        yield pilot


async def expect(pilot: App, *texts: str) -> None:
    for text in texts:
        await wait_until(pilot, lambda text=text: text in screen_text(pilot.app), repr(text))  # type: ignore[misc]


async def ask(pilot: App, question: str, answer: str) -> None:
    prompt = pilot.app.query_one(Prompt)
    prompt.text = question
    prompt.focus()
    await pilot.press("enter")
    await expect(pilot, answer)
    await idle(pilot)


async def idle(pilot: App) -> None:
    pane = pilot.app.query_one(ChatPane)
    await wait_until(pilot, lambda: not pane.busy, "the end of the answer")


def sent(backend: ScriptedBackend) -> list[str]:
    return [message.content for message in backend.requests[-1].messages]


def kept(paths: Paths) -> Conversation:
    store = ConversationStore(Database(paths.database))
    (summary,) = store.list()
    return store.load(summary.id)


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    return backend


async def test_an_answer_written_anew_stands_beside_the_old_one(
    backend: ScriptedBackend, paths: Paths
) -> None:
    backend.say("First try.", "Second try.", "More about it.")
    async with chat(backend) as pilot:
        await ask(pilot, "why", "First try.")
        await pilot.press("ctrl+r")
        await expect(pilot, "Second try.", "answer 2 of 2")
        assert sent(backend) == ["why"]
        assert "First try." not in screen_text(pilot.app)
        await idle(pilot)
        await pilot.press("escape", "left")
        await expect(pilot, "First try.", "answer 1 of 2")
        await pilot.press("h")
        await expect(pilot, "Second try.")
        await ask(pilot, "go deeper", "More about it.")
        assert sent(backend) == ["why", "Second try.", "go deeper"]
    assert [turn.content for turn in kept(paths).tree] == [
        "why",
        "First try.",
        "Second try.",
        "go deeper",
        "More about it.",
    ]


async def test_an_earlier_question_is_asked_otherwise_and_the_old_branch_stays(
    backend: ScriptedBackend,
) -> None:
    backend.say("One.", "Two.", "Other.")
    async with chat(backend) as pilot:
        await ask(pilot, "first", "One.")
        await ask(pilot, "second", "Two.")
        await pilot.press(*"draft")
        await pilot.press("escape", "p", "p", "p", "p", "e")
        prompt = pilot.app.query_one(Prompt)
        await expect(pilot, "another way to ask")
        assert prompt.text == "first"
        assert prompt.has_focus
        await pilot.press(*" of all", "enter")
        await expect(pilot, "Other.", "question 2 of 2")
        assert sent(backend) == ["first of all"]
        assert "second" not in screen_text(pilot.app)
        assert prompt.text == "draft"
        await idle(pilot)
        await pilot.press("escape", "left")
        await expect(pilot, "One.", "Two.", "question 1 of 2")


async def test_esc_leaves_the_editing_and_brings_the_draft_back(backend: ScriptedBackend) -> None:
    async with chat(backend) as pilot:
        await ask(pilot, "first", "script.")
        await pilot.press(*"draft", "f2")
        prompt = pilot.app.query_one(Prompt)
        await wait_until(pilot, lambda: prompt.text == "first")
        await pilot.press("escape")
        await wait_until(pilot, lambda: prompt.text == "draft")
        assert "another way" not in screen_text(pilot.app)
        assert len(backend.requests) == 1


async def test_a_question_that_was_not_changed_is_answered_anew(backend: ScriptedBackend) -> None:
    backend.say("One.", "Two.")
    async with chat(backend) as pilot:
        await ask(pilot, "first", "One.")
        await pilot.press("f2", "enter")
        await expect(pilot, "Two.", "answer 2 of 2")


async def test_a_deleted_exchange_comes_back(backend: ScriptedBackend, paths: Paths) -> None:
    backend.say("One.", "Two.")
    async with chat(backend) as pilot:
        await ask(pilot, "first", "One.")
        await ask(pilot, "second", "Two.")
        await pilot.press("escape", "p", "p", "p", "p", "x")
        await expect(pilot, "2 turns are deleted; u brings it back.")
        await wait_until(pilot, lambda: "One." not in screen_text(pilot.app))
        assert "Two." in screen_text(pilot.app)
        await wait_until(pilot, lambda: len(kept(paths).tree) == 2)
        await pilot.press("u")
        await expect(pilot, "One.", "Two.")
        await wait_until(pilot, lambda: "are deleted" not in screen_text(pilot.app))
        await wait_until(pilot, lambda: len(kept(paths).tree) == 4)
        await pilot.press("u")
        await expect(pilot, "Nothing was deleted since the last question.")


async def test_with_the_last_exchange_deleted_nothing_is_kept(
    backend: ScriptedBackend, paths: Paths
) -> None:
    async with chat(backend) as pilot:
        await ask(pilot, "first", "script.")
        await pilot.press("escape", "p", "p", "x")
        await expect(pilot, "Ask a question: write below")
    assert ConversationStore(Database(paths.database)).list() == ()


async def test_an_answer_cut_at_the_limit_goes_on_in_the_same_turn(
    backend: ScriptedBackend, paths: Paths
) -> None:
    backend.answers += [
        words("Half of it", finish_reason="length"),
        ScriptedAnswer((" and the", " rest.")),
    ]
    async with chat(backend) as pilot:
        await ask(pilot, "tell", "Half of it")
        await expect(pilot, "cut at the token limit", "ctrl+g goes on")
        await pilot.press("ctrl+g")
        await expect(pilot, "Half of it and the rest.", "stopped by itself")
        assert sent(backend) == ["tell", "Half of it", CONTINUE.content]
        await expect(pilot, "7 in, 5 out")
        await idle(pilot)
        await pilot.press("ctrl+g")
        await expect(pilot, "Only an answer that was cut or stopped can go on.")
    turns = kept(paths).turns
    assert [turn.content for turn in turns] == ["tell", "Half of it and the rest."]
    assert turns[1].figures["parts"] == 2
    assert turns[1].figures["context_used_tokens"] == 9


async def test_an_answer_that_broke_off_is_tried_again_by_one_key(
    backend: ScriptedBackend, paths: Paths
) -> None:
    backend.answers += [
        ScriptedAnswer(("Some",), error=StreamBroken("The connection broke.", "See its log.")),
        ScriptedAnswer((), error=StreamBroken("It broke again.")),
        words("All of it."),
    ]
    async with chat(backend) as pilot:
        await ask(pilot, "tell", "The connection broke. See its log.")
        await expect(pilot, "broke off", "ctrl+r tries again · ctrl+g goes on")
        assert "Some" in screen_text(pilot.app)
        await pilot.press("ctrl+r")
        await expect(pilot, "It broke again.")
        await idle(pilot)
        await pilot.press("ctrl+r")
        await expect(pilot, "All of it.", "answer 2 of 2")
    turns = kept(paths).tree
    assert [turn.content for turn in turns] == ["tell", "Some", "All of it."]
    assert turns[1].figures["error"] == "The connection broke. See its log."


async def test_two_questions_in_a_row_are_sent_as_one(backend: ScriptedBackend) -> None:
    backend.answers += [ScriptedAnswer((), error=StreamBroken("It broke.")), words("Here.")]
    async with chat(backend) as pilot:
        await ask(pilot, "first", "It broke.")
        await ask(pilot, "second", "Here.")
        assert sent(backend) == ["first\n\nsecond"]


async def test_nothing_is_changed_while_an_answer_is_written(backend: ScriptedBackend) -> None:
    backend.answers.append(ScriptedAnswer(("Half", "."), gate=asyncio.Event(), gate_after=1))
    async with chat(backend) as pilot:
        pilot.app.query_one(Prompt).text = "q"
        await pilot.press("enter")
        await expect(pilot, "Half")
        for key in ("ctrl+r", "f2", "ctrl+n"):
            await pilot.press(key)
        await expect(pilot, "The answer is still being written; esc stops it.")
        pane = pilot.app.query_one(ChatPane)
        assert len(pane.conversation.tree) == 2
        await pilot.press("escape")
        await expect(pilot, "stopped by you", "ctrl+g goes on")


async def test_what_was_thought_is_folded_with_its_time_and_a_key_unfolds_it(
    backend: ScriptedBackend, paths: Paths
) -> None:
    backend.answers.append(
        ScriptedAnswer(("Yes",), reasoning=("Let me", " think."), ttft_s=0.5, itl_s=0.6)
    )
    async with chat(backend) as pilot:
        await ask(pilot, "is it", "▸ thought for 1.2 s · ctrl+o")
        await expect(pilot, "TTFT 500 ms · TTFA 1.7 s")
        assert "Let me think." not in screen_text(pilot.app)
        await pilot.press("ctrl+o")
        await expect(pilot, "▾ thought for 1.2 s", "┊ Let me think.")
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: "Let me think." not in screen_text(pilot.app))
        await ask(pilot, "more", "script.")
        assert sent(backend) == ["is it", "Yes", "more"]
    turn = kept(paths).turns[1]
    assert (turn.reasoning, turn.reasoning_s) == ("Let me think.", pytest.approx(1.2))


async def test_thinking_ticks_while_it_lasts(backend: ScriptedBackend) -> None:
    gate = asyncio.Event()
    backend.answers.append(
        ScriptedAnswer(("Yes",), reasoning=("Let me", " think."), gate=gate, gate_after=2)
    )
    async with chat(backend) as pilot:
        pilot.app.query_one(Prompt).text = "is it"
        await pilot.press("enter")
        await expect(pilot, "▸ thinking for", "~2 tokens")
        gate.set()
        await expect(pilot, "thought for")


async def test_a_server_that_hides_its_thinking_gets_a_ticking_line(
    backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.panes.chat.answering.QUIET_S", 0.0)
    gate = asyncio.Event()
    backend.answers.append(ScriptedAnswer(gate=gate))
    async with chat(backend) as pilot:
        pilot.app.query_one(Prompt).text = "is it"
        await pilot.press("enter")
        await expect(pilot, "◐ waiting for the first token · 1 s · esc stops")
        await expect(pilot, "its server hides it")
        gate.set()
        await expect(pilot, "script.")


async def test_copying_gives_the_markdown_of_the_turn_with_the_mark(
    backend: ScriptedBackend,
) -> None:
    backend.say("**One** two.", "Three.")
    async with chat(backend) as pilot:
        await ask(pilot, "first", "One two.")
        await ask(pilot, "second", "Three.")
        await pilot.press("ctrl+y")
        assert pilot.app.clipboard == "Three."
        await pilot.press("escape", "p", "p", "p", "ctrl+y")
        assert pilot.app.clipboard == "**One** two."
