"""Runs against a scripted backend: what is measured, kept and exported."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.scripted_backend import LARGE, SMALL, ScriptedAnswer, ScriptedBackend, words
from tui.bench.events import BenchEvent, RequestFinished, RunStarted, TargetFailed, Trouble
from tui.bench.export import ExportError, export_csv, export_json
from tui.bench.measured import latest_measured
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.summary import Summary
from tui.bench.targets import Target
from tui.database import Database
from tui.foundry.errors import FoundryError, LoadFailed, StreamBroken
from tui.paths import Paths

PLAN = BenchPlan((Target(SMALL), Target(LARGE)), rounds=6)


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.answers_by_variant = {
        SMALL: words("one two three four", ttft_s=0.02, itl_s=0.002),
        LARGE: words("one two three four", ttft_s=0.04, itl_s=0.004),
    }
    return backend


@pytest.fixture
def recorder(paths: Paths) -> Recorder:
    return Recorder(Database(paths.database))


async def measured(
    backend: ScriptedBackend, recorder: Recorder, plan: BenchPlan = PLAN
) -> tuple[Summary, list[BenchEvent]]:
    told: list[BenchEvent] = []
    return await run_bench(plan, backend, recorder, told.append), told


async def test_a_run_gives_medians_and_a_verdict(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    summary, _ = await measured(backend, recorder)
    small, large = summary.targets
    assert small.metrics["ttft_s"].median == pytest.approx(0.02)
    assert large.metrics["decode_tok_s"].median == pytest.approx(250)
    e2e = next(one for one in summary.verdicts if one.metric == "e2e_s")
    assert e2e.verdict.kind == "faster"
    assert (e2e.a, e2e.b) == (SMALL, LARGE)


async def test_each_request_is_on_disk_before_the_next_one_starts(
    backend: ScriptedBackend, recorder: Recorder, paths: Paths
) -> None:
    kept: list[int] = []

    def look(event: BenchEvent) -> None:
        if isinstance(event, RequestFinished):
            with sqlite3.connect(paths.database) as database:
                ((rows,),) = database.execute("select count(*) from bench_requests")
            database.close()
            kept.append(rows)

    await run_bench(PLAN, backend, recorder, look)
    assert kept == list(range(1, PLAN.request_count + 1))


async def test_a_cancelled_run_keeps_what_was_measured(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    run_ids: list[str] = []
    third = asyncio.Event()
    count = 0

    def look(event: BenchEvent) -> None:
        nonlocal count
        if isinstance(event, RunStarted):
            run_ids.append(event.run_id)
        elif isinstance(event, RequestFinished):
            count += 1
            if count == 3:
                third.set()

    task = asyncio.create_task(run_bench(PLAN, backend, recorder, look))
    await asyncio.wait_for(third.wait(), 10)
    task.cancel()
    await asyncio.wait([task])
    kept = recorder.load(run_ids[0])
    assert 3 <= len(kept.requests) < PLAN.request_count
    assert kept.requests[0].as_dict()["text"] == "one two three four"


async def test_a_broken_answer_counts_as_failed_and_not_as_fast(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    broken = ScriptedAnswer(("one",), error=StreamBroken("The stream broke off."), ttft_s=0.0001)
    backend.answers_by_variant[LARGE] = broken
    summary, _ = await measured(backend, recorder)
    large = summary.targets[1]
    assert large.metrics["ttft_s"].median is None
    assert large.last_error is not None
    assert "broke off" in large.last_error


async def test_a_model_that_does_not_load_is_left_out_and_said(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    backend.fail("load", LoadFailed("The file is cut short.", "Download it again."))
    try:
        summary, told = await measured(backend, recorder)
    except FoundryError as error:
        pytest.fail(f"one model is left to measure, but: {error.message}")
    failed = [event for event in told if isinstance(event, TargetFailed)]
    assert [event.target for event in failed] == [SMALL]
    assert summary.targets[1].metrics["e2e_s"].median is not None


async def test_a_database_that_cannot_be_written_is_said_and_the_run_goes_on(
    backend: ScriptedBackend, paths: Paths
) -> None:
    paths.database.parent.mkdir(parents=True)
    paths.database.mkdir()
    summary, told = await measured(backend, Recorder(Database(paths.database)))
    assert any(isinstance(event, Trouble) for event in told)
    assert len(summary.requests) == PLAN.request_count


async def test_exports_hold_every_answer_with_units_in_their_names(
    backend: ScriptedBackend, recorder: Recorder, tmp_path: Path
) -> None:
    backend.answers_by_variant[SMALL] = words('=cmd("x") two')
    summary, _ = await measured(backend, recorder)
    export_csv(summary, tmp_path / "run.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "run.csv").read_text("utf-8"))))
    assert len(rows) == PLAN.request_count
    assert {row["model"] for row in rows} == {SMALL, LARGE}
    assert next(row for row in rows if row["model"] == SMALL)["answer"].startswith("'=cmd")
    export_json(summary, tmp_path / "run.json")
    values = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert values["schema"] == 1
    assert {"ttft_s", "tpot_s", "e2e_s"} <= values["requests"][0].keys()
    assert values["context"]["seed"] == 7


async def test_a_directory_that_cannot_be_written_is_named(
    backend: ScriptedBackend, recorder: Recorder, tmp_path: Path
) -> None:
    summary, _ = await measured(backend, recorder)
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(ExportError, match="cannot be written") as caught:
        export_csv(summary, tmp_path / "file" / "run.csv")
    assert caught.value.hint


async def test_the_newest_figures_of_a_variant_are_found_again(
    backend: ScriptedBackend, recorder: Recorder, paths: Paths
) -> None:
    await measured(backend, recorder)
    newest, _ = await measured(backend, recorder)
    database = Database(paths.database)
    found = latest_measured(database, [SMALL.upper(), "never-measured:1"])
    (figures,) = found.values()
    assert figures.run_id == newest.run_id
    assert figures.ttft_s == newest.targets[0].metrics["ttft_s"].median
    assert figures.decode_tok_s
    assert figures.measured_at.startswith("20")
    assert "rating" not in figures.as_dict()
