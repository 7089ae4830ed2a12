"""Kept conversations, copying and saving in the chat pane, as a person sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from textual.pilot import Pilot

from tests.support.app import running_app
from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.chat.sessions import Sessions
from tui.cli.options import Opening
from tui.database import Database
from tui.paths import Paths
from tui.widgets.prompt import Prompt

App = Pilot[int]
CODE = "Here:\n\n```python\nprint('hi')\n```\n\nand\n\n```sh\necho hi\n```\n"


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    return backend


@pytest.fixture
def database(paths: Paths) -> Iterator[Database]:
    database = Database(paths.database)
    yield database
    database.close()


@pytest.fixture
def kept(database: Database) -> ConversationStore:
    store = ConversationStore(database)
    for name, question, answer, variant in (
        ("aaaa1111", "What is edge AI?", "It runs on the device.", LARGE),
        ("bbbb2222", "A recipe", "Take two eggs.", SMALL),
    ):
        said = Conversation(name).with_turn(Turn("user", question))
        store.save(said.with_turn(Turn("assistant", answer, variant, figures={"ended": "stop"})))
    return store


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("TMUX", "STY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@asynccontextmanager
async def chat(backend: ScriptedBackend, size: tuple[int, int] = (100, 30)) -> AsyncIterator[App]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        yield pilot


async def shows(pilot: App, text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


async def gone(pilot: App, text: str) -> None:
    await wait_until(pilot, lambda: text not in screen_text(pilot.app), f"no {text!r}")


async def ask(pilot: App, question: str) -> None:
    await pilot.press(*["space" if letter == " " else letter for letter in question], "enter")
    await shows(pilot, "· stopped")


@pytest.mark.usefixtures("kept")
async def test_a_kept_conversation_is_found_looked_into_and_opened(
    backend: ScriptedBackend,
) -> None:
    backend.mark(LARGE, loaded=True)
    async with chat(backend) as pilot:
        await pilot.press("f3")
        await shows(pilot, "2 conversations")
        await shows(pilot, "Take two eggs.")  # the newest, in the preview
        await pilot.press("slash", *"device")
        await shows(pilot, "1 conversation")
        await shows(pilot, "It runs on the device.")
        await pilot.press("enter", "enter")
        await gone(pilot, "Conversations")
        await shows(pilot, "What is edge AI?")
        # Who answered last goes on.
        await wait_until(pilot, lambda: LARGE in screen_text(pilot.app).splitlines()[2])
        await ask(pilot, "more")
        assert backend.requests[-1].variant_id == LARGE
        assert [one.content for one in backend.requests[-1].messages] == [
            "What is edge AI?", "It runs on the device.", "more",
        ]  # fmt: skip


@pytest.mark.parametrize("key", ["f3", "ctrl+l"])
async def test_without_any_it_says_how_they_come(backend: ScriptedBackend, key: str) -> None:
    async with chat(backend, (80, 24)) as pilot:
        await pilot.press(key)
        await shows(pilot, "No conversation has been kept yet.")
        await pilot.press("x", "e", "r", "u", "enter")
        await shows(pilot, "Nothing was deleted here.")
        await pilot.press("escape")
        await gone(pilot, "No conversation has been kept yet.")


async def test_deleting_is_undone(
    backend: ScriptedBackend, kept: ConversationStore, database: Database
) -> None:
    async with chat(backend) as pilot:
        await pilot.press("f3")
        await shows(pilot, "A recipe")
        await pilot.press("down", "x")
        await shows(pilot, "Deleted: What is edge AI?")
        await shows(pilot, "1 conversation")
        assert [one.id for one in Sessions(database).list()] == ["bbbb2222"]
        await pilot.press("u")
        await shows(pilot, "2 conversations")
        assert len(Sessions(database).list()) == 2


@pytest.mark.usefixtures("kept")
async def test_the_open_conversation_keeps_its_new_name(
    backend: ScriptedBackend, kept: ConversationStore
) -> None:
    async with chat(backend) as pilot:
        await pilot.press("f3")
        await shows(pilot, "2 conversations")
        await pilot.press("enter")
        await shows(pilot, "Take two eggs.")
        await pilot.press("f3")
        await shows(pilot, "2 conversations")
        await pilot.press("r")
        await shows(pilot, "A name of your own")
        await pilot.press("ctrl+u", *"Eggs", "enter")
        await gone(pilot, "A name of your own")
        await pilot.press("escape")
        await gone(pilot, "2 conversations")
        await wait_until(pilot, lambda: "Eggs ·" in screen_text(pilot.app))
        await ask(pilot, "more")
    assert kept.load("bbbb2222").given_title == "Eggs"
    assert len(kept.load("bbbb2222").turns) == 4


@pytest.mark.usefixtures("kept")
async def test_the_open_conversation_that_is_deleted_makes_room_for_a_new_one(
    backend: ScriptedBackend,
) -> None:
    async with chat(backend) as pilot:
        await pilot.press("f3")
        await shows(pilot, "2 conversations")
        await pilot.press("enter")
        await shows(pilot, "Take two eggs.")
        await pilot.press("f3")
        await shows(pilot, "2 conversations")
        await pilot.press("x")
        await shows(pilot, "1 conversation")
        await pilot.press("escape")
        await shows(pilot, "Ask a question")


async def test_what_is_being_written_is_neither_deleted_nor_left(
    backend: ScriptedBackend, kept: ConversationStore
) -> None:
    gate = asyncio.Event()
    backend.answers.append(ScriptedAnswer(("Half", " more"), gate=gate, gate_after=1))
    async with chat(backend) as pilot:
        await pilot.press(*"go", "enter")
        await shows(pilot, "Half")
        await pilot.press("f3")
        await shows(pilot, "3 conversations")
        await pilot.press("x")
        await shows(pilot, "still being written; stop it first")
        await pilot.press("down", "enter")
        await shows(pilot, "stop it, then")
        await pilot.press("escape")
        gate.set()
        await shows(pilot, "Half more")


@pytest.mark.usefixtures("kept")
async def test_a_conversation_is_exported_as_its_file_is_named(
    backend: ScriptedBackend, work: Path
) -> None:
    async with chat(backend, (80, 24)) as pilot:
        await pilot.press("f3")
        await shows(pilot, "2 conversations")
        await pilot.press("e")
        await shows(pilot, "Nothing is overwritten")
        await pilot.press("enter")
        await wait_until(pilot, lambda: (work / "chat-a-recipe-bbbb2222.md").is_file())
        await gone(pilot, "Nothing is overwritten")
        await pilot.press("e")
        await shows(pilot, "chat-a-recipe-bbbb2222-2.md")
        await pilot.press("ctrl+u", *"x.json", "enter")
        await wait_until(pilot, lambda: (work / "x.json").is_file())
    assert json.loads((work / "x.json").read_text())["title"] == "A recipe"


async def test_a_resumed_conversation_is_on_show_at_once(
    backend: ScriptedBackend, kept: ConversationStore
) -> None:
    from dataclasses import replace

    from tui import session as session_module

    load = session_module.load_session

    def opening_session(*arguments: object) -> object:
        return replace(load(*arguments), opening=Opening("chat", "aaaa1111"))  # type: ignore[arg-type]

    with patch("tests.support.app.load_session", opening_session):
        async with running_app(backend) as pilot:
            await shows(pilot, "It runs on the device.")
            await wait_until(pilot, lambda: LARGE in screen_text(pilot.app))


# Copying and saving


async def test_an_answer_without_code_is_copied_at_once(backend: ScriptedBackend) -> None:
    backend.answers.append(words("It runs **here**."))
    async with chat(backend) as pilot:
        await ask(pilot, "hi")
        await pilot.press("escape", "y")
        await shows(pilot, "The answer went to the clipboard of your")
        assert pilot.app.clipboard == "It runs **here**."


async def test_one_of_several_blocks_is_copied(backend: ScriptedBackend) -> None:
    backend.answers.append(words(CODE))
    async with chat(backend, (80, 24)) as pilot:
        await ask(pilot, "hi")
        await pilot.press("escape", "y")
        await shows(pilot, "Copy or save")
        await shows(pilot, "echo hi")
        await pilot.press("2")
        await shows(pilot, "Block 2 went to the clipboard")
        assert pilot.app.clipboard == "echo hi\n"
        await pilot.press("y")
        await shows(pilot, "Copy or save")
        await pilot.press("up", "enter")
        await shows(pilot, "The answer went to the clipboard")
        assert pilot.app.clipboard == CODE


async def test_a_block_is_saved_and_nothing_is_overwritten(
    backend: ScriptedBackend, work: Path
) -> None:
    backend.answers.append(words(CODE))
    (work / "mine.py").write_text("mine")
    async with chat(backend) as pilot:
        await ask(pilot, "hi")
        await pilot.press("escape", "y")
        await shows(pilot, "Copy or save")
        await pilot.press("s")
        await shows(pilot, "block-1.py")
        await pilot.press("enter")
        await shows(pilot, "Written: ")
        assert (work / "block-1.py").read_text() == "print('hi')\n"
        await pilot.press("y")
        await shows(pilot, "Copy or save")
        await pilot.press("s")
        await shows(pilot, "block-1-2.py")
        await pilot.press("ctrl+u", *"mine.py", "enter")
        await shows(pilot, "is there already")
    assert (work / "mine.py").read_text() == "mine"


async def test_the_request_is_shown_and_copied_as_curl(backend: ScriptedBackend) -> None:
    async with chat(backend) as pilot:
        await pilot.press("f8")
        await shows(pilot, "Write a question first")
        await pilot.press(*"Hello", "f8")
        await shows(pilot, "curl -N http://127.0.0.1:5273/v1/chat/completions")
        await shows(pilot, '"content": "Hello"')
        await pilot.press("enter")
        await shows(pilot, "The request went to the clipboard")
        assert pilot.app.clipboard.startswith("curl -N http://127.0.0.1:5273")
        assert backend.requests == []
