"""Full-text search over conversations: SQLite's FTS5, or plain comparison where it is missing."""

from __future__ import annotations

import re
import unicodedata
from sqlite3 import Connection, OperationalError

EXCERPT_LENGTH = 160
_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS turn_index USING fts5 "
    "(content, tokenize = 'unicode61 remove_diacritics 2')"
)
_OUTSIDE_WORDS = re.compile(r"[^\w]", re.UNICODE)


def matching_turns(connection: Connection, query: str) -> list[int]:
    """Return row ids in `turns` whose text holds all words of the query, newest first.

    A word also matches the beginning of a longer one, and with FTS5 letters match with and without
    their accents. Nothing in the query is read as an operator.

    Args:
        connection: Within a transaction; the index is brought up to date.
        query: As a person typed it.
    """
    words = query.split()
    if not words:
        return []
    found = _by_index(connection, words) if _update_index(connection) else []
    # Writing without spaces has no words to the index, and signs are none.
    return found or _by_comparison(connection, words)


def _update_index(connection: Connection) -> bool:
    """Bring the index up to date; False where this SQLite has none."""
    try:
        connection.execute(_CREATE)
    except OperationalError as error:
        if "no such module" in str(error):
            return False
        raise
    stale = connection.execute("SELECT turn FROM turns_to_index").fetchall()
    if stale:
        connection.executemany("DELETE FROM turn_index WHERE rowid = ?", stale)
        connection.execute(
            "INSERT INTO turn_index (rowid, content) SELECT id, content FROM turns "
            "WHERE id IN (SELECT turn FROM turns_to_index)"
        )
        connection.execute("DELETE FROM turns_to_index")
    return True


def _by_index(connection: Connection, words: list[str]) -> list[int]:
    terms = [_OUTSIDE_WORDS.sub(" ", word).strip() for word in words]
    if not all(terms):
        return []
    match = " AND ".join(f'"{term}"*' for term in terms)
    # `c++` must not find every word with a c: signs are compared as they are.
    signs = [word for word, term in zip(words, terms, strict=True) if word != term]
    literal = "".join(" AND content LIKE ? ESCAPE '\\'" for _ in signs)
    rows = connection.execute(
        f"SELECT rowid FROM turn_index WHERE turn_index MATCH ?{literal} ORDER BY rowid DESC",
        (match, *(as_pattern(word) for word in signs)),
    ).fetchall()
    return [row[0] for row in rows]


def _by_comparison(connection: Connection, words: list[str]) -> list[int]:
    conditions = " AND ".join("content LIKE ? ESCAPE '\\'" for _ in words)
    rows = connection.execute(
        f"SELECT id FROM turns WHERE {conditions} ORDER BY id DESC",
        tuple(as_pattern(word) for word in words),
    ).fetchall()
    return [row[0] for row in rows]


def as_pattern(word: str) -> str:
    """Return the pattern for `LIKE ... ESCAPE '\\'` that finds a word anywhere."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"


def excerpt(text: str, query: str, length: int = EXCERPT_LENGTH) -> str:
    """Return a piece of the text, as one line, that shows the first word of the query found."""
    line = " ".join(text.split())
    plain = _plain(line)
    places = [plain.find(_plain(word)) for word in query.split()]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, min(first - length // 3, len(line) - length))
    cut = line[start : start + length]
    return ("…" if start else "") + cut + ("…" if start + length < len(line) else "")


def _plain(text: str) -> str:
    """Return the letters without case and accents, each at its place."""
    return "".join(
        (unicodedata.normalize("NFD", letter)[0].lower() or letter)[0] for letter in text
    )
