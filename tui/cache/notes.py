"""What this program remembers about models on disk: last uses, earlier places, checksums."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tui.database import Database
from tui.foundry.ids import same_variant
from tui.foundry.types import CacheInfo

FileSum = tuple[int, int, str]
"""Size in bytes, time of change in nanoseconds, SHA-256 in hexadecimal digits."""
FileSums = Mapping[str, FileSum]
"""By path below the model's directory, with `/` between its parts."""


@dataclass(frozen=True, slots=True)
class CacheNotes:
    """What was remembered, as it stood when it was read."""

    used_at_s: Mapping[str, float] = field(default_factory=dict)
    """Last use in seconds since the epoch, by folded variant id: loads, answers, benchmarks."""
    checked_at_s: Mapping[str, float] = field(default_factory=dict)
    """When checksums were taken, by directory."""
    previous: Path | None = None
    """Where the backend kept its models before."""

    def last_used_s(self, variant_id: str) -> float | None:
        """Return when a variant was used last; None where no use is known."""
        uses = [at for one, at in self.used_at_s.items() if same_variant(one, variant_id)]
        return max(uses, default=None)

    def has_worked(self, variant_id: str) -> bool:
        """Tell whether this very version was in memory here; a use without version proves none."""
        return variant_id.casefold() in self.used_at_s


class CacheNotebook:
    """Keeps these notes. All calls block: make them off the event loop.

    Args:
        database: Where they are kept.

    Raises:
        DatabaseError: From every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, backend: str) -> CacheNotes:
        """Return all notes.

        Args:
            backend: Kind of the backend, whose previous place is meant.
        """
        with self._database.transaction() as connection:
            uses = connection.execute(
                "SELECT variant, used_at FROM variant_uses "
                "UNION ALL SELECT variant_id, MAX(created_at) FROM turns "
                "WHERE variant_id IS NOT NULL AND role = 'assistant' GROUP BY variant_id "
                "UNION ALL SELECT q.target, MAX(r.created_at) FROM bench_requests q "
                "JOIN bench_runs r ON r.id = q.run_id GROUP BY q.target"
            ).fetchall()
            taken = connection.execute("SELECT folder, taken_at FROM folder_checksums").fetchall()
            place = connection.execute(
                "SELECT previous FROM cache_places WHERE backend = ?", (backend,)
            ).fetchone()
        used: dict[str, float] = {}
        for variant, at in uses:
            folded = str(variant).casefold()
            used[folded] = max(used.get(folded, 0.0), _seconds(at))
        return CacheNotes(
            used,
            {folder: _seconds(at) for folder, at in taken},
            Path(place[0]) if place else None,
        )

    def note_use(self, variant_id: str, now: datetime | None = None) -> None:
        """Remember that a variant was brought into memory, or answered."""
        at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO variant_uses (variant, used_at) VALUES (?, ?) "
                "ON CONFLICT (variant) DO UPDATE SET used_at = excluded.used_at",
                (variant_id.casefold(), at),
            )

    def note_place(self, backend: str, previous: Path) -> None:
        """Remember where the models were before."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO cache_places (backend, previous) VALUES (?, ?) "
                "ON CONFLICT (backend) DO UPDATE SET previous = excluded.previous",
                (backend, str(previous)),
            )

    def checksums(self, folder: Path) -> FileSums | None:
        """Return the checksums of a directory, as they were taken; None where none were."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT files FROM folder_checksums WHERE folder = ?", (str(folder),)
            ).fetchone()
        if row is None:
            return None
        return {name: (size, time, sha) for name, (size, time, sha) in json.loads(row[0]).items()}

    def keep_checksums(self, folder: Path, files: FileSums) -> None:
        """Remember the checksums of a directory."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO folder_checksums (folder, taken_at, files) "
                "VALUES (?, ?, ?)",
                (
                    str(folder),
                    datetime.now(UTC).isoformat(timespec="seconds"),
                    json.dumps({name: list(one) for name, one in files.items()}),
                ),
            )

    def rename_folder(self, old: Path, new: Path) -> None:
        """Keep the checksums of a directory that was moved."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE OR REPLACE folder_checksums SET folder = ? WHERE folder = ?",
                (str(new), str(old)),
            )

    def forget_checksums(self, folder: Path) -> None:
        """Forget a directory that is gone."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM folder_checksums WHERE folder = ?", (str(folder),))

    def forget_gone(self, cache: CacheInfo) -> None:
        """Forget directories that are no longer in a cache: another may come under their names."""
        there = {str(entry.path) for entry in cache.entries}
        roots = (cache.location, cache.location.resolve())
        with self._database.transaction() as connection:
            for (folder,) in connection.execute("SELECT folder FROM folder_checksums").fetchall():
                inside = any(Path(folder).is_relative_to(root) for root in roots)
                if inside and folder not in there:
                    connection.execute("DELETE FROM folder_checksums WHERE folder = ?", (folder,))


def _seconds(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
