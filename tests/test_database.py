"""The one database: schema, two copies at once, and what cannot be opened."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tui.database import MIGRATIONS, Database, DatabaseError


def _tables(path: Path) -> int:
    with Database(path).transaction() as connection:
        ((count,),) = connection.execute("select count(*) from sqlite_master where type = 'table'")
    return int(count)


def test_copies_started_at_the_same_time_share_a_new_database(tmp_path: Path) -> None:
    file = tmp_path / "new" / "data.sqlite3"
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(_tables, [file] * 8))
    assert len(set(counts)) == 1
    assert counts[0] >= 2


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "data.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(DatabaseError, match="newer Foundry TUI") as caught:
        _tables(file)
    assert "Update Foundry TUI" in caught.value.hint


def test_a_file_that_is_no_database_is_named_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "data.sqlite3"
    file.write_text("these are not the tables you are looking for" * 50, "utf-8")
    with pytest.raises(DatabaseError, match=r"data\.sqlite3"):
        _tables(file)
    assert file.read_text("utf-8").startswith("these are not")
