"""The context that a model really took on this machine, as probed; kept from session to session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.foundry.ids import keys_of

if TYPE_CHECKING:
    from tui.database import Database


@dataclass(frozen=True, slots=True)
class UsableContext:
    """What a probe found."""

    variant_id: str
    tokens: int
    """Prompt and answer together."""
    exact: bool
    """Whether the limit was found; else it is at least this much."""
    how: str
    """How it was found, as half a sentence."""
    backend: str
    probed_at: str
    """ISO 8601, with zone."""


class UsableContexts:
    """Writes and reads what probes found. All calls block: make them off the event loop.

    Args:
        database: Where it is kept.

    Raises:
        DatabaseError: From every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, found: UsableContext) -> None:
        """Enter what a probe found, in the place of an earlier one."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO usable_contexts"
                " (variant_id, tokens, exact, how, backend, probed_at) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    found.variant_id, found.tokens, int(found.exact), found.how, found.backend,
                    found.probed_at,
                ),
            )  # fmt: skip

    def known(self) -> Mapping[str, UsableContext]:
        """Return what is known, for `find_by_id`."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT variant_id, tokens, exact, how, backend, probed_at FROM usable_contexts"
                " ORDER BY probed_at"
            ).fetchall()
        found = (
            UsableContext(row[0], row[1], bool(row[2]), row[3], row[4], row[5]) for row in rows
        )
        return {key: one for one in found for key in keys_of(one.variant_id)}
