"""Conversations in the database, written as they grow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from sqlite3 import Connection

from tui.chat.conversation import Conversation, Turn, now_text
from tui.chat.parameters import from_record
from tui.database import Database
from tui.foundry.errors import NotFound

_UPSERT = """
    INSERT INTO turns (conversation_id, turn_id, parent_id, position, role, content, reasoning,
        reasoning_s, variant_id, created_at, figures)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (conversation_id, turn_id) DO UPDATE SET
        parent_id = excluded.parent_id, position = excluded.position, role = excluded.role,
        content = excluded.content, reasoning = excluded.reasoning,
        reasoning_s = excluded.reasoning_s, variant_id = excluded.variant_id,
        figures = excluded.figures
    WHERE content IS NOT excluded.content OR figures IS NOT excluded.figures
        OR role IS NOT excluded.role OR reasoning IS NOT excluded.reasoning
        OR reasoning_s IS NOT excluded.reasoning_s OR position IS NOT excluded.position
        OR parent_id IS NOT excluded.parent_id OR variant_id IS NOT excluded.variant_id
"""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the list of conversations."""

    id: str
    title: str
    updated_at: str
    turns: int
    """Of all branches."""


class ConversationStore:
    """Reads and writes conversations. All calls block: make them off the event loop.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written: Conversation | None = None

    def save(self, conversation: Conversation) -> None:
        """Write the conversation as it is now; only what differs is touched.

        One without a turn is removed.

        Raises:
            DatabaseError: The database cannot be written.
        """
        with self._database.transaction() as connection:
            if not conversation.tree:
                connection.execute("DELETE FROM conversations WHERE id = ?", (conversation.id,))
                return
            connection.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at, leaf_id, "
                "parameters, given_title) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET title = excluded.title, "
                "updated_at = excluded.updated_at, leaf_id = excluded.leaf_id, "
                "parameters = excluded.parameters, given_title = excluded.given_title, "
                # What goes on is not deleted any more.
                "deleted_at = NULL",
                (
                    conversation.id,
                    conversation.title,
                    conversation.created_at,
                    now_text(),
                    conversation.leaf_id,
                    json.dumps(conversation.parameters.as_record()),
                    conversation.given_title,
                ),
            )
            self._write_turns(connection, conversation)
        self._written = conversation

    def _write_turns(self, connection: Connection, conversation: Conversation) -> None:
        """Write the turns that are not in the database as they are now.

        While an answer grows that is one of hundreds, so what this store wrote last is not compared
        row by row again; unless somebody else has taken rows away since.
        """
        before: tuple[Turn, ...] = ()
        if self._written is not None and self._written.id == conversation.id:
            (count,) = connection.execute(
                "SELECT COUNT(*) FROM turns WHERE conversation_id = ?", (conversation.id,)
            ).fetchone()
            before = self._written.tree if count == len(self._written.tree) else ()
        changed = [
            (place, turn)
            for place, turn in enumerate(conversation.tree)
            if place >= len(before) or before[place] is not turn
        ]
        if not before or len(before) > len(conversation.tree) - len(changed):
            connection.execute(
                "DELETE FROM turns WHERE conversation_id = ? AND turn_id NOT IN "
                "(SELECT value FROM json_each(?))",
                (conversation.id, json.dumps([turn.id for turn in conversation.tree])),
            )
        connection.executemany(
            _UPSERT,
            [
                (
                    conversation.id,
                    turn.id,
                    turn.parent_id,
                    place,
                    turn.role,
                    turn.content,
                    turn.reasoning,
                    turn.reasoning_s,
                    turn.variant_id,
                    turn.created_at,
                    json.dumps(dict(turn.figures)),
                )
                for place, turn in changed
            ],
        )

    def list(self, limit: int = 200) -> tuple[ConversationSummary, ...]:
        """Return the newest conversations first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT c.id, c.title, c.updated_at, COUNT(t.id) AS turns FROM conversations c "
                "LEFT JOIN turns t ON t.conversation_id = c.id "
                "WHERE c.deleted_at IS NULL GROUP BY c.id "
                "ORDER BY c.updated_at DESC, c.rowid DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(
            ConversationSummary(row["id"], row["title"], row["updated_at"], row["turns"])
            for row in rows
        )

    def load(self, conversation_id: str) -> Conversation:
        """Return a conversation; raises `NotFound`."""
        with self._database.transaction() as connection:
            head = connection.execute(
                "SELECT id, created_at, leaf_id, parameters, given_title FROM conversations "
                "WHERE id = ?",
                (conversation_id,),
            ).fetchone()
            rows = connection.execute(
                "SELECT role, content, variant_id, created_at, figures, reasoning, reasoning_s, "
                "turn_id, parent_id FROM turns WHERE conversation_id = ? ORDER BY position",
                (conversation_id,),
            ).fetchall()
        if head is None:
            raise NotFound(f"There is no conversation {conversation_id}.")
        tree = tuple(
            Turn(
                row["role"],
                row["content"],
                row["variant_id"],
                row["created_at"],
                json.loads(row["figures"] or "{}"),
                row["reasoning"],
                row["reasoning_s"],
                row["turn_id"],
                row["parent_id"],
            )
            for row in rows
        )
        return Conversation(
            head["id"],
            tree,
            head["leaf_id"],
            head["created_at"],
            from_record(json.loads(head["parameters"])),
            head["given_title"],
        )

    def questions(self, limit: int = 200) -> tuple[str, ...]:
        """Return what was asked in any conversation, oldest first, each text once."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT content FROM turns t JOIN conversations c ON c.id = t.conversation_id "
                "WHERE role = 'user' AND c.deleted_at IS NULL GROUP BY content "
                "ORDER BY MAX(t.id) DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(row["content"] for row in reversed(rows))
