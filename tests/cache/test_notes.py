"""What is remembered about models on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tui.cache.notes import CacheNotebook
from tui.database import Database
from tui.foundry.types import CacheEntry, CacheInfo

BEFORE, LATER = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)


def test_loads_answers_and_benchmarks_count_as_uses(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite3")
    notebook = CacheNotebook(database)
    notebook.note_use("Otter:3", LATER)
    notebook.note_use("otter:3", BEFORE)
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO conversations (id, title, created_at, updated_at) VALUES ('c', '', '', '')"
        )
        answer = ("assistant", "newt:1")
        turns = [(*answer, BEFORE), (*answer, LATER), ("user", "x:1", LATER)]
        for number, (role, variant, at) in enumerate(turns):
            connection.execute(
                "INSERT INTO turns (conversation_id, turn_id, position, role, content, variant_id,"
                " created_at) VALUES ('c', ?, ?, ?, '', ?, ?)",
                (str(number), number, role, variant, at.isoformat()),
            )
        connection.execute(
            "INSERT INTO bench_runs (id, created_at, plan, context) VALUES ('r', ?, '', '')",
            (LATER.isoformat(),),
        )
        connection.execute(
            "INSERT INTO bench_requests (run_id, sequence, target, prompt_index, result)"
            " VALUES ('r', 0, 'crab:2', 0, '')"
        )
    assert notebook.read("runtime").used_at_s == {
        "otter:3": BEFORE.timestamp(),
        "newt:1": LATER.timestamp(),
        "crab:2": LATER.timestamp(),
    }


def test_places_are_remembered_for_each_backend(tmp_path: Path) -> None:
    notebook = CacheNotebook(Database(tmp_path / "x.sqlite3"))
    assert notebook.read("runtime").previous is None
    notebook.note_place("runtime", Path("/a"))
    notebook.note_place("runtime", Path("/b"))
    assert notebook.read("runtime").previous == Path("/b")
    assert notebook.read("foundry").previous is None


def test_checksums_are_kept_by_directory(tmp_path: Path) -> None:
    notebook = CacheNotebook(Database(tmp_path / "x.sqlite3"))
    assert notebook.checksums(tmp_path) is None
    notebook.keep_checksums(tmp_path, {"a/b": (1, 2, "ff")})
    assert notebook.checksums(tmp_path) == {"a/b": (1, 2, "ff")}
    assert str(tmp_path) in notebook.read("runtime").checked_at_s
    entry = CacheEntry("otter:1", tmp_path / "otter", 1, 1.0)
    notebook.keep_checksums(entry.path, {})
    notebook.keep_checksums(Path("/elsewhere/newt"), {})
    notebook.forget_gone(CacheInfo(tmp_path, (entry,), 0))
    checked = notebook.read("runtime").checked_at_s
    assert set(checked) == {str(entry.path), "/elsewhere/newt"}
    notebook.keep_checksums(tmp_path, {"a/b": (1, 2, "ff")})
    notebook.forget_checksums(tmp_path)
    assert notebook.checksums(tmp_path) is None
