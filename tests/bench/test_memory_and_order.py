"""Who is in memory when, in which order they are asked, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from tests.support.scripted_backend import LARGE, MIB, SMALL, ScriptedBackend, words
from tui.bench.events import OrderSettled, TargetUnloaded, TimeLeft
from tui.bench.memory_fit import decide
from tui.bench.plan import BenchPlan, bursts
from tui.bench.prompts import PromptSet
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.targets import Target
from tui.catalog.fit import MemoryState
from tui.database import Database
from tui.paths import Paths
from tui.system.memory_records import MemoryRecord, MemoryRecords

PROMPTS = PromptSet.of("own", ("One?", "Two?"))
PLAN = BenchPlan((Target(SMALL), Target(LARGE)), PROMPTS, rounds=6)


@pytest.fixture
def backend() -> ScriptedBackend:
    backend = ScriptedBackend.with_demo_models()
    backend.default_answer = words("a b c d e f g h i j")
    return backend


@pytest.fixture
def recorder(paths: Paths) -> Recorder:
    return Recorder(Database(paths.database))


def found(backend: ScriptedBackend) -> dict[str, object]:
    models = {variant.id: (one, variant) for one in backend._models for variant in one.variants}
    return {label: models[label] for label in PLAN.labels}


@pytest.mark.parametrize(
    ("plan", "free", "one", "order", "words_"),
    [
        (PLAN, 10_000 * MIB, False, "interleaved", "they fit together"),
        (PLAN, 60 * MIB, True, "block", "they do not fit together"),
        (replace(PLAN, memory="all"), 60 * MIB, False, "interleaved", "asked for"),
        (replace(PLAN, memory="one"), 10_000 * MIB, True, "block", "asked for"),
        (replace(PLAN, memory="one", order="sequential"), 1, True, "sequential", "asked for"),
        (PLAN, None, False, "interleaved", "not known"),
    ],
)
def test_what_fits_decides_and_what_is_asked_for_comes_first(
    backend: ScriptedBackend, plan: BenchPlan, free: int | None, one: bool, order: str, words_: str
) -> None:
    stay = decide(plan, found(backend), MemoryState(free, free))  # type: ignore[arg-type]
    assert (stay.one_at_a_time, stay.order) == (one, order)
    assert words_ in stay.reason


def test_in_block_order_each_round_has_each_model_once_in_drawn_order() -> None:
    order = bursts(PLAN, "block")
    stays = [target for target, _ in groupby(order, key=lambda one: (one.unit, one.target))]
    assert len(stays) == 2 * PLAN.rounds
    assert {stays[number][1] for number in range(0, len(stays), 2)} == {SMALL, LARGE}


def test_in_sequential_order_each_model_comes_once() -> None:
    assert len(list(groupby(bursts(PLAN, "sequential"), key=lambda one: one.target))) == 2


def test_several_at_once_ask_every_prompt_equally_often() -> None:
    plan = replace(PLAN, concurrency=3)
    order = bursts(plan, "interleaved")
    assert all(len(one.steps) == 3 for one in order)
    asked = [(s.target, s.prompt_index) for one in order for s in one.steps]
    assert {asked.count(one) for one in asked} == {plan.rounds * 3}
    assert [s.sequence for one in order for s in one.steps] == list(range(plan.request_count))


async def test_one_model_at_a_time_is_loaded_and_warmed_up_for_each_stay(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    told: list[object] = []
    plan = replace(PLAN, memory="one", warm_up=1)
    summary = await run_bench(plan, backend, recorder, told.append)
    asked = [one.variant_id for one in backend.requests]
    stays = [(target, len(list(group))) for target, group in groupby(asked)]
    assert {count for _, count in stays} <= {3, 5}  # a warm-up and two prompts, once or twice
    loads = [one for one in backend.calls if one.startswith(("load", "unload"))]
    assert all(
        one.split()[0] == ("unload" if number % 2 else "load") for number, one in enumerate(loads)
    )
    assert any(isinstance(one, TargetUnloaded) for one in told)
    assert isinstance(told[1], OrderSettled)
    assert summary.context["memory"] == "one at a time"
    assert summary.context["order"] == "block"
    assert any("One model was in memory at a time" in note for note in summary.notes)
    assert {one.verdict.kind for one in summary.verdicts if one.metric == "e2e_s"} == {
        "no difference"
    }
    times = summary.targets[0].facts.load_times_s
    assert len(times) > 1
    assert summary.targets[0].facts.load_s == pytest.approx(0.25)


async def test_one_after_the_other_gives_numbers_and_never_a_verdict(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    backend.answers_by_variant = {LARGE: words("a b c d e f g h i", ttft_s=0.5)}
    plan = replace(PLAN, order="sequential")
    summary = await run_bench(plan, backend, recorder, lambda _: None)
    assert summary.targets[0].metrics["e2e_s"].n == 12
    assert summary.verdicts == ()
    assert any("no verdict" in note for note in summary.notes)
    assert recorder.load(summary.run_id).verdicts == ()


async def test_several_requests_at_once(backend: ScriptedBackend, recorder: Recorder) -> None:
    most = 0

    def look(_: object) -> None:
        nonlocal most
        most = max(most, backend.open_chats)

    summary = await run_bench(replace(PLAN, concurrency=4), backend, recorder, look)
    assert most == 4
    assert len(summary.requests) == 6 * 2 * 2 * 4
    e2e = next(one for one in summary.verdicts if one.metric == "e2e_s")
    assert e2e.verdict.rounds == 6  # rounds are the unit, never requests
    assert summary.targets[0].throughput_tok_s
    assert [one.step.sequence for one in summary.requests] == list(range(96))


async def test_the_time_left_is_told_once_all_were_measured(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    told: list[object] = []
    await run_bench(PLAN, backend, recorder, told.append)
    times = [one for one in told if isinstance(one, TimeLeft)]
    assert len(times) == 24
    assert times[0].left_s is None
    assert times[1].left_s is not None
    assert times[-1] == TimeLeft(24, 24, 0.0)


async def test_two_settings_of_one_model_load_it_once(
    backend: ScriptedBackend, recorder: Recorder
) -> None:
    plan = BenchPlan((Target(SMALL), Target(SMALL, "hot", temperature=1.0)), rounds=6, memory="one")
    summary = await run_bench(plan, backend, recorder, lambda _: None)
    assert backend.calls.count(f"load {SMALL}") == 1
    assert not [one for one in backend.calls if one.startswith("unload")]
    assert [one.done for one in summary.targets] == [6, 6]


def record(variant_id: str, resident_bytes: int) -> MemoryRecord:
    return MemoryRecord(variant_id, resident_bytes, "runtime 2.2.1", "2026-03-01T10:00:00+00:00")


def test_what_a_load_took_here_is_believed_before_an_estimate(backend: ScriptedBackend) -> None:
    memory = MemoryState(10_000 * MIB, 10_000 * MIB)
    assert not decide(PLAN, found(backend), memory).one_at_a_time  # type: ignore[arg-type]
    measured = {SMALL: record(SMALL, 9_000 * MIB)}
    stay = decide(PLAN, found(backend), memory, measured)  # type: ignore[arg-type]
    assert stay.one_at_a_time
    assert "9." in stay.reason


async def test_a_run_asks_what_loads_took_before(
    backend: ScriptedBackend, recorder: Recorder, paths: Paths
) -> None:
    records = MemoryRecords(Database(paths.database))
    for variant_id in (SMALL, LARGE):
        await backend.load(variant_id)
    records.add(record(SMALL, 12_000_000))
    summary = await run_bench(PLAN, backend, recorder, lambda _: None)
    small, large = (one.facts for one in summary.targets)
    assert small.load_bytes == 12_000_000  # in memory before the run, watched at an earlier load
    assert large.load_bytes is None
    records.add(record(SMALL, 10**15))
    await backend.unload(SMALL)
    await backend.unload(LARGE)
    told: list[object] = []
    await run_bench(PLAN, backend, recorder, told.append)
    (settled,) = [one for one in told if isinstance(one, OrderSettled)]
    assert settled.one_at_a_time
