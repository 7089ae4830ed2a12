"""The frame: panes, help, palette, leaving, and bad days."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.app import running_app
from tests.support.scripted_backend import ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.actions import PANES
from tui.foundry.errors import BackendUnavailable


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend.with_demo_models()


async def test_digits_switch_panes_and_the_header_says_which(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        for number in ("2", "4", "5", "1", "3"):
            await pilot.press(number)
            name = PANES[int(number) - 1][0]
            await wait_until(pilot, lambda name=name: pilot.app.pane_name == name)  # type: ignore[misc]
            assert f"{number} {dict(PANES)[name]}" in screen_text(pilot.app).splitlines()[0]


@pytest.mark.parametrize("pane", ["1", "2", "4", "5"])
async def test_help_lists_the_keys_of_the_pane(backend: ScriptedBackend, pane: str) -> None:
    async with running_app(backend) as pilot:
        await pilot.press(pane, "question_mark")
        title = PANES[int(pane) - 1][1]
        await wait_until(pilot, lambda: f"Help: {title}" in screen_text(pilot.app))
        assert "esc closes" in screen_text(pilot.app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: f"Help: {title}" not in screen_text(pilot.app))


async def test_the_palette_finds_a_command_by_its_name(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("ctrl+p", *"recommend")
        await wait_until(
            pilot, lambda: "Recommend a model for a task" in screen_text(pilot.app), "the command"
        )


async def test_q_leaves_and_closes_the_backend(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("q")
        await wait_until(pilot, lambda: pilot.app._exit, "the end")
        assert pilot.app.return_value == 0
    assert backend.closed >= 1


async def test_leaving_asks_while_a_job_runs(backend: ScriptedBackend) -> None:
    backend.load_gate = asyncio.Event()
    async with running_app(backend) as pilot:
        await pilot.press("enter")
        await wait_until(pilot, lambda: bool(pilot.app.store.state.active_jobs))
        await pilot.press("q")
        await wait_until(pilot, lambda: "Still running" in screen_text(pilot.app))
        await pilot.press("n")
        await wait_until(pilot, lambda: "Still running" not in screen_text(pilot.app))
        assert not pilot.app._exit
        backend.load_gate.set()


async def test_a_tiny_terminal_says_so_and_nothing_is_lost(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(40, 10)) as pilot:
        await wait_until(pilot, lambda: "40x10 is too small" in screen_text(pilot.app))
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: "demo-small" in screen_text(pilot.app))
        assert "too small" not in screen_text(pilot.app)


async def test_broken_settings_are_said_with_their_line_and_kept(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('theme = "foundry-dark"\nbackend = [\n', "utf-8")
    async with running_app(backend, config_file=file) as pilot:
        await wait_until(pilot, lambda: "line" in screen_text(pilot.app), "a line number")
        assert "config.toml" in screen_text(pilot.app)
        assert "demo-small" in screen_text(pilot.app)
    assert file.read_text("utf-8") == 'theme = "foundry-dark"\nbackend = [\n'


async def test_a_broken_registry_is_said_with_its_line_and_kept(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    file.write_text('[{"name": ]', "utf-8")
    async with running_app(backend, models_file=file) as pilot:
        await wait_until(pilot, lambda: "line 1, column" in screen_text(pilot.app))
        assert "demo-small" in screen_text(pilot.app)
    assert file.read_text("utf-8") == '[{"name": ]'


async def test_keys_can_be_changed(backend: ScriptedBackend, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\n"catalog.filter" = "f6"\n', "utf-8")
    async with running_app(backend, config_file=file) as pilot:
        await wait_until(pilot, lambda: "f6 filter" in screen_text(pilot.app))
        await pilot.press("f6")
        await wait_until(pilot, lambda: "Show only" in screen_text(pilot.app))


async def test_a_backend_that_fails_can_be_tried_again() -> None:
    error = BackendUnavailable("Nothing answers at 127.0.0.1:9.", "Start the server.")
    async with running_app(error) as pilot:
        await wait_until(pilot, lambda: "Nothing answers" in screen_text(pilot.app))
        await pilot.press("R")
        await wait_until(pilot, lambda: "Start the server." in screen_text(pilot.app))
        assert pilot.app.store.state.connection in ("connecting", "failed")


async def test_a_runtime_that_was_started_again_is_said(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        backend.change("The runtime ended by itself; it was started again.", pid=4711)
        await wait_until(pilot, lambda: "started again" in screen_text(pilot.app))


async def test_keys_take_effect_in_the_order_of_typing(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        from textual import events

        for key in ("slash", "l", "a", "r", "g", "e", "enter", "c"):
            character = key if len(key) == 1 else None
            pilot.app.post_message(events.Key("slash" if key == "slash" else key, character))
        await wait_until(pilot, lambda: pilot.app.pane_name == "chat", "the chat")
        await wait_until(pilot, lambda: "demo-large-generic-cpu" in screen_text(pilot.app))
