"""The bench pane, as a person sees it, on a scripted backend."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from glob import glob
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.app import running_app
from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.bench.recorder import Recorder
from tui.database import Database
from tui.paths import Paths


@asynccontextmanager
async def bench(
    backend: ScriptedBackend, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Pilot[int]]:
    async with running_app(backend, size=size) as pilot:
        await pilot.press("5")
        await expect_text(pilot, "s start")
        yield pilot


async def expect_text(pilot: Pilot[int], text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.answers_by_variant = {
        SMALL: words("one two three four", ttft_s=0.02, itl_s=0.002),
        LARGE: words("one two three four", ttft_s=0.04, itl_s=0.004),
    }
    return backend


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_two_models_stand_side_by_side_with_a_verdict(
    backend: ScriptedBackend, size: tuple[int, int]
) -> None:
    async with bench(backend, size) as pilot:
        await pilot.press("space", "space", "s")
        await expect_text(pilot, "decode")
        await expect_text(pilot, "20 ms")
        await expect_text(pilot, "40 ms")
        await expect_text(pilot, "500 tok/s")
        await expect_text(pilot, "250 tok/s")
        await wait_until(pilot, lambda: not pilot.app.query_one("#bench").running, "the end")
        await expect_text(pilot, "demo-small needs 50.0 % less time for an answer")
        await expect_text(pilot, "s start")


async def test_one_model_is_no_comparison(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await pilot.press("space", "s")
        await expect_text(pilot, "Choose at least two models")


async def test_nothing_measured_says_what_to_do(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await expect_text(pilot, "Choose two or three models with space, then press s")
        await pilot.press("e")
        await expect_text(pilot, "Nothing to export yet")


async def test_rounds_and_prompts_are_chosen_by_key(backend: ScriptedBackend) -> None:
    async with bench(backend) as pilot:
        await pilot.press("plus", "plus", "minus")
        await expect_text(pilot, "11 rounds")
        await pilot.press(*["minus"] * 6)
        await expect_text(pilot, "5 rounds (+ -) (a verdict needs 6)")
        await pilot.press("p")
        await expect_text(pilot, "small set")


async def test_stopping_keeps_what_was_measured(backend: ScriptedBackend, paths: Paths) -> None:
    gate = asyncio.Event()
    backend.answers_by_variant[LARGE] = replace(backend.answers_by_variant[LARGE], gate=gate)
    async with bench(backend) as pilot:
        await pilot.press("space", "space", "s")
        await expect_text(pilot, "x stops")
        await pilot.press("x")
        await expect_text(pilot, "s start")
    assert len(Recorder(Database(paths.database)).list()) == 1


async def test_a_run_is_exported_as_csv_and_json(
    backend: ScriptedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with bench(backend) as pilot:
        await pilot.press("space", "space", "s")
        await expect_text(pilot, "conditions")
        await pilot.press("e")
        await expect_text(pilot, "Written:")
    table, whole = sorted(map(Path, glob(f"{tmp_path}/bench-*")))
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert len(rows) == 20
    assert {row["answer"] for row in rows} == {"one two three four"}
    assert json.loads(whole.read_text("utf-8"))["schema"] == 1
