"""What a person reads when the server breaks off, stops or answers nonsense, and the way on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedAnswer, ScriptedBackend
from tests.support.scripted_server import (
    Step,
    delta,
    event,
    head,
    http_chunk,
    json_answer,
    model_list,
    serving,
    stream,
    text_answer,
)
from tests.support.waiting import screen_text, wait_until
from tui.foundry.endpoint.backend import EndpointBackend
from tui.panes.chat.pane import ChatPane
from tui.system.sampler import ProcessSample, Sample
from tui.widgets.prompt import Prompt

HALF: list[Step] = [head(kind="text/event-stream"), event(delta("Half of"))]
FAULTS: dict[str, tuple[Sequence[Step], str]] = {
    "reset": ([*HALF, 0.05, "reset"], "The connection broke in the middle of the answer."),
    "no end": ([*HALF, b"0\r\n\r\n"], "The answer broke off: the server ended it without a"),
    "half a JSON": (
        [*HALF, http_chunk(b'data: {"choices": [{"del\n\n'), b"0\r\n\r\n"],
        "a piece of the answer that is not valid JSON.",
    ),
    "an error inside": (
        [*HALF, event({"error": {"message": "out of memory"}}), b"0\r\n\r\n"],
        "out of memory",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_came_stays_with_the_reason_and_one_key_tries_again(fault: str) -> None:
    script, sentence = FAULTS[fault]
    answers = iter([script, stream(("All", " of it."))])
    async with serving(
        {
            "/v1/models": model_list("phi"),
            "/v1/chat/completions": lambda _: next(answers),
        }
    ) as server:
        backend = EndpointBackend(server.url, None, "")
        async with running_app(backend, size=(110, 30)) as pilot:
            await ask(pilot)
            await wait_until(pilot, lambda: sentence in screen_text(pilot.app), sentence)
            await wait_until(pilot, lambda: "ctrl+r tries again" in screen_text(pilot.app))
            assert "Half of" in screen_text(pilot.app)
            pane = pilot.app.query_one(ChatPane)
            await wait_until(pilot, lambda: not pane.busy)
            await pilot.press("ctrl+r")
            await wait_until(pilot, lambda: "All of it." in screen_text(pilot.app))
            assert [turn.content for turn in pane.conversation.tree] == [
                "q",
                "Half of",
                "All of it.",
            ]


NOTHING: dict[str, tuple[Sequence[Step], str]] = {
    "HTML": (text_answer("<html>hi</html>", 200, "text/html"), "model server"),
    "a refusal": (json_answer({"error": {"message": "no room"}}, 503), "no room"),
    "closed": (["close"], "closed the connection before it answered"),
}


@pytest.mark.parametrize("fault", NOTHING)
async def test_with_nothing_to_keep_the_question_stays_and_one_key_tries_again(fault: str) -> None:
    script, sentence = NOTHING[fault]
    answers = iter([script, stream(("All", " of it."))])
    async with (
        serving(
            {
                "/v1/models": model_list("phi"),
                "/v1/chat/completions": lambda _: next(answers),
            }
        ) as server,
        running_app(EndpointBackend(server.url, None, ""), size=(110, 30)) as pilot,
    ):
        await ask(pilot)
        await wait_until(pilot, lambda: sentence in screen_text(pilot.app), sentence)
        pane = pilot.app.query_one(ChatPane)
        await wait_until(pilot, lambda: not pane.busy)
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: "All of it." in screen_text(pilot.app))
        assert [turn.content for turn in pane.conversation.tree] == ["q", "All of it."]


@pytest.mark.parametrize(("percent", "told"), [(97.0, True), (1.0, False)])
async def test_a_server_that_goes_on_after_a_stop_is_said_to_do_so(
    percent: float, told: bool
) -> None:

    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    backend.answers.append(ScriptedAnswer(("Half", "."), gate=asyncio.Event(), gate_after=1))
    async with running_app(backend, size=(110, 30)) as pilot:
        await ask(pilot)
        await wait_until(pilot, lambda: "Half" in screen_text(pilot.app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "stopped by you" in screen_text(pilot.app))
        pane = pilot.app.query_one(ChatPane)
        await wait_until(pilot, lambda: not pane.store.state.answering)
        watch = pane._after_stop
        assert watch is not None
        for after_s in (0.5, 2.0, 3.0, 4.0):
            process = ProcessSample(4711, "server", percent, None, None)
            sample = Sample(watch._stopped_s + after_s, processes=(process,))
            pane.look_after_stop(replace(pane.store.state, sample=sample))
        await pilot.pause()
        sentence = "The server went on computing after the stop (97 % of a core 4 s later)"
        assert (sentence in screen_text(pilot.app)) is told


async def ask(pilot: Pilot[int]) -> None:
    app = pilot.app
    await pilot.press("3")
    await wait_until(pilot, lambda: bool(app.query(Prompt)))
    await pilot.press("q", "enter")
