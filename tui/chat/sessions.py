"""The conversations that were kept: listed, found, named, deleted, brought back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection, Row

from tui.chat.conversation import now_text
from tui.chat.history import ConversationStore
from tui.chat.search import as_pattern, excerpt, matching_turns
from tui.database import Database
from tui.foundry.errors import FoundryError, NotFound
from tui.foundry.text import clean_text

LAST = "last"
"""Stands for the conversation that was written to last."""
KEPT_DAYS = 7
"""How long a deleted conversation can be brought back; then it is gone for good."""
LEAST_ID_LENGTH = 4
LONGEST_TITLE = 200

_COLUMNS = """
    SELECT c.id, c.title, c.created_at, c.updated_at, c.deleted_at, COUNT(t.id) AS turns,
        (SELECT GROUP_CONCAT(variant_id, char(10)) FROM (
            SELECT variant_id, MIN(id) AS first FROM turns
            WHERE conversation_id = c.id AND variant_id IS NOT NULL
            GROUP BY variant_id ORDER BY first)) AS variants
    FROM conversations c LEFT JOIN turns t ON t.conversation_id = c.id
"""


class Ambiguous(FoundryError):
    """The beginning of an id that several conversations share."""

    code = "ambiguous"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One line of the list. Title and excerpt come from outside: clean them before drawing."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: int
    """Of all branches."""
    variants: tuple[str, ...]
    """Who answered, the first first."""
    turn_id: str | None = None
    """Where what was searched for was said last; None without a search, or for a hit in the
    title."""
    excerpt: str = ""
    """What stands around it there."""


class Sessions:
    """Looks after the kept conversations. All calls block: make them off the event loop.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, query: str = "", limit: int = 500) -> tuple[SessionSummary, ...]:
        """Return the conversations that hold all words of the query, the newest first.

        Args:
            query: Words in any turn of any branch, or in the title; '' for all conversations.
            limit: No more than this many.
        """
        with self._database.transaction() as connection:
            if not query.strip():
                rows = _select(connection, "c.deleted_at IS NULL", (), limit)
                return tuple(_summary(row) for row in rows)
            hits = _hits(connection, query)
            rows = _select(
                connection,
                "c.deleted_at IS NULL AND (c.id IN (SELECT value FROM json_each(?)) OR "
                + " AND ".join("c.title LIKE ? ESCAPE '\\'" for _ in query.split())
                + ")",
                (json.dumps(list(hits)), *(as_pattern(word) for word in query.split())),
                limit,
            )
        return tuple(_summary(row, query, *hits.get(row["id"], (None, ""))) for row in rows)

    def find(self, name: str, *, deleted: bool = False) -> str:
        """Return the id that `name` means: an id, the beginning of one, or `last`.

        Args:
            name: As a person typed it.
            deleted: Look among those that were deleted.

        Raises:
            NotFound: There is none.
            Ambiguous: Several ids begin so.
        """
        with self._database.transaction() as connection:
            which = "IS NOT NULL" if deleted else "IS NULL"
            if name == LAST:
                order = "deleted_at" if deleted else "updated_at"
                row = connection.execute(
                    f"SELECT id FROM conversations WHERE deleted_at {which} "
                    f"ORDER BY {order} DESC, rowid DESC LIMIT 1"
                ).fetchone()
                found = [row] if row else []
            elif len(name) < LEAST_ID_LENGTH:
                found = []
            else:
                found = connection.execute(
                    f"SELECT id FROM conversations WHERE deleted_at {which} "
                    "AND substr(id, 1, ?) = ? LIMIT 2",
                    (len(name), name),
                ).fetchall()
        if len(found) > 1:
            raise Ambiguous(
                f"Several conversations have an id that begins with '{name}'.", "Write more of it."
            )
        if not found:
            raise _not_found(name, deleted)
        return str(found[0]["id"])

    def rename(self, conversation_id: str, title: str) -> str:
        """Give a conversation a name; an empty one gives it back its first question.

        Returns:
            The title it has now.
        """
        given = " ".join(clean_text(title).split())[:LONGEST_TITLE]
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE conversations SET given_title = ? WHERE id = ?", (given, conversation_id)
            ).rowcount
        if not changed:
            raise _not_found(conversation_id, deleted=False)
        title = ConversationStore(self._database).load(conversation_id).title
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", (title, conversation_id)
            )
        return title

    def delete(self, ids: Sequence[str], *, for_good: bool = False) -> int:
        """Delete conversations; they can be brought back for `KEPT_DAYS`.

        Args:
            ids: Whole ids.
            for_good: At once and for ever.

        Returns:
            How many there were.
        """
        keys = json.dumps(list(ids))
        with self._database.transaction() as connection:
            _forget_old(connection)
            if for_good:
                return connection.execute(
                    "DELETE FROM conversations WHERE id IN (SELECT value FROM json_each(?))",
                    (keys,),
                ).rowcount
            return connection.execute(
                "UPDATE conversations SET deleted_at = ? WHERE deleted_at IS NULL "
                "AND id IN (SELECT value FROM json_each(?))",
                (now_text(), keys),
            ).rowcount

    def restore(self, ids: Sequence[str]) -> int:
        """Bring deleted conversations back; returns how many there were."""
        with self._database.transaction() as connection:
            return connection.execute(
                "UPDATE conversations SET deleted_at = NULL WHERE deleted_at IS NOT NULL "
                "AND id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            ).rowcount


def _select(
    connection: Connection, condition: str, values: tuple[str, ...], limit: int
) -> list[Row]:
    return connection.execute(
        f"{_COLUMNS} WHERE {condition} GROUP BY c.id "
        "ORDER BY c.updated_at DESC, c.rowid DESC LIMIT ?",
        (*values, limit),
    ).fetchall()


def _hits(connection: Connection, query: str) -> dict[str, tuple[str, str]]:
    """Return turn and text of the newest hit in each conversation."""
    rows = connection.execute(
        "SELECT conversation_id, turn_id, content FROM turns "
        "WHERE id IN (SELECT MAX(id) FROM turns WHERE id IN (SELECT value FROM json_each(?)) "
        "GROUP BY conversation_id)",
        (json.dumps(matching_turns(connection, query)),),
    )
    return {row["conversation_id"]: (row["turn_id"], row["content"]) for row in rows}


def _summary(
    row: Row, query: str = "", turn_id: str | None = None, content: str = ""
) -> SessionSummary:
    variants = tuple((row["variants"] or "").split("\n")) if row["variants"] else ()
    return SessionSummary(
        row["id"],
        row["title"],
        row["created_at"],
        row["updated_at"],
        row["turns"],
        variants,
        turn_id,
        excerpt(content, query) if content else "",
    )


def _forget_old(connection: Connection) -> None:
    before = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
    connection.execute(
        "DELETE FROM conversations WHERE deleted_at < ?", (before.isoformat(timespec="seconds"),)
    )


def _not_found(name: str, deleted: bool) -> NotFound:
    if name == LAST:
        what = "No conversation was deleted" if deleted else "No conversation has been kept yet"
        return NotFound(f"{what}.", 'Keep one with: foundry-tui chat MODEL "Hello" --save')
    kind = "deleted conversation" if deleted else "conversation"
    return NotFound(
        f"There is no {kind} {clean_text(name, False)}.",
        f"List them with `foundry-tui sessions`; {LEAST_ID_LENGTH} characters of an id are enough.",
    )
