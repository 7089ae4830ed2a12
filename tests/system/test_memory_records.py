"""What loads took, kept from session to session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tui.database import Database
from tui.foundry.types import BackendInfo, LoadResult
from tui.system.device_memory import held_by_runtime
from tui.system.memory_records import (
    COUNTED,
    KEPT,
    MemoryRecord,
    MemoryRecords,
    by_variant,
    record_from,
    record_of,
)
from tui.system.sample import DeviceSample, GpuSample

RECORD = MemoryRecord("Phi:4", 100, "runtime 2.2.1", "2026-11-25T01:00:00+00:00", 0.5, 4096)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.sqlite3"


def test_a_record_is_there_in_the_next_session(file: Path) -> None:
    MemoryRecords(Database(file)).add(RECORD)
    assert record_of(MemoryRecords(Database(file)).known(), "phi:4") == RECORD
    assert RECORD.day == "2026-11-25"


def test_the_largest_of_the_last_loads_is_believed(file: Path) -> None:
    records = MemoryRecords(Database(file))
    for size in (900, 100, 300, 200, 50, 60):
        records.add(replace(RECORD, resident_bytes=size))
    assert COUNTED == 5
    found = record_of(records.known(), "phi:4")
    assert found is not None
    assert found.resident_bytes == 300  # 900 is six loads ago


def test_old_records_make_room(file: Path) -> None:
    database = Database(file)
    records = MemoryRecords(database)
    for _ in range(KEPT + 3):
        records.add(RECORD)
    with database.transaction() as connection:
        (count,) = connection.execute("SELECT count(*) FROM memory_records").fetchone()
    assert count == KEPT


@pytest.mark.parametrize(
    ("kept", "asked", "found"),
    [
        ("phi:4", "PHI:4", True),
        ("phi:4", "phi", True),
        ("phi", "phi:4", True),
        ("phi:4", "phi:5", False),
        ("phi:4", "phi-mini:4", False),
    ],
)
def test_ids_are_compared_as_everywhere(kept: str, asked: str, found: bool) -> None:
    known = by_variant([replace(RECORD, variant_id=kept)])
    assert (record_of(known, asked) is not None) is found


def test_what_was_not_measured_is_not_kept() -> None:
    info = BackendInfo("runtime", "2.2.1", "")
    kept = record_from(info, LoadResult("phi:4", 0.5, 100), 4096)
    assert kept is not None
    assert (kept.backend, kept.resident_bytes, kept.context_tokens) == ("runtime 2.2.1", 100, 4096)
    assert record_from(info, LoadResult("phi:4", 0.5, None)) is None
    assert record_from(info, LoadResult("phi:4", 0.0, 100, already_loaded=True)) is None


def test_what_answers_took_and_what_an_unload_gave_back_is_added_to_the_last_load(
    file: Path,
) -> None:
    records = MemoryRecords(Database(file))
    records.add(replace(RECORD, resident_bytes=200, load_peak_bytes=260))
    records.add(replace(RECORD, resident_bytes=100))
    records.complete("Phi:4", 350, None)
    records.complete("Phi:4", None, 40)
    records.complete("other:1", 999, 999)
    known = record_of(MemoryRecords(Database(file)).known(), "phi:4")
    assert known is not None
    assert (known.resident_bytes, known.load_peak_bytes) == (200, 260)
    assert known.answer_peak_bytes == 350  # the worst of any load
    with Database(file).transaction() as connection:
        rows = connection.execute(
            "SELECT answer_peak_bytes, freed_bytes FROM memory_records ORDER BY id"
        ).fetchall()
    assert [tuple(row) for row in rows] == [(None, None), (350, 40)]


def test_what_the_runtime_holds_of_the_gpus() -> None:
    gpus = (GpuSample("a", runtime_bytes=5), GpuSample("b"), GpuSample("c", runtime_bytes=7))
    assert held_by_runtime(DeviceSample(gpus)) == 12
    assert held_by_runtime(DeviceSample((GpuSample("b"),))) is None
    assert held_by_runtime(None) is None
