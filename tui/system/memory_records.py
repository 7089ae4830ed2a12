"""What loads took on this machine, kept from session to session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.foundry.ids import find_by_id, keys_of
from tui.foundry.types import BackendInfo, LoadResult

if TYPE_CHECKING:
    from tui.database import Database

COUNTED = 5
"""Loads of a variant that are looked at: a runtime that keeps what another model gave back grows
by less than the model takes, so the largest of the last ones is believed."""
KEPT = 20


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """One load, as it was measured."""

    variant_id: str
    resident_bytes: int
    """Growth of the runtime's resident memory."""
    backend: str
    """Which one loaded it, and its version: `runtime 2.2.1`."""
    recorded_at: str
    """ISO 8601, with zone."""
    load_s: float | None = None
    context_tokens: int | None = None
    """The longest context that the model had then; None where it was not told."""

    @property
    def day(self) -> str:
        """The date alone, as it is shown."""
        return self.recorded_at[:10]


class MemoryRecords:
    """Writes and reads what was measured. All calls block: make them off the event loop.

    Args:
        database: Where it is kept.

    Raises:
        DatabaseError: From every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: MemoryRecord) -> None:
        """Enter a load; the oldest ones of the variant make room."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO memory_records (variant_id, backend, recorded_at, load_s,"
                " resident_bytes, context_tokens) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    record.variant_id, record.backend, record.recorded_at, record.load_s,
                    record.resident_bytes, record.context_tokens,
                ),
            )  # fmt: skip
            connection.execute(
                "DELETE FROM memory_records WHERE variant_id = ?1 AND id NOT IN (SELECT id FROM"
                " memory_records WHERE variant_id = ?1 ORDER BY id DESC LIMIT ?2)",
                (record.variant_id, KEPT),
            )

    def known(self) -> Mapping[str, MemoryRecord]:
        """Return what is believed of each variant, for `record_of`."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT variant_id, resident_bytes, backend, recorded_at, load_s, context_tokens"
                " FROM (SELECT *, row_number() OVER (PARTITION BY variant_id ORDER BY id DESC)"
                " AS place FROM memory_records) WHERE place <= ? ORDER BY id",
                (COUNTED,),
            ).fetchall()
        return by_variant(MemoryRecord(*row) for row in rows)


def by_variant(records: Iterable[MemoryRecord]) -> dict[str, MemoryRecord]:
    """Return the largest record of each variant; among equal ones the later."""
    found: dict[str, MemoryRecord] = {}
    for record in records:
        for key in keys_of(record.variant_id):
            known = found.get(key)
            if known is None or record.resident_bytes >= known.resident_bytes:
                found[key] = record
    return found


def record_of(records: Mapping[str, MemoryRecord], variant_id: str) -> MemoryRecord | None:
    """Return the record of a variant, by the rule of `same_variant`."""
    return find_by_id(records, variant_id)


def record_from(
    info: BackendInfo, result: LoadResult, context_tokens: int | None = None
) -> MemoryRecord | None:
    """Return what there is to keep of a load; None where nothing was measured."""
    if result.already_loaded or not result.resident_bytes:
        return None
    return MemoryRecord(
        result.variant_id,
        result.resident_bytes,
        f"{info.kind} {info.version}".strip(),
        datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        result.load_s,
        context_tokens,
    )
