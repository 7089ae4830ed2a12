"""The same question to several models, as a person sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from tests.support.app import running_app
from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.foundry.errors import LoadFailed, StreamBroken
from tui.foundry.types import Capability
from tui.panes.chat.compare import CompareScreen
from tui.paths import Paths
from tui.widgets.prompt import Prompt

App = Pilot[int]


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    return backend


@asynccontextmanager
async def side_by_side(
    backend: ScriptedBackend, size: tuple[int, int] = (80, 24), question: str = "hi"
) -> AsyncIterator[App]:
    """Choose both demo models, with a question in the text field."""
    async with running_app(backend, size=size) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        await pilot.press(*question, "f4")
        await shows(pilot, "space chooses")
        await pilot.press("enter")
        await shows(pilot, "One after the other, each with the machine to itself")
        yield pilot


async def shows(pilot: App, text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


def halves(pilot: App) -> tuple[str, str]:
    """Return the text of the left and of the right column at 80 columns."""
    lines = screen_text(pilot.app).splitlines()
    return "\n".join(line[:39] for line in lines), "\n".join(line[40:] for line in lines)


def kept(paths: Paths) -> list[tuple[str, ...]]:
    database = Database(paths.database)
    store = ConversationStore(database)
    found = [
        tuple(turn.content for turn in store.load(one.id).turns) for one in reversed(store.list())
    ]
    database.close()
    return found


async def test_two_models_answer_beside_each_other_with_their_figures(
    backend: ScriptedBackend, paths: Paths
) -> None:
    backend.say(words("I am small.", ttft_s=0.05, itl_s=0.01), words("I am large.", ttft_s=0.2))
    async with side_by_side(backend) as pilot:
        assert SMALL in halves(pilot)[0]
        assert LARGE in halves(pilot)[1]
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("stopped by itself") == 2, "both ends"
        )
        left, right = halves(pilot)
        assert "I am small." in left
        assert "I am large." in right
        assert "TTFT   50 ms" in left
        assert "decode 100 tok/s" in left
        assert "tokens 3  stopped by itself" in left
        assert "TTFT   200 ms" in right
        # Asked in turn: the second is loaded when the first has ended.
        asked = [call for call in backend.calls if call.startswith(("chat", "load"))]
        assert asked == [f"load {SMALL}", f"chat {SMALL}", f"load {LARGE}", f"chat {LARGE}"]
        # A second question goes on with what each has said itself.
        await pilot.press(*"more", "enter")
        await wait_until(pilot, lambda: len(backend.requests) == 4, "the second question")
        assert [one.content for one in backend.requests[-1].messages] == [
            "hi", "I am large.", "more",
        ]  # fmt: skip
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("stopped by itself") == 2, "both ends"
        )
    assert kept(paths) == [
        ("hi", "I am small.", "more", "Hello from the script."),
        ("hi", "I am large.", "more", "Hello from the script."),
    ]


async def test_at_once_they_stream_together_and_esc_stops_both(
    backend: ScriptedBackend, paths: Paths
) -> None:
    gate = asyncio.Event()
    backend.default_answer = ScriptedAnswer(("Half", " more"), gate=gate, gate_after=1)
    async with side_by_side(backend) as pilot:
        await pilot.press("ctrl+o")
        await shows(pilot, "All at once: they share the machine")
        await pilot.press("enter")
        await wait_until(pilot, lambda: all("Half" in half for half in halves(pilot)), "both")
        await shows(pilot, "esc stop")
        await pilot.press("ctrl+o")
        await shows(pilot, "They still answer; esc stops them.")
        await pilot.press("escape")
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("stopped by you") == 2, "both ends"
        )
        assert backend.open_chats == 0
    assert kept(paths) == [("hi", "Half"), ("hi", "Half")]


async def test_one_that_fails_says_why_and_the_other_answers(backend: ScriptedBackend) -> None:
    backend.fail("load", LoadFailed("The file is cut off.", "Import it again."))
    backend.say(ScriptedAnswer(("Some",), error=StreamBroken("The server broke off.", "Again.")))
    async with side_by_side(backend) as pilot:
        # Loading is asked for both; the one in memory already needs none, so it is the first.
        await pilot.press("enter")
        await shows(pilot, "The file is cut off.")
        await shows(pilot, "Some")
        await shows(pilot, "The server broke off.")
        assert screen_text(pilot.app).count("broke off") >= 2
        await pilot.press("ctrl+r")
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("stopped by itself") == 2, "a second try"
        )


async def test_an_endpoint_that_neither_loads_nor_counts(paths: Paths) -> None:
    why = "this server loads its models by itself"
    backend = ScriptedBackend.with_demo_models(
        kind="endpoint", unavailable={Capability.LOAD: why, Capability.DOWNLOAD: why}
    )
    for variant in (SMALL, LARGE):
        backend.mark(variant, loaded=True)
    backend.default_answer = ScriptedAnswer(output_tokens=None, input_tokens=None)
    async with side_by_side(backend) as pilot:
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("~5  stopped by itself") == 2, "both ends"
        )
        assert not [call for call in backend.calls if call.startswith("load")]


async def test_leaving_while_they_answer_stops_and_keeps_them(
    backend: ScriptedBackend, paths: Paths
) -> None:
    gate = asyncio.Event()
    backend.default_answer = ScriptedAnswer(("Half", " more"), gate=gate, gate_after=1)
    async with side_by_side(backend) as pilot:
        await pilot.press("enter")
        await shows(pilot, "Half")
        pilot.app.exit()
    assert kept(paths)[0] == ("hi", "Half")


async def test_the_models_and_the_question_go_into_a_benchmark(backend: ScriptedBackend) -> None:
    async with side_by_side(backend, (100, 30)) as pilot:
        await pilot.press("f5")
        await shows(pilot, "your question")
        await shows(pilot, "2 chosen")
        assert pilot.app.store.state.marked == {SMALL, LARGE}  # type: ignore[attr-defined]
        await pilot.press("plus")
        assert pilot.app.store.state.bench_question == "hi"  # type: ignore[attr-defined]


async def test_esc_goes_back_to_the_chat(backend: ScriptedBackend) -> None:
    async with side_by_side(backend) as pilot:
        await pilot.press("escape", "escape")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, CompareScreen), "the chat")
        await shows(pilot, "3 Chat")


async def test_three_fit_into_200_columns_and_no_more_can_be_chosen(
    backend: ScriptedBackend,
) -> None:
    for variant in ("phi-4-mini-cpu:5", "phi-4-mini-gpu:5"):
        backend.mark(variant, cached=True)
    async with running_app(backend, size=(200, 50)) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        await pilot.press(*"hi", "f4")
        await shows(pilot, "space chooses")
        await pilot.press("down", "down", "space", "space")
        await shows(pilot, "No more than 3 fit side by side")
        await pilot.press("enter")
        await shows(pilot, "One after the other")
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("stopped by itself") == 3, "all ends"
        )
        line = next(one for one in screen_text(pilot.app).splitlines() if "TTFT" in one)
        assert line.count("TTFT   50 ms") == 3


async def test_one_model_is_not_enough(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(80, 24)) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: bool(pilot.app.query(Prompt)), "the chat pane")
        await pilot.press("f4")
        await shows(pilot, "space chooses")
        await pilot.press("space", "enter")
        await shows(pilot, "Choose at least two with space.")


async def test_an_answer_is_copied_by_key_from_its_column_or_from_the_text_field(
    backend: ScriptedBackend,
) -> None:
    backend.say(words("I am small."), words("I am **large**."))
    async with side_by_side(backend) as pilot:
        await pilot.press("ctrl+y")
        await shows(pilot, "There is no answer to copy yet.")
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: screen_text(pilot.app).count("stopped by itself") == 2, "both ends"
        )
        await pilot.press("ctrl+y")
        await shows(pilot, "Copy whose answer?")
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: pilot.app.clipboard == "I am **large**.", "the copy")
        await shows(pilot, "The answer of demo-large")
        await pilot.press("escape", "y")
        await wait_until(pilot, lambda: pilot.app.clipboard == "I am small.", "the other")
