"""Conversations in the database, written as they grow."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tui.chat.conversation import Conversation, Turn, now_text
from tui.database import Database
from tui.foundry.errors import NotFound


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the list of conversations."""

    id: str
    title: str
    updated_at: str
    turns: int


class ConversationStore:
    """Reads and writes conversations. All calls block: make them off the event loop.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, conversation: Conversation) -> None:
        """Write the conversation as it is now; only what differs is touched.

        Raises:
            DatabaseError: The database cannot be written.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET title = excluded.title, "
                "updated_at = excluded.updated_at",
                (conversation.id, conversation.title, conversation.created_at, now_text()),
            )
            connection.execute(
                "DELETE FROM turns WHERE conversation_id = ? AND position >= ?",
                (conversation.id, len(conversation.turns)),
            )
            connection.executemany(
                "INSERT INTO turns (conversation_id, position, role, content, variant_id, "
                "created_at, figures) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (conversation_id, position) DO UPDATE SET role = excluded.role, "
                "content = excluded.content, variant_id = excluded.variant_id, "
                "created_at = excluded.created_at, figures = excluded.figures "
                "WHERE content IS NOT excluded.content OR figures IS NOT excluded.figures "
                "OR role IS NOT excluded.role",
                [
                    (
                        conversation.id,
                        position,
                        turn.role,
                        turn.content,
                        turn.variant_id,
                        turn.created_at,
                        json.dumps(dict(turn.figures)),
                    )
                    for position, turn in enumerate(conversation.turns)
                ],
            )

    def list(self, limit: int = 200) -> tuple[ConversationSummary, ...]:
        """Return the newest conversations first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT c.id, c.title, c.updated_at, COUNT(t.id) AS turns FROM conversations c "
                "LEFT JOIN turns t ON t.conversation_id = c.id GROUP BY c.id "
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
                "SELECT id, created_at FROM conversations WHERE id = ?", (conversation_id,)
            ).fetchone()
            rows = connection.execute(
                "SELECT role, content, variant_id, created_at, figures FROM turns "
                "WHERE conversation_id = ? ORDER BY position",
                (conversation_id,),
            ).fetchall()
        if head is None:
            raise NotFound(f"There is no conversation {conversation_id}.")
        turns = tuple(
            Turn(
                row["role"],
                row["content"],
                row["variant_id"],
                row["created_at"],
                json.loads(row["figures"] or "{}"),
            )
            for row in rows
        )
        return Conversation(head["id"], turns, head["created_at"])
