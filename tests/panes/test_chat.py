"""The chat pane, as a person sees it, on a scripted backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.support.app import running_app
from tests.support.scripted_backend import BIG, LARGE, SMALL, ScriptedAnswer, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.foundry.errors import ContextExceeded, LoadFailed, StreamBroken
from tui.paths import Paths
from tui.widgets.prompt import Prompt

App = Pilot[int]


@asynccontextmanager
async def chat(backend: ScriptedBackend, size: tuple[int, int] = (100, 30)) -> AsyncIterator[App]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        yield pilot


async def expect_text(pilot: App, text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


async def ask(pilot: App, question: str) -> None:
    await pilot.press(*["space" if letter == " " else letter for letter in question], "enter")


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    return backend


async def test_an_answer_streams_with_its_figures(backend: ScriptedBackend) -> None:
    backend.answers.append(words("Edge AI **runs** here.", ttft_s=0.05, itl_s=0.01))
    async with chat(backend) as pilot:
        await ask(pilot, "what is edge AI")
        await expect_text(pilot, "Edge AI runs here.")
        await expect_text(pilot, "TTFT 50 ms")
        await expect_text(pilot, "100 tok/s")
        await expect_text(pilot, "stopped by itself")
        assert "what is edge AI" in screen_text(pilot.app)


async def test_every_letter_typed_stays_in_the_field(backend: ScriptedBackend) -> None:
    async with chat(backend) as pilot:
        await pilot.press(*"q12jk", "question_mark", "slash", "J")
        assert pilot.app.query_one(Prompt).text == "q12jk?/J"
        await pilot.press("ctrl+j", "x")
        assert pilot.app.query_one(Prompt).text == "q12jk?/J\nx"


async def test_the_last_line_names_the_keys_that_work_where_the_focus_is(
    backend: ScriptedBackend,
) -> None:
    def last_line(pilot: App) -> str:
        return screen_text(pilot.app).splitlines()[-1]

    async with chat(backend, size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: "enter send" in last_line(pilot), "the field's keys")
        assert "f1 help" in last_line(pilot)
        await pilot.press("x", "escape")
        await wait_until(pilot, lambda: "enter write" in last_line(pilot), "the pane's keys")
        assert "enter send" not in last_line(pilot)
        assert "? help" in last_line(pilot)
        await pilot.press("enter", "f1")
        await expect_text(pilot, "Help: Chat")
        text = str(pilot.app.screen.query_one("HelpDialog .box > Static", Static).content)
        assert "Everywhere" in text
        assert "In a list" not in text
        await pilot.press("f1", "y")
        assert pilot.app.query_one(Prompt).text == "xy"


async def test_what_to_do_first_is_told_whole_on_a_very_small_terminal(
    backend: ScriptedBackend,
) -> None:
    async with chat(backend, size=(60, 20)) as pilot:
        for told in ("ctrl+t takes another.", "side by side.", "1 to 5 switch panes."):
            await expect_text(pilot, told)


async def test_help_is_set_in_two_columns(backend: ScriptedBackend) -> None:
    async with chat(backend, size=(80, 24)) as pilot:
        await pilot.press("f1")
        await expect_text(pilot, "Help: Chat")
        lines = screen_text(pilot.app).splitlines()
        keys = next(number for number, line in enumerate(lines) if "ctrl+j" in line)
        column = next(line for line in lines if "Send the question." in line).index("Send")
        assert lines[keys + 1].index("Start a new line") == column


async def test_a_page_up_in_the_text_field_scrolls_while_an_answer_grows(
    backend: ScriptedBackend,
) -> None:
    gate = asyncio.Event()
    lines = "".join(f"line {number}\n\n" for number in range(60))
    backend.answers.append(ScriptedAnswer((lines, "line 60\n\n"), gate=gate, gate_after=1))
    async with chat(backend, size=(80, 24)) as pilot:
        await ask(pilot, "many")
        await expect_text(pilot, "line 59")
        await pilot.press("x", "pageup", "pageup")
        await wait_until(pilot, lambda: "line 59" not in screen_text(pilot.app), "a page before")
        gate.set()
        await wait_until(pilot, lambda: not backend.open_chats, "the end")
        await pilot.pause()
        assert "line 60" not in screen_text(pilot.app)
        await pilot.press("pagedown", "pagedown", "pagedown")
        await expect_text(pilot, "line 60")
        assert pilot.app.query_one(Prompt).text == "x"


async def test_the_cursor_of_the_text_field_stays_without_blinking(
    backend: ScriptedBackend,
) -> None:
    async with chat(backend) as pilot:
        prompt = pilot.app.query_one(Prompt)
        assert prompt.has_focus
        assert not prompt.cursor_blink  # each blink is some hundred bytes over SSH


async def test_esc_stops_an_answer_and_keeps_what_came(
    backend: ScriptedBackend, paths: Paths
) -> None:
    backend.answers.append(ScriptedAnswer(("Half", " more"), gate=asyncio.Event(), gate_after=1))
    async with chat(backend) as pilot:
        await ask(pilot, "go on")
        await expect_text(pilot, "Half")
        await pilot.press("escape")
        await expect_text(pilot, "stopped by you")
        assert "Half" in screen_text(pilot.app)
    store = ConversationStore(Database(paths.database))
    (summary,) = store.list()
    turns = store.load(summary.id).turns
    assert [turn.content for turn in turns] == ["go on", "Half"]
    assert turns[1].figures["ended"] == "user"


async def test_a_broken_answer_is_kept_and_explained(backend: ScriptedBackend) -> None:
    backend.answers.append(
        ScriptedAnswer(("Some",), error=StreamBroken("The connection broke.", "Try again."))
    )
    async with chat(backend) as pilot:
        await ask(pilot, "hello")
        await expect_text(pilot, "The connection broke.")
        await expect_text(pilot, "Try again.")
        assert "Some" in screen_text(pilot.app)


async def test_a_question_that_is_too_long_comes_back_into_the_field(
    backend: ScriptedBackend,
) -> None:
    backend.answers.append(
        ScriptedAnswer((), error=ContextExceeded("The prompt is too long.", "Shorten it."))
    )
    async with chat(backend) as pilot:
        await ask(pilot, "a very long text")
        await expect_text(pilot, "The prompt is too long.")
        assert pilot.app.query_one(Prompt).text == "a very long text"


async def test_a_model_on_disk_is_loaded_first(backend: ScriptedBackend) -> None:
    backend.mark(SMALL, loaded=False)
    backend.load_gate = asyncio.Event()
    backend.answers.append(words("I am here."))
    async with chat(backend) as pilot:
        await ask(pilot, "hi")
        await expect_text(pilot, "loading the model")
        backend.load_gate.set()
        await expect_text(pilot, "I am here.")


async def test_a_load_that_fails_gives_the_question_back(backend: ScriptedBackend) -> None:
    backend.mark(SMALL, loaded=False)
    backend.fail("load", LoadFailed("The file is cut off.", "Import it again."))
    async with chat(backend) as pilot:
        await ask(pilot, "hi")
        await expect_text(pilot, "The file is cut off.")
        await wait_until(pilot, lambda: pilot.app.query_one(Prompt).text == "hi")


async def test_another_model_answers_from_the_choice_on(backend: ScriptedBackend) -> None:
    backend.mark(LARGE, loaded=True)
    async with chat(backend) as pilot:
        await expect_text(pilot, SMALL)
        await pilot.press("ctrl+t")
        await expect_text(pilot, "Which model answers?")
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: LARGE in screen_text(pilot.app).splitlines()[2])
        await ask(pilot, "hi")
        await expect_text(pilot, "script.")
        assert backend.requests[-1].variant_id == LARGE


async def test_a_model_is_downloaded_for_the_conversation_with_its_progress_in_place(
    backend: ScriptedBackend,
) -> None:
    backend.download_gate = asyncio.Event()
    async with chat(backend) as pilot:
        await ask(pilot, "hi")
        await expect_text(pilot, "script.")
        await pilot.press("ctrl+t", *"phi", "down")
        await expect_text(pilot, "to download")
        await pilot.press("up", "enter")
        await expect_text(pilot, "It has to be downloaded first of 5.0 GB: enter again starts")
        assert "download" not in " ".join(backend.calls)
        await pilot.press("enter")
        await expect_text(pilot, "f8 cancels it")
        await wait_until(pilot, lambda: f"download {BIG}" in backend.calls)
        backend.download_gate.set()
        await wait_until(pilot, lambda: BIG in screen_text(pilot.app).splitlines()[2])
        assert "Which model" not in screen_text(pilot.app)
        await ask(pilot, "and now")
        await wait_until(pilot, lambda: len(backend.requests) == 2)
        assert backend.requests[-1].variant_id == BIG
        contents = [message.content for message in backend.requests[-1].messages]
        assert contents == ["hi", "Hello from the script.", "and now"]


async def test_a_download_that_is_cancelled_leaves_the_choice_open(
    backend: ScriptedBackend,
) -> None:
    backend.download_gate = asyncio.Event()
    async with chat(backend) as pilot:
        await pilot.press("ctrl+t", *"phi", "enter", "enter")
        await wait_until(pilot, lambda: f"download {BIG}" in backend.calls)
        await expect_text(pilot, "f8 cancels it")
        await pilot.press("f8")
        await expect_text(pilot, "Cancelled.")
        await pilot.press("escape")
        await wait_until(pilot, lambda: SMALL in screen_text(pilot.app).splitlines()[2])


async def test_hostile_text_is_only_text(backend: ScriptedBackend) -> None:
    backend.answers.append(ScriptedAnswer(("\x1b]0;owned\x07\x1b[2J", "[red]plain[/red]")))
    async with chat(backend) as pilot:
        await ask(pilot, "hi")
        await expect_text(pilot, "[red]plain[/red]")
        assert "\x1b" not in screen_text(pilot.app)


async def test_a_new_conversation_keeps_the_old_one(backend: ScriptedBackend, paths: Paths) -> None:
    async with chat(backend) as pilot:
        await ask(pilot, "first question")
        await expect_text(pilot, "stopped by itself")
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: "first question" not in screen_text(pilot.app))
    assert [one.title for one in ConversationStore(Database(paths.database)).list()] == [
        "first question"
    ]


async def test_a_silent_stream_says_for_how_long(
    backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.panes.chat.answering.QUIET_S", 0.0)
    gate = asyncio.Event()
    backend.answers.append(ScriptedAnswer(("Half", " more"), gate=gate, gate_after=1))
    async with running_app(backend) as pilot:
        await pilot.press("3")
        await ask(pilot, "Hi")
        await expect_text(pilot, "◐ nothing came for 1 s · esc stops")
        gate.set()
        await expect_text(pilot, "Half more")
        await expect_text(pilot, "TTFT")
        assert "nothing came" not in screen_text(pilot.app)
