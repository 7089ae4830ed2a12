"""The dialogs of the frame: jobs and their logs, the service, other backends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.app import running_app
from tests.support.scripted_backend import BIG, SMALL, ScriptedAnswer, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.connect import Target
from tui.foundry.errors import FoundryError
from tui.foundry.types import Capability, LoadResult, Progress


class TalkingBackend(ScriptedBackend):
    """Runs by a command of its own, which prints what it does."""

    gate: asyncio.Event

    async def run(self, variant_id: str, on_progress: ProgressCallback) -> LoadResult:
        self.calls.append(f"run {variant_id}")
        on_progress(Progress(line=f"Downloading {variant_id}..."))
        for percent in (10, 40, 80):
            bar = f"[###   ] {percent} % \x1b[31m12.5 MB/s"
            on_progress(Progress(percent / 100, percent, 100, line=bar))
        on_progress(Progress(message="loading", line="🕛 Loading model..."))
        await self.gate.wait()
        on_progress(Progress(line="🟢 loaded successfully"))
        self.mark(variant_id, cached=True, loaded=True)
        return LoadResult(variant_id, 0.25, None)


async def shown(pilot: Pilot[int], *texts: str) -> None:
    await wait_until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), texts[0])


async def test_the_lines_of_a_run_are_followed_in_its_log() -> None:
    backend = TalkingBackend.with_demo_models()
    assert isinstance(backend, TalkingBackend)
    backend.gate = asyncio.Event()
    async with running_app(backend) as pilot:
        await pilot.press("enter")
        await pilot.press("L")
        await shown(pilot, "Downloading", "80 %", "🕛 Loading model...", "running")
        text = screen_text(pilot.app)
        assert "10 %" not in text  # a bar is shown in its last state
        assert "12.5 MB/s" in text
        backend.gate.set()
        await shown(pilot, "loaded successfully", ": done")
        await pilot.press("escape", "J")
        await shown(pilot, "enter shows its log")
        await pilot.press("enter")
        await shown(pilot, "loaded successfully")


async def test_a_job_without_a_log_says_so_and_so_does_none_at_all() -> None:
    backend = ScriptedBackend.with_demo_models()
    async with running_app(backend) as pilot:
        await pilot.press("L")
        await shown(pilot, "No job has run yet")
        await pilot.press("l")
        await wait_until(
            pilot,
            lambda: (
                f"load {SMALL}" in "".join(backend.calls)
                or any(call.startswith("load") for call in backend.calls)
            ),
            "a load",
        )
        await pilot.press("L")
        await shown(pilot, "Nothing was printed")


async def test_the_log_can_cancel_its_job() -> None:
    backend = ScriptedBackend.with_demo_models()
    backend.download_gate = asyncio.Event()
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"phi", "enter")
        await pilot.press("d", "L")
        await shown(pilot, "running")
        await pilot.press("x")
        await shown(pilot, "cancelled")
        assert any(call.startswith("download") for call in backend.calls)


async def test_the_service_is_shown_and_restarted() -> None:
    backend = ScriptedBackend.with_demo_models(kind="foundry")
    async with running_app(backend) as pilot:
        await pilot.press("S")
        await shown(pilot, "scripted: status done", "s start")
        await pilot.press("r")
        await shown(pilot, "scripted: restart done")
        await pilot.press("x", "l")
        await shown(pilot, "scripted: logs done")
        assert [call for call in backend.calls if call.startswith("service")] == [
            "service status", "service restart", "service stop", "service logs",
        ]  # fmt: skip
        backend.fail("service", FoundryError("It will not.", "Ask again."))
        await pilot.press("s")
        await shown(pilot, "It will not.")


async def test_a_backend_without_a_service_says_why_and_can_be_probed() -> None:
    why = "It has none of its own."
    backend = ScriptedBackend.with_demo_models(unavailable={Capability.SERVICE: why})
    backend.mark(SMALL, loaded=True)
    async with running_app(backend) as pilot:
        await pilot.press("S", "r")
        await shown(pilot, why)
        await pilot.press("p")
        await shown(pilot, f"{SMALL} answered after")
        assert not [call for call in backend.calls if call.startswith("service")]


async def test_no_probe_while_an_answer_runs() -> None:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    gate = asyncio.Event()
    backend.say(ScriptedAnswer(gate=gate))
    async with running_app(backend) as pilot:
        await pilot.press("3", *"Hi", "enter")
        await wait_until(pilot, lambda: backend.open_chats == 1, "the answer")
        await pilot.app.run_action("show_service")
        await pilot.press("p")
        await shown(pilot, "An answer is being written")
        assert len(backend.requests) == 1
        gate.set()
        await wait_until(pilot, lambda: backend.open_chats == 0, "its end")
        await pilot.press("p")
        await shown(pilot, f"{SMALL} answered after")


async def test_another_backend_is_taken_by_key(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[endpoints.box]\nurl = "http://127.0.0.1:9000"\n')
    first, second = ScriptedBackend.with_demo_models(), ScriptedBackend.with_demo_models()
    second.change("", kind="endpoint", endpoint="http://127.0.0.1:9000")
    asked: list[Target] = []

    async with running_app(first, config_file=config) as pilot:

        async def connect(target: Target, _settings: object) -> Backend:
            asked.append(target)
            return second

        with patch("tui.foundry.connect.connect", connect):
            await pilot.press("B")
            await shown(pilot, "Models come from", "box", "http://127.0.0.1:9000")
            await pilot.press("G", "enter")
            await shown(pilot, "127.0.0.1:9000")
        await wait_until(pilot, lambda: first.closed == 1, "the old one to be let go")
        assert asked[0].endpoint_url == "http://127.0.0.1:9000"
        first.change("a word from the old one")
        await shown(pilot, "demo-small")
        assert "a word from the old one" not in screen_text(pilot.app)


async def test_the_backend_stays_while_a_job_runs() -> None:
    backend = ScriptedBackend.with_demo_models()
    backend.load_gate = asyncio.Event()
    async with running_app(backend) as pilot:
        await pilot.press("l", "B")
        await shown(pilot, "A job still runs")
        backend.load_gate.set()


async def test_the_cache_is_moved_by_key(tmp_path: Path) -> None:
    backend = ScriptedBackend.with_demo_models()
    async with running_app(backend) as pilot:
        await pilot.press("2", "m")
        await shown(pilot, "Move the cache", "Now: /scripted/models")
        await pilot.press(*"/no/where/at/all", "enter")
        await shown(pilot, "There is no directory")
        assert not [call for call in backend.calls if call.startswith("move_cache")]
        await pilot.press("escape", "m")
        await shown(pilot, "New directory")
        pilot.app.screen.query_one("#folder", Input).value = str(tmp_path)
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: f"move_cache {tmp_path}" in backend.calls, "the cache to move"
        )
        assert BIG not in screen_text(pilot.app)
