"""The ledger of what loads took and unloads gave back."""

from __future__ import annotations

from tui.foundry.types import LoadResult
from tui.system.activity import LiveSample
from tui.system.model_memory import KEPT_UNLOADS, ModelMemory
from tui.system.rss_trace import MemoryTrace
from tui.system.sample import ProcessSample, Sample

MB = 1_000_000


def test_growth_and_what_was_given_back() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 0.1, 20 * MB), at=100.0)
    memory = memory.loaded(LoadResult("b:1", 0.2, 30 * MB), at=101.0)
    assert [(one.variant_id, one.resident_bytes) for one in memory.models] == [
        ("a:1", 20 * MB),
        ("b:1", 30 * MB),
    ]
    assert memory.total_bytes == 50 * MB
    memory = memory.unloaded("A", 19 * MB, at=102.0)
    assert [one.variant_id for one in memory.models] == ["b:1"]
    [gone] = memory.unloads
    assert (gone.resident_bytes, gone.freed_bytes, gone.at) == (20 * MB, 19 * MB, 102.0)
    assert memory.measured_bytes("a:1") == 20 * MB
    assert memory.measured_bytes("c:1") is None


def test_what_was_not_seen_is_unknown() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 0.0, None, already_loaded=True))
    [entry] = memory.models
    assert (entry.resident_bytes, entry.load_s) == (None, None)
    assert memory.total_bytes is None
    assert memory.measured_bytes("a:1") is None
    assert ModelMemory().unloaded("z:1", None).unloads[0].resident_bytes is None


def test_loading_what_is_loaded_keeps_the_measurement() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 0.1, 20 * MB))
    assert memory.loaded(LoadResult("a:1", 0.0, None, already_loaded=True)) is memory
    again = memory.loaded(LoadResult("a:1", 0.1, 21 * MB))
    assert [one.resident_bytes for one in again.models] == [21 * MB]


def test_a_runtime_that_ended_holds_nothing() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 0.1, 20 * MB)).runtime_ended()
    assert memory.models == ()
    assert memory.measured_bytes("a:1") == 20 * MB


def test_unloads_do_not_pile_up() -> None:
    memory = ModelMemory()
    for number in range(KEPT_UNLOADS + 5):
        memory = memory.unloaded(f"m{number}:1", None)
    assert len(memory.unloads) == KEPT_UNLOADS
    assert memory.unloads[-1].variant_id == f"m{KEPT_UNLOADS + 4}:1"


def trace(before: int, peak: int, after: int) -> MemoryTrace:
    return MemoryTrace(before * MB, peak * MB, after * MB, peak * MB)


def held(rss: int, *answering: str, highest: int | None = None) -> Sample:
    return Sample(
        0.0,
        processes=(ProcessSample(7, "runtime", 0.0, rss * MB, 1),),
        live=LiveSample(answering=answering),
        runtime_highest_bytes=None if highest is None else highest * MB,
    )


def test_a_watched_load_has_its_peak_and_what_was_there_before() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 1.0, 400 * MB), trace=trace(100, 600, 510))
    [entry] = memory.models
    assert (entry.before_bytes, entry.after_bytes) == (100 * MB, 510 * MB)
    assert entry.resident_bytes == 400 * MB  # what the backend says comes first
    assert entry.load_peak_growth_bytes == 500 * MB
    silent = ModelMemory().loaded(LoadResult("a:1", 1.0, None), trace=trace(100, 600, 510))
    assert silent.models[0].resident_bytes == 410 * MB


def test_what_answers_take_is_counted_beyond_the_load() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 1.0, 400 * MB), trace=trace(100, 600, 500))
    memory = memory.answered(held(530, "a:1"))
    assert memory.models[0].answer_growth_bytes == 30 * MB
    memory = memory.answered(held(520))  # 20 stay
    memory = memory.answered(held(560, "A"))
    assert memory.models[0].answer_growth_bytes == 60 * MB
    assert memory.models[0].answer_peak_bytes == 560 * MB
    memory = memory.answered(held(525, "a:1"))
    assert memory.models[0].answer_growth_bytes == 60 * MB


def test_the_systems_own_peak_counts_where_it_moved() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 1.0, 400 * MB), trace=trace(100, 600, 500))
    memory = memory.answered(held(500, "a:1", highest=600))
    assert memory.models[0].answer_growth_bytes == 0
    memory = memory.answered(held(500, "a:1", highest=700))
    assert memory.models[0].answer_growth_bytes == 200 * MB


def test_a_model_does_not_pay_for_the_load_of_another() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 1.0, 400 * MB), trace=trace(100, 600, 500))
    memory = memory.loaded(LoadResult("b:1", 1.0, 3000 * MB), trace=trace(500, 3600, 3500))
    memory = memory.answered(held(3510, "a:1"))
    assert [one.answer_growth_bytes for one in memory.models] == [10 * MB, None]


def test_an_unload_that_the_backend_does_not_measure_is_measured_here() -> None:
    memory = ModelMemory().loaded(LoadResult("a:1", 1.0, 400 * MB), trace=trace(100, 600, 500))
    memory = memory.unloaded("a:1", None, trace=trace(500, 500, 450))
    assert memory.unloads[0].freed_bytes == 50 * MB
    assert memory.unloads[0].kept_too_much
    assert not ModelMemory().unloaded("a:1", 5).unloads[0].kept_too_much
    small = ModelMemory().loaded(LoadResult("a:1", 1.0, 20 * MB)).unloaded("a:1", 0)
    assert not small.unloads[0].kept_too_much  # the allocator decides about so little
