"""The catalog pane, as a person sees it, on a scripted backend."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.support.app import running_app
from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, demo_models
from tests.support.waiting import screen_text, wait_until
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.targets import Target
from tui.catalog.snapshot import snapshot
from tui.database import Database
from tui.foundry.errors import BackendUnavailable, ContextExceeded, LoadFailed
from tui.foundry.merge import models_of
from tui.panes.catalog.wording import notice_text
from tui.panes.chat.pane import ChatPane
from tui.store import State
from tui.widgets.table import Table

REGISTRY = Path(__file__).parent.parent.parent / "models.json"


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend.with_demo_models()


def line_with(pilot: object, text: str) -> str:
    lines = screen_text(pilot.app).splitlines()  # type: ignore[attr-defined]
    return next((line for line in lines if text in line), "")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_models_stand_with_size_fit_and_state(
    backend: ScriptedBackend, size: tuple[int, int]
) -> None:
    async with running_app(backend, size=size, models_file=REGISTRY) as pilot:
        await wait_until(pilot, lambda: "fits" in line_with(pilot, "demo-small"), "a verdict")
        line = line_with(pilot, "demo-small")
        assert "(demo)" in line
        assert "2.1 MB" in line
        assert "cached" in line
        assert "registry" in line_with(pilot, "qwen2.5-7b")


async def test_typing_narrows_the_list_and_esc_brings_it_back(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"large")
        await wait_until(pilot, lambda: "1 of 3 models" in screen_text(pilot.app))
        assert "demo-small" not in screen_text(pilot.app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: "3 of 3 models" in screen_text(pilot.app))


async def test_letters_behind_a_search_are_no_commands(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"quit")
        await wait_until(pilot, lambda: "Nothing matches 'quit'" in screen_text(pilot.app))
        assert pilot.app.is_running


async def test_enter_runs_and_u_unloads(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"small", "enter", "enter")
        await wait_until(pilot, lambda: "● demo-small" in screen_text(pilot.app), "it to load")
        await pilot.press("u")
        await wait_until(pilot, lambda: "cached" in line_with(pilot, "demo-small (demo)"))
        assert f"unload {SMALL}" in backend.calls


async def test_a_model_that_does_not_load_says_why_and_what_to_do(
    backend: ScriptedBackend,
) -> None:
    backend.fail("load", LoadFailed("model.onnx is cut short.", "Delete it and fetch it again."))
    async with running_app(backend) as pilot:
        await pilot.press("enter")
        await wait_until(pilot, lambda: "model.onnx is cut short." in screen_text(pilot.app))
        assert "Delete it and fetch it again." in screen_text(pilot.app)


async def test_a_download_shows_its_progress_and_can_be_cancelled(
    backend: ScriptedBackend,
) -> None:
    backend.download_gate = asyncio.Event()
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"phi", "enter", "d")
        await wait_until(pilot, lambda: "download" in screen_text(pilot.app).splitlines()[1])
        await pilot.press("J")
        await wait_until(pilot, lambda: "cancel" in screen_text(pilot.app).casefold())
        await pilot.press("x", "escape")
        await wait_until(pilot, lambda: not pilot.app.store.state.active_jobs, "it to stop")


async def test_c_runs_the_model_and_opens_the_chat(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"small", "enter", "c")
        await wait_until(pilot, lambda: bool(pilot.app.query(ChatPane)), "the chat")
        await wait_until(pilot, lambda: f"{SMALL} · CPU" in screen_text(pilot.app))


async def test_marked_models_are_chosen_in_the_benchmark(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("space", "space", "b")
        await wait_until(pilot, lambda: "2 chosen" in screen_text(pilot.app), "the bench pane")


async def test_a_model_is_recommended_for_a_task(backend: ScriptedBackend) -> None:
    async with running_app(backend, models_file=REGISTRY) as pilot:
        await pilot.press("r")
        await wait_until(pilot, lambda: "Recommend a model for" in screen_text(pilot.app))
        await wait_until(pilot, lambda: "First of the entries for" in screen_text(pilot.app))


async def test_without_a_backend_it_says_what_to_install() -> None:
    error = BackendUnavailable("There is no backend.", "pip install 'foundry-tui[runtime]'")
    async with running_app(error) as pilot:
        await wait_until(pilot, lambda: "There is no backend." in screen_text(pilot.app))
        assert "pip install 'foundry-tui[runtime]'" in screen_text(pilot.app)
        assert "no backend" in screen_text(pilot.app).splitlines()[0]


async def test_an_empty_catalog_says_what_to_do() -> None:
    async with running_app(ScriptedBackend(kind="endpoint")) as pilot:
        await wait_until(pilot, lambda: "R" in screen_text(pilot.app), "a hint")
        assert "0 of 0 models" in screen_text(pilot.app)


async def test_a_line_that_was_not_understood_is_listed_as_unread() -> None:
    line = "otter-4  XPU  chat  eight GB"
    (lost,) = models_of([], not_understood=[line])
    backend = ScriptedBackend((*demo_models(), lost))
    async with running_app(backend, size=(160, 40)) as pilot:
        assert "unread" in line_with(pilot, "otter-4")
        await pilot.press("slash", *"otter", "enter")
        await wait_until(pilot, lambda: "please report the line" in screen_text(pilot.app))


async def test_a_filter_is_chosen_and_stands_in_the_search(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("f")
        await wait_until(pilot, lambda: "can call tools (1)" in screen_text(pilot.app), "filters")
        await pilot.press(*["j"] * 2)
        while "is:tools" not in pilot.app.screen.query_one(Table).cursor_key:
            await pilot.press("j")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "1 of 3 models" in screen_text(pilot.app), "one model")
        assert "is:tools" in screen_text(pilot.app)
        await pilot.press("f", *["enter"])
        await pilot.press("slash", "escape")
        await wait_until(pilot, lambda: "3 of 3 models" in screen_text(pilot.app), "all models")


async def test_the_order_is_chosen_and_turned_round(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(140, 40)) as pilot:
        for expected in ("▴ size", "▾ size"):
            await pilot.press("s", "g", "j", "j", "enter")
            await wait_until(pilot, lambda e=expected: e in screen_text(pilot.app), expected)  # type: ignore[misc]
        text = screen_text(pilot.app)
        assert text.index("phi-4-mini") < text.index("demo-large") < text.index("demo-small")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
async def test_a_fall_back_to_the_cpu_is_told_first_and_loudly(
    backend: ScriptedBackend, size: tuple[int, int]
) -> None:
    backend.change("a service", providers=("CPUExecutionProvider",))
    backend.mark("phi-4-mini-gpu:5", cached=True, loaded=True)
    async with running_app(backend, size=size) as pilot:
        await pilot.press("slash", *"phi", "enter")
        await wait_until(pilot, lambda: "FELL BACK TO THE" in screen_text(pilot.app), "the line")


async def test_what_this_machine_cannot_run_stands_in_the_row(backend: ScriptedBackend) -> None:
    backend.change("a service", providers=("CPUExecutionProvider",))
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"phi", "enter", "o")
        await wait_until(pilot, lambda: "no WebGPU" in screen_text(pilot.app), "the GPU's row")
        await pilot.press("slash", *" is:runs", "enter")
        await wait_until(pilot, lambda: "no WebGPU" not in screen_text(pilot.app), "the filter")


async def test_the_sum_stands_beside_the_table(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(120, 40)) as pilot:
        await pilot.press("slash", *"phi", "enter")
        await wait_until(pilot, lambda: "in total" in screen_text(pilot.app), "the sum")
        for words in ("weights", "KV at 4,096", "overhead", "free now", "to fetch"):
            assert words in screen_text(pilot.app)


async def test_all_that_is_known_can_be_read_on_a_small_screen(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(80, 24)) as pilot:
        await pilot.press("slash", *"phi", "enter", "i")
        await wait_until(pilot, lambda: "What is known" in screen_text(pilot.app), "the dialog")
        await wait_until(pilot, lambda: "microsoft/Phi-4" in screen_text(pilot.app), "a source")
        await pilot.press(*["space"] * 3)
        await wait_until(pilot, lambda: "phi-4-mini-cpu:5" in screen_text(pilot.app), "its end")
        await pilot.press("escape")
        await wait_until(pilot, lambda: "What is known" not in screen_text(pilot.app), "the list")


async def test_a_probe_of_the_context_ends_in_the_details(backend: ScriptedBackend) -> None:
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"small", "enter", "p")
        await wait_until(pilot, lambda: "is not in memory" in screen_text(pilot.app), "a hint")
        await pilot.press("l")
        await wait_until(pilot, lambda: "loaded" in line_with(pilot, "demo-small (demo)"))
        backend.fail("chat", ContextExceeded("Too long.", "", 900))
        await pilot.press("p")
        await wait_until(pilot, lambda: "usable: 900" in screen_text(pilot.app), "the limit")


async def test_what_was_measured_is_shown_before_it_goes_into_the_registry(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    file.write_text('[{"name": "demo-small", "task": "chat", "min_ram_gb": 1}]\n')
    async with running_app(backend, models_file=file) as pilot:
        await pilot.press("slash", *"small", "enter", "C")
        await wait_until(pilot, lambda: "Nothing was measured" in screen_text(pilot.app), "a hint")
        plan = BenchPlan((Target(SMALL), Target(LARGE)), rounds=1)
        database = Database(pilot.app.session.paths.database)
        await run_bench(plan, backend, Recorder(database), lambda _: None)
        await pilot.press("C")
        await wait_until(pilot, lambda: '+[{"name"' in screen_text(pilot.app), "the difference")
        assert "measured" not in file.read_text()
        await pilot.press("y")
        await wait_until(pilot, lambda: '"decode_tok_s"' in file.read_text(), "the entry")


async def test_a_colleague_s_registry_is_merged_and_conflicts_are_told(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    file.write_text('[\n  {"name": "a", "task": "chat", "min_ram_gb": 1}\n]\n')
    (tmp_path / "theirs.json").write_text(
        '[{"name": "a", "task": "code", "min_ram_gb": 1},'
        ' {"name": "b", "task": "chat", "min_ram_gb": 2}]'
    )
    async with running_app(backend, models_file=file) as pilot:
        await pilot.press("M")
        await wait_until(pilot, lambda: "Their models.json" in screen_text(pilot.app), "a form")
        for half_typed in ("~nobody-here", "nowhere"):
            pilot.app.screen.query_one("#theirs", Input).value = half_typed
            await pilot.press("enter")
            seen = re.compile(rf"There is no file\s.*{half_typed}", re.DOTALL)
            await wait_until(pilot, lambda at=seen: at.search(screen_text(pilot.app)), "a refusal")
        pilot.app.screen.query_one("#theirs", Input).value = "theirs.json"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "added: b" in screen_text(pilot.app), "the change")
        assert "! 'a': task is" in screen_text(pilot.app)
        await pilot.press("y")
        await wait_until(pilot, lambda: '"b"' in file.read_text(), "the merge")
        assert '"task": "chat", "min_ram_gb": 1}' in file.read_text()


async def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    file.write_text('[{"name": "demo-small", "task": "chat", "min_ram_gb": 1}]\n')
    async with running_app(backend, models_file=file) as pilot:
        await pilot.press("slash", *"small", "enter", "a")
        await wait_until(pilot, lambda: "Edit the registry" in screen_text(pilot.app), "the form")
        theirs = '[{"name": "demo-small", "task": "code", "min_ram_gb": 2}]\n'
        file.write_text(theirs)
        await pilot.press("enter")
        await wait_until(pilot, lambda: "changed by somebody else" in screen_text(pilot.app))
        assert file.read_text() == theirs
        await pilot.press("escape", "R")
        await wait_until(pilot, lambda: "code, min 2 GiB" in screen_text(pilot.app), "their entry")


async def test_what_a_load_took_is_said_in_the_next_session(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(140, 40)) as pilot:
        await pilot.press("slash", *"small", "enter")
        await wait_until(pilot, lambda: "overhead" in screen_text(pilot.app), "an estimate")
        await pilot.press("l")
        await wait_until(pilot, lambda: bool(pilot.app.store.state.memory_records), "a record")
    backend.mark(SMALL, loaded=False)
    async with running_app(backend, size=(140, 40)) as pilot:
        await pilot.press("slash", *"small", "enter")
        await wait_until(pilot, lambda: "measured here" in screen_text(pilot.app), "its load")
        assert "overhead" not in screen_text(pilot.app)


async def test_a_longer_context_needs_more_memory(backend: ScriptedBackend) -> None:
    async with running_app(backend, size=(140, 40)) as pilot:
        await pilot.press("slash", *"phi", "enter")
        await wait_until(pilot, lambda: "KV at 4,096" in screen_text(pilot.app), "the sum")
        await pilot.press("w", "G", "enter")
        await wait_until(pilot, lambda: "KV at 131,072" in screen_text(pilot.app), "the new sum")
        assert "128 k context" in screen_text(pilot.app)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_marked_models_are_compared(backend: ScriptedBackend, size: tuple[int, int]) -> None:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("v")
        await wait_until(pilot, lambda: "Mark two or more" in screen_text(pilot.app), "a hint")
        await pilot.press("space", "space", "v")
        await wait_until(pilot, lambda: "★" in screen_text(pilot.app), "the comparison")
        text = screen_text(pilot.app)
        for word in ("demo-small", "demo-large", "Licence", "Asks for", "★ 2.1 MB"):
            assert word in text
        await pilot.press("escape")
        await wait_until(pilot, lambda: "★" not in screen_text(pilot.app), "the list")


async def test_a_model_is_added_to_the_registry_changed_and_removed(
    backend: ScriptedBackend, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    file.write_text('[\n  {"name": "phi-4-mini", "task": "chat", "min_ram_gb": 8, "x": 1}\n]\n')
    async with running_app(backend, models_file=file) as pilot:
        await pilot.press("slash", *"demo-small", "enter", "a")
        await wait_until(pilot, lambda: "Add to the registry" in screen_text(pilot.app), "a form")
        task = pilot.app.screen.query_one("#task", Input)
        task.value = "chatt"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "no known task" in screen_text(pilot.app), "a refusal")
        task.value = "chat"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "demo-small" in file.read_text(), "the entry")
        await wait_until(pilot, lambda: "Registry: chat" in screen_text(pilot.app), "its details")
        await pilot.press("a")
        await wait_until(pilot, lambda: "Edit the registry" in screen_text(pilot.app), "the form")
        pilot.app.screen.query_one("#min_ram_gb", Input).value = "3.5"
        await pilot.press("enter")
        await wait_until(pilot, lambda: '"min_ram_gb": 3.5' in file.read_text(), "the change")
        await wait_until(pilot, lambda: "Edit the registry" not in screen_text(pilot.app), "closed")
        await pilot.press("a")
        await wait_until(pilot, lambda: "Remove" in screen_text(pilot.app), "the form")
        await pilot.click("#remove")
        await wait_until(pilot, lambda: "demo-small" not in file.read_text(), "the removal")
    assert file.read_text() == (
        '[\n  {"name": "phi-4-mini", "task": "chat", "min_ram_gb": 8, "x": 1}\n]\n'
    )


def test_what_ships_is_told_from_a_catalog_that_answers() -> None:
    shipped = notice_text(State(models=snapshot()), 0.0)
    assert "cannot be reached" in shipped
    assert "R tries again" in shipped
    assert notice_text(State(models=demo_models()), 0.0) == ""
