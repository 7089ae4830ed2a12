"""What loads took on this machine, kept from session to session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
    load_peak_bytes: int | None = None
    """What it took at its worst while it loaded; None where nobody watched."""
    answer_peak_bytes: int | None = None
    """What it took at its worst while it answered, with what the load took."""
    freed_bytes: int | None = None
    """What its unload gave back; None where it has not been unloaded, or nobody watched."""

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
                " resident_bytes, context_tokens, load_peak_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    record.variant_id, record.backend, record.recorded_at, record.load_s,
                    record.resident_bytes, record.context_tokens, record.load_peak_bytes,
                ),
            )  # fmt: skip
            connection.execute(
                "DELETE FROM memory_records WHERE variant_id = ?1 AND id NOT IN (SELECT id FROM"
                " memory_records WHERE variant_id = ?1 ORDER BY id DESC LIMIT ?2)",
                (record.variant_id, KEPT),
            )

    def complete(
        self, variant_id: str, answer_peak_bytes: int | None, freed_bytes: int | None
    ) -> None:
        """Add to a variant's last load what came later; None leaves what is known.

        Args:
            variant_id: As it was loaded.
            answer_peak_bytes: What it took at its worst while it answered.
            freed_bytes: What its unload gave back.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE memory_records SET answer_peak_bytes = coalesce(?2, answer_peak_bytes),"
                " freed_bytes = coalesce(?3, freed_bytes) WHERE id ="
                " (SELECT max(id) FROM memory_records WHERE variant_id = ?1)",
                (variant_id, answer_peak_bytes, freed_bytes),
            )

    def known(self) -> Mapping[str, MemoryRecord]:
        """Return what is believed of each variant, for `record_of`."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT variant_id, resident_bytes, backend, recorded_at, load_s, context_tokens,"
                " load_peak_bytes, answer_peak_bytes, freed_bytes"
                " FROM (SELECT *, row_number() OVER (PARTITION BY variant_id ORDER BY id DESC)"
                " AS place FROM memory_records) WHERE place <= ? ORDER BY id",
                (COUNTED,),
            ).fetchall()
        return by_variant(MemoryRecord(*row) for row in rows)


def by_variant(records: Iterable[MemoryRecord]) -> dict[str, MemoryRecord]:
    """Return the largest record of each variant; among equal ones the later.

    The worst that an answer took is kept with it, whichever load that was after.
    """
    found: dict[str, MemoryRecord] = {}
    for record in records:
        for key in keys_of(record.variant_id):
            known = found.get(key)
            peaks = [one.answer_peak_bytes or 0 for one in (record, known) if one is not None]
            if known is None or record.resident_bytes >= known.resident_bytes:
                known = record
            found[key] = replace(known, answer_peak_bytes=max(peaks) or None)
    return found


def record_of(records: Mapping[str, MemoryRecord], variant_id: str) -> MemoryRecord | None:
    """Return the record of a variant, by the rule of `same_variant`."""
    return find_by_id(records, variant_id)


def record_from(
    info: BackendInfo,
    result: LoadResult,
    context_tokens: int | None = None,
    load_peak_bytes: int | None = None,
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
        load_peak_bytes,
    )
