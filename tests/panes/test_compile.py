"""Compiling from the cache pane, as a person sees it, with a stand-in for the builder."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select

if sys.platform == "win32":
    pytest.skip("the stand-in is a script with a #! line", allow_module_level=True)

from tests.support.app import running_app
from tests.support.builder_stand_in import GATED, BuilderStandIn, checkpoint
from tests.support.folder_backend import FolderBackend
from tests.support.waiting import screen_text, wait_until
from tui.foundry.types import Capability
from tui.panes.cache import compile_dialog


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_dialog, "REST_S", 0.01)


@pytest.fixture
def backend(tmp_path: Path) -> FolderBackend:
    made = FolderBackend()
    made.location = tmp_path / "cache"
    made.location.mkdir()
    return made


async def expect_text(pilot: Pilot[int], text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


@asynccontextmanager
async def dialog(
    backend: FolderBackend, python: Path, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Pilot[int]]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("2")
        await expect_text(pilot, "Nothing is on disk yet")
        await pilot.press("K")
        await expect_text(pilot, "Compile a Hugging Face model")
        pilot.app.screen.query_one("#python", Input).value = str(python)
        yield pilot


def start_button(pilot: Pilot[int]) -> Button:
    return pilot.app.screen.query_one("#start", Button)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_command_line_and_what_it_takes_are_shown_before_it_runs(
    backend: FolderBackend, tmp_path: Path, size: tuple[int, int]
) -> None:
    source = checkpoint(tmp_path / "c")
    async with dialog(backend, BuilderStandIn(tmp_path / "b").python, size) as pilot:
        assert start_button(pilot).disabled
        pilot.app.screen.query_one("#source", Input).value = str(source)
        await expect_text(pilot, "✓ Disk: about")
        await expect_text(pilot, "✓ RAM: about")
        await expect_text(pilot, "onnxruntime_genai.models.builder")
        assert not start_button(pilot).disabled
        pilot.app.screen.query_one("#precision", Select).value = "int8"
        await expect_text(pilot, "-p int8")
        assert not (tmp_path / "b" / "told.json").exists()


async def test_it_runs_as_a_job_with_a_log_and_the_model_is_there(
    backend: FolderBackend, tmp_path: Path
) -> None:
    source = checkpoint(tmp_path / "otter")
    async with dialog(backend, BuilderStandIn(tmp_path / "b").python) as pilot:
        pilot.app.screen.query_one("#source", Input).value = str(source)
        await expect_text(pilot, "✓ RAM: about")
        await pilot.press("enter")
        await expect_text(pilot, "compile otter: done")
        await pilot.press("L")
        await expect_text(pilot, "compile otter: done")
        await expect_text(pilot, "Reading layer 1")
        await expect_text(pilot, "Saving GenAI config")
    assert [model.id for model in backend.local.models()] == ["otter:1"]


async def test_a_job_that_is_cancelled_ends_the_builder(
    backend: FolderBackend, tmp_path: Path
) -> None:
    stand_in = BuilderStandIn(tmp_path / "b", "hangs")
    source = checkpoint(tmp_path / "otter")
    async with dialog(backend, stand_in.python) as pilot:
        pilot.app.screen.query_one("#source", Input).value = str(source)
        await expect_text(pilot, "✓ RAM: about")
        await pilot.press("enter")
        await wait_until(pilot, lambda: bool(stand_in.pids), "the builder")
        await expect_text(pilot, "compile otter  converting")
        await pilot.press("J")
        await expect_text(pilot, "converting 6")
        await pilot.press("escape", "L")
        await expect_text(pilot, "compile otter: running")
        await expect_text(pilot, "Reading layer 0")
        await pilot.press("x")
        await expect_text(pilot, "compile otter: cancelled")
    assert not [
        pid for pid in stand_in.pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]  # fmt: skip
    assert list((backend.location / "Local").iterdir()) == []


async def test_leaving_the_program_ends_the_builder_too(
    backend: FolderBackend, tmp_path: Path
) -> None:
    stand_in = BuilderStandIn(tmp_path / "b", "hangs")
    source = checkpoint(tmp_path / "otter")
    async with dialog(backend, stand_in.python) as pilot:
        pilot.app.screen.query_one("#source", Input).value = str(source)
        await expect_text(pilot, "✓ RAM: about")
        await pilot.press("enter")
        await wait_until(pilot, lambda: bool(stand_in.pids), "the builder")
    assert not [
        pid for pid in stand_in.pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]  # fmt: skip


async def test_a_failed_job_says_why_and_what_to_do(backend: FolderBackend, tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "otter")
    async with dialog(backend, BuilderStandIn(tmp_path / "b", "disk full").python) as pilot:
        pilot.app.screen.query_one("#source", Input).value = str(source)
        await expect_text(pilot, "✓ RAM: about")
        await pilot.press("enter")
        await expect_text(pilot, "The disk is full.")
        await expect_text(pilot, "Free some space")


async def test_what_stands_against_it_is_said_and_nothing_can_be_started(
    backend: FolderBackend, tmp_path: Path
) -> None:
    gated = BuilderStandIn(tmp_path / "b", **GATED)
    async with dialog(backend, gated.python) as pilot:
        source = pilot.app.screen.query_one("#source", Input)
        source.value = "owner/name"
        await expect_text(pilot, "'owner/name' is gated")
        await expect_text(pilot, "HF_TOKEN")
        assert start_button(pilot).disabled
        source.value = "~nobody/at/all"
        await expect_text(pilot, "There is no directory")
        pilot.app.screen.query_one("#python", Input).value = "no-such-python"
        source.value = "owner/name"
        await expect_text(pilot, "There is no interpreter no-such-python")
        await pilot.press("enter")
        await expect_text(pilot, "Compile a Hugging Face model")


async def test_a_gpu_has_other_precisions(backend: FolderBackend, tmp_path: Path) -> None:
    async with dialog(backend, BuilderStandIn(tmp_path / "b").python) as pilot:
        pilot.app.screen.query_one("#source", Input).value = str(checkpoint(tmp_path / "c"))
        pilot.app.screen.query_one("#device", Select).value = "trt-rtx"
        await expect_text(pilot, "-p fp16 -e NvTensorRtRtx")


async def test_a_backend_that_takes_no_models_says_why(tmp_path: Path) -> None:
    backend = FolderBackend(unavailable={Capability.IMPORT: "This server takes no models."})
    backend.location = tmp_path / "cache"
    async with running_app(backend) as pilot:
        await pilot.press("2")
        await pilot.press("K")
        await expect_text(pilot, "This server takes no models.")
