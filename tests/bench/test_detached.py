"""Runs that another process makes: found, followed to their end, and told apart from dead ones."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, words
from tui.bench import detached
from tui.bench.detached import Follower, StatusFile, log_path, running
from tui.bench.events import RequestFinished, RunFinished, RunStarted, TimeLeft
from tui.bench.living import KEY, living_pid, own_mark
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.resume import earlier_run
from tui.bench.runner import run_bench
from tui.bench.targets import Target
from tui.database import Database
from tui.foundry.errors import NotFound
from tui.paths import Paths

PLAN = BenchPlan((Target(SMALL), Target(LARGE)), rounds=6)


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.default_answer = words("a b c d e f g h i j")
    return backend


@pytest.fixture
def recorder(paths: Paths) -> Recorder:
    return Recorder(Database(paths.database))


def test_a_process_is_known_by_its_start_not_only_by_its_number() -> None:
    mark = own_mark()
    assert living_pid({KEY: mark}) == os.getpid()
    assert living_pid({KEY: {**mark, "started": mark["started"] - 1}}) is None
    assert living_pid({KEY: {"pid": 2**22 + 1, "started": 1.0}}) is None
    assert living_pid({}) is None


async def test_a_follower_is_told_everything_and_then_the_end(
    backend: ScriptedBackend, recorder: Recorder, paths: Paths
) -> None:
    status = StatusFile(paths.runs_dir, "abc")
    told: list[object] = []
    follower: Follower | None = None
    seen_running: list[str] = []

    def look(event: object) -> None:
        nonlocal follower
        status.take(event)  # type: ignore[arg-type]
        if not isinstance(event, RequestFinished):
            return
        seen_running.extend(one.run_id for one in running(recorder))
        follower = follower or Follower(recorder, paths.runs_dir, "abc")
        told.extend(follower.poll())

    summary = await run_bench(PLAN, backend, recorder, look, run_id="abc")
    assert follower is not None
    told += follower.poll()
    assert set(seen_running) == {"abc"}
    assert running(recorder) == ()
    first, last = told[0], told[-1]
    assert isinstance(first, RunStarted)
    assert first.plan == PLAN
    assert isinstance(last, RunFinished)
    assert not last.stopped
    assert last.summary.verdicts == summary.verdicts
    finished = [one.result for one in told if isinstance(one, RequestFinished)]
    assert [*first.earlier, *finished] == list(summary.requests)
    assert any(isinstance(one, TimeLeft) for one in told)
    assert follower.poll() == ()


async def test_a_run_whose_process_died_is_told_as_stopped_and_can_go_on(
    backend: ScriptedBackend, recorder: Recorder, paths: Paths
) -> None:
    reached = asyncio.Event()

    def look(event: object) -> None:
        if isinstance(event, RequestFinished) and event.result.step.sequence == 4:
            task.cancel()
            reached.set()

    task = asyncio.ensure_future(run_bench(PLAN, backend, recorder, look, run_id="abc"))
    await asyncio.wait_for(reached.wait(), 10)
    await asyncio.wait([task])
    # This process lives on, but no longer makes the run: another may take it up.
    assert running(recorder) == ()
    _, context = recorder.state("abc")
    recorder.update("abc", {**context, KEY: own_mark()}, ())
    assert [one.run_id for one in running(recorder)] == ["abc"]
    recorder.update("abc", {**context, KEY: {"pid": 2**22 + 1, "started": 1.0}}, ())
    assert running(recorder) == ()
    (started, *_, end) = Follower(recorder, paths.runs_dir, "abc").poll()
    assert isinstance(started, RunStarted)
    assert len(started.earlier) == 5
    assert isinstance(end, RunFinished)
    assert end.stopped
    with pytest.raises(NotFound, match="not going on"):
        detached.stop(recorder, "abc")


async def test_a_run_that_another_process_makes_cannot_be_taken_over(
    backend: ScriptedBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.start("abc", PLAN, {KEY: own_mark()})
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(NotFound, match="going on in process") as caught:
        earlier_run(recorder, "abc")
    assert "--attach abc" in caught.value.hint


def test_what_a_run_says_that_never_begins_is_told(paths: Paths, recorder: Recorder) -> None:
    with pytest.raises(detached.DetachError, match="No models are named") as caught:
        detached.launch(["bench", "--as-run", "abc"], "abc", paths.runs_dir, recorder)
    assert str(log_path(paths.runs_dir, "abc")) in caught.value.hint


def test_half_a_status_is_none(tmp_path: Path) -> None:
    status = StatusFile(tmp_path, "abc")
    assert status.read() is None
    status.take(TimeLeft(1, 2, 3.0))
    assert status.read() == TimeLeft(1, 2, 3.0)
    (tmp_path / "abc.json").write_text('{"done": 1', "utf-8")
    assert status.read() is None
