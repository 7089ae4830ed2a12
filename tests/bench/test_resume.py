"""What was interrupted goes on: same order, nothing twice, and it says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, words
from tui.bench import residence
from tui.bench.events import RequestFinished, RunFinished, RunStarted, Trouble
from tui.bench.history import headline
from tui.bench.plan import BenchPlan, steps
from tui.bench.prompts import PromptSet
from tui.bench.recorder import Recorder
from tui.bench.resume import earlier_run
from tui.bench.runner import run_bench
from tui.bench.summary import Summary, summarize
from tui.bench.targets import Target
from tui.database import Database
from tui.foundry.errors import BackendUnavailable, NotFound, StreamBroken
from tui.paths import Paths

PLAN = BenchPlan((Target(SMALL), Target(LARGE)), PromptSet.of("own", ("One?", "Two?")), rounds=6)


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.default_answer = words("a b c d e f g h i j")
    return backend


@pytest.fixture
def recorder(paths: Paths) -> Recorder:
    return Recorder(Database(paths.database))


async def interrupted(
    backend: ScriptedBackend, recorder: Recorder, after: int, plan: BenchPlan = PLAN
) -> str:
    """Make a run and cancel it after so many requests; returns its name."""
    run_ids: list[str] = []
    done = 0
    reached = asyncio.Event()

    def look(event: object) -> None:
        nonlocal done
        if isinstance(event, RunStarted):
            run_ids.append(event.run_id)
        elif isinstance(event, RequestFinished):
            done += 1
            if done == after:
                task.cancel()
                reached.set()

    task = asyncio.ensure_future(run_bench(plan, backend, recorder, look))
    await asyncio.wait_for(reached.wait(), 10)
    await asyncio.wait([task])
    return run_ids[0]


async def resumed(backend: ScriptedBackend, recorder: Recorder, wanted: str) -> Summary:
    plan, earlier = earlier_run(recorder, wanted)
    return await run_bench(plan, backend, recorder, lambda _: None, earlier=earlier)


@pytest.mark.parametrize("after", [1, 4, 7, 23])
@pytest.mark.parametrize("memory", ["all", "one"])
async def test_a_run_goes_on_where_it_stopped(
    backend: ScriptedBackend, recorder: Recorder, after: int, memory: str
) -> None:
    plan = replace(PLAN, memory=memory)  # type: ignore[arg-type]
    run_id = await interrupted(backend, recorder, after, plan)
    assert recorder.list()[0].finished_at is None
    before = {one.step.sequence: one.started_at for one in recorder.load(run_id).requests}
    assert len(before) == after
    summary = await resumed(backend, recorder, "last")
    assert summary.run_id == run_id
    assert [one.step.sequence for one in summary.requests] == list(range(PLAN.request_count))
    again = recorder.load(run_id)
    assert [one.step for one in again.requests] == [one.step for one in summary.requests]
    assert again.verdicts == summary.verdicts
    assert recorder.list()[0].finished_at is not None
    assert len(again.context["resumptions"]) == 1
    assert again.context["interruptions"][0]["requests"] == after
    kept = [one for one in again.requests if before.get(one.step.sequence) == one.started_at]
    unit = 4 if memory == "one" else 2
    assert len(kept) == after // unit * unit  # a comparison that was cut in two is made anew


async def test_the_order_is_that_of_the_plan(backend: ScriptedBackend, recorder: Recorder) -> None:
    await interrupted(backend, recorder, 6)
    asked = len(backend.requests)
    summary = await resumed(backend, recorder, "last")
    left = [step.target for step in steps(PLAN)[6:]]
    assert [one.variant_id for one in backend.requests[asked:]][-len(left) :] == left
    assert summary.targets[0].facts.warm_up_requests == 6  # three at each start


async def test_a_finished_run_does_not_go_on(backend: ScriptedBackend, recorder: Recorder) -> None:
    with pytest.raises(NotFound, match="Every run is finished"):
        earlier_run(recorder, "last")
    summary = await run_bench(PLAN, backend, recorder, lambda _: None)
    with pytest.raises(NotFound, match="is finished") as caught:
        earlier_run(recorder, summary.run_id[:6])
    assert "--again" in caught.value.hint


async def test_a_server_that_comes_back_is_loaded_and_warmed_up_again(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    told: list[object] = []

    def look(event: object) -> None:
        told.append(event)
        if isinstance(event, RequestFinished) and event.result.step.sequence == 3:
            backend.fail("chat", BackendUnavailable("It ended.", ""))
            backend.mark(SMALL, loaded=False)
            backend.mark(LARGE, loaded=False)

    summary = await run_bench(PLAN, backend, recorder, look)
    assert sum(one.failed for one in summary.targets) == 1
    assert any(one.failures == {"backend_unavailable": 1} for one in summary.targets)
    assert backend.calls.count(f"load {SMALL}") == 2
    assert summary.targets[0].facts.warm_up_requests == 6
    assert any("went away after 5 requests" in note for note in summary.notes)
    assert len(summary.requests) == PLAN.request_count


async def test_a_runtime_that_came_back_by_itself_with_nothing_loaded_is_noticed(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    def look(event: object) -> None:
        if isinstance(event, RequestFinished) and event.result.step.sequence == 3:
            backend.fail("chat", StreamBroken("It broke off.", ""))
            backend.mark(SMALL, loaded=False)
            backend.mark(LARGE, loaded=False)

    summary = await run_bench(PLAN, backend, recorder, look)
    assert sum(one.failed for one in summary.targets) == 1
    assert sum(one.done for one in summary.targets) == PLAN.request_count - 1


async def test_a_server_that_needs_a_while_to_come_back_is_waited_for(
    backend: ScriptedBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residence, "RETRY_EVERY_S", 0.0)

    def look(event: object) -> None:
        if isinstance(event, RequestFinished) and event.result.step.sequence == 3:
            backend.fail("chat", BackendUnavailable("It ended.", ""))
            for _ in range(5):
                backend.fail("models", BackendUnavailable("It is starting.", ""))

    summary = await run_bench(PLAN, backend, recorder, look)
    assert sum(one.failed for one in summary.targets) == 1
    assert len(summary.requests) == PLAN.request_count


async def test_a_server_that_stays_away_ends_the_run_and_nothing_is_lost(
    backend: ScriptedBackend, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residence, "COMES_BACK_S", 0.0)
    told: list[object] = []

    def look(event: object) -> None:
        told.append(event)
        if isinstance(event, RequestFinished) and event.result.step.sequence == 3:
            backend.fail("chat", BackendUnavailable("It ended.", ""), always=True)
            backend.fail("models", BackendUnavailable("It ended.", ""), always=True)

    summary = await run_bench(PLAN, backend, recorder, look)
    assert len(summary.requests) == 5
    assert any(isinstance(one, Trouble) and "run stops" in one.message for one in told)
    assert isinstance(told[-1], RunFinished)
    assert told[-1].stopped
    backend.heal("chat")
    backend.heal("models")
    for name in (SMALL, LARGE):
        backend.mark(name, loaded=False)
    again = await resumed(backend, recorder, "last")
    assert len(again.requests) == PLAN.request_count
    assert all(one.facts.error is None for one in again.targets)


async def test_a_stopped_run_has_numbers_and_its_verdict_when_it_was_taken_up(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    plan = replace(PLAN, rounds=12)
    # More rounds than a verdict needs.
    stopped = recorder.load(await interrupted(backend, recorder, 4 * 9, plan))
    assert stopped.verdicts == ()
    assert stopped.targets[0].metrics["e2e_s"].n == 18
    assert any("no verdict until the run was taken up" in note for note in stopped.notes)
    assert headline(stopped) == "not finished"
    assert (await resumed(backend, recorder, stopped.run_id)).verdicts


async def test_a_target_that_was_left_out_takes_no_verdict_from_the_others(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    run = await run_bench(PLAN, backend, recorder, lambda _: None)
    facts = {one.facts.target: one.facts for one in run.targets}
    some = [one for one in run.requests if one.step.target == SMALL or one.step.round_index < 2]
    assert summarize("r", PLAN, run.context, facts, some).verdicts == ()
    facts[LARGE] = replace(facts[LARGE], error="It is gone.")
    assert summarize("r", PLAN, run.context, facts, some).verdicts[0].verdict.kind == "too few"
    assert summarize("r", PLAN, run.context, facts, some[:10]).verdicts == ()
