"""The ledger of what loads took and unloads gave back."""

from __future__ import annotations

from tui.foundry.types import LoadResult
from tui.system.model_memory import KEPT_UNLOADS, ModelMemory

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
