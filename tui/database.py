"""One SQLite database for conversations, benchmark runs and ratings: WAL, schema versioned."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.foundry.errors import FoundryError

BUSY_TIMEOUT_S = 5.0

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        variant_id TEXT,
        created_at TEXT NOT NULL,
        figures TEXT,
        UNIQUE (conversation_id, position)
    ) STRICT;
    CREATE TABLE bench_runs (
        id TEXT PRIMARY KEY,
        created_at TEXT NOT NULL,
        finished_at TEXT,
        plan TEXT NOT NULL,
        context TEXT NOT NULL
    ) STRICT;
    CREATE TABLE bench_requests (
        id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL REFERENCES bench_runs(id) ON DELETE CASCADE,
        sequence INTEGER NOT NULL,
        target TEXT NOT NULL,
        prompt_index INTEGER NOT NULL,
        round_index INTEGER,
        result TEXT NOT NULL,
        UNIQUE (run_id, sequence)
    ) STRICT;
    """,
    """
    CREATE TABLE branched_turns (
        id INTEGER PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        turn_id TEXT NOT NULL,
        parent_id TEXT,
        position INTEGER NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        reasoning TEXT NOT NULL DEFAULT '',
        reasoning_s REAL,
        variant_id TEXT,
        created_at TEXT NOT NULL,
        figures TEXT,
        UNIQUE (conversation_id, turn_id)
    ) STRICT;
    INSERT INTO branched_turns (id, conversation_id, turn_id, parent_id, position, role, content,
        variant_id, created_at, figures)
    SELECT id, conversation_id, 'turn-' || id, 'turn-' || lag(id) OVER (
        PARTITION BY conversation_id ORDER BY position
    ), position, role, content, variant_id, created_at, figures FROM turns;
    DROP TABLE turns;
    ALTER TABLE branched_turns RENAME TO turns;
    ALTER TABLE conversations ADD COLUMN leaf_id TEXT;
    ALTER TABLE conversations ADD COLUMN parameters TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE conversations ADD COLUMN given_title TEXT NOT NULL DEFAULT '';
    UPDATE conversations SET leaf_id = (
        SELECT turn_id FROM turns WHERE conversation_id = conversations.id
        ORDER BY position DESC LIMIT 1
    );
    CREATE TABLE presets (
        name TEXT PRIMARY KEY,
        parameters TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE memory_records (
        id INTEGER PRIMARY KEY,
        variant_id TEXT NOT NULL,
        backend TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        load_s REAL,
        resident_bytes INTEGER NOT NULL,
        context_tokens INTEGER
    ) STRICT;
    CREATE INDEX memory_records_by_variant ON memory_records (variant_id, id);
    """,
    """
    CREATE TABLE bench_raters (
        run_id TEXT NOT NULL REFERENCES bench_runs(id) ON DELETE CASCADE,
        rater TEXT NOT NULL,
        seed INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        PRIMARY KEY (run_id, rater)
    ) STRICT;
    CREATE TABLE bench_ratings (
        run_id TEXT NOT NULL,
        rater TEXT NOT NULL,
        prompt_index INTEGER NOT NULL,
        kind TEXT NOT NULL,
        scores TEXT NOT NULL,
        rated_at TEXT NOT NULL,
        PRIMARY KEY (run_id, rater, prompt_index),
        FOREIGN KEY (run_id, rater) REFERENCES bench_raters(run_id, rater) ON DELETE CASCADE
    ) STRICT;
    CREATE TABLE bench_notes (
        run_id TEXT PRIMARY KEY REFERENCES bench_runs(id) ON DELETE CASCADE,
        note TEXT NOT NULL,
        changed_at TEXT NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE variant_uses (
        variant TEXT PRIMARY KEY,
        used_at TEXT NOT NULL
    ) STRICT;
    CREATE TABLE cache_places (
        backend TEXT PRIMARY KEY,
        previous TEXT NOT NULL
    ) STRICT;
    CREATE TABLE folder_checksums (
        folder TEXT PRIMARY KEY,
        taken_at TEXT NOT NULL,
        files TEXT NOT NULL
    ) STRICT;
    """,
    # What search has to look at again. The index itself is no part of the schema, as not every
    # SQLite can make one, and a program without must be able to write all the same.
    """
    ALTER TABLE conversations ADD COLUMN deleted_at TEXT;
    CREATE TABLE turns_to_index (turn INTEGER PRIMARY KEY) STRICT;
    INSERT INTO turns_to_index SELECT id FROM turns;
    CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
        INSERT INTO turns_to_index SELECT new.id
        WHERE NOT EXISTS (SELECT 1 FROM turns_to_index WHERE turn = new.id);
    END;
    CREATE TRIGGER turn_changed AFTER UPDATE OF content ON turns BEGIN
        INSERT INTO turns_to_index SELECT new.id
        WHERE NOT EXISTS (SELECT 1 FROM turns_to_index WHERE turn = new.id);
    END;
    CREATE TRIGGER turn_removed AFTER DELETE ON turns BEGIN
        INSERT INTO turns_to_index SELECT old.id
        WHERE NOT EXISTS (SELECT 1 FROM turns_to_index WHERE turn = old.id);
    END;
    """,
    """
    CREATE TABLE usable_contexts (
        variant_id TEXT PRIMARY KEY,
        tokens INTEGER NOT NULL,
        exact INTEGER NOT NULL,
        how TEXT NOT NULL,
        backend TEXT NOT NULL,
        probed_at TEXT NOT NULL
    ) STRICT;
    """,
    """
    ALTER TABLE memory_records ADD COLUMN load_peak_bytes INTEGER;
    ALTER TABLE memory_records ADD COLUMN answer_peak_bytes INTEGER;
    ALTER TABLE memory_records ADD COLUMN freed_bytes INTEGER;
    """,
)
"""One script per schema version; `PRAGMA user_version` counts how many have run."""


class DatabaseError(FoundryError):
    """The database cannot be opened or written."""

    code = "database"


class Database:
    """A connection that is opened on first use and may be shared between threads.

    Args:
        path: The file; its directory is created.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hand out the connection; commit at the end, roll back on an error.

        Blocks for up to `BUSY_TIMEOUT_S` while another process writes, so call it off the event
        loop. Raises `DatabaseError`.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                with self._connection as connection:
                    yield connection
            except (sqlite3.Error, OSError) as error:
                raise DatabaseError(
                    f"Cannot use the database {self.path}: {error}",
                    "Check that its directory can be written and has space; what is on the "
                    "screen is not lost and can be exported.",
                ) from error

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connection; the next transaction opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __del__(self) -> None:
        """Close with the last user; Python 3.13 complains about connections left open."""
        self.close()


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise DatabaseError(
            f"{path} was written by a newer Foundry TUI (schema {version}).",
            "Update Foundry TUI, or move the file away to start anew.",
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
            )
        except sqlite3.OperationalError:
            connection.rollback()
            # A second copy of the program, started at the same time, may have been faster.
            if _version(connection) < number:
                raise


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
