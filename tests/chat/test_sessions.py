"""The kept conversations: listed, found, named, deleted, brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.chat.search import excerpt
from tui.chat.sessions import Ambiguous, Sessions
from tui.database import Database
from tui.foundry.errors import NotFound


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "kept.sqlite3")
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> ConversationStore:
    return ConversationStore(database)


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


@pytest.fixture(params=["with an index", "without an index"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Search as SQLite does with FTS5, and as one does that lacks it."""
    if request.param == "without an index":
        monkeypatch.setattr(
            "tui.chat.search._CREATE", "CREATE VIRTUAL TABLE x USING fts_missing(y)"
        )
    return str(request.param)


def talk(question: str, answer: str = "Yes.", variant: str = "phi:1") -> Conversation:
    return Conversation.of(Turn("user", question), Turn("assistant", answer, variant))


def titles(sessions: Sessions, query: str = "") -> list[str]:
    return [one.title for one in sessions.list(query)]


def test_the_list_tells_who_answered_and_how_long_it_is(
    sessions: Sessions, store: ConversationStore
) -> None:
    first = talk("one", variant="phi:1").with_turn(Turn("user", "more"))
    store.save(first.with_turn(Turn("assistant", "ok", "qwen:2")))
    store.save(talk("two"))
    newest, oldest = sessions.list()
    assert (newest.title, newest.turns, newest.variants) == ("two", 2, ("phi:1",))
    assert (oldest.title, oldest.turns, oldest.variants) == ("one", 4, ("phi:1", "qwen:2"))
    assert [one.title for one in sessions.list(limit=1)] == ["two"]


@pytest.mark.usefixtures("either_way")
def test_what_was_said_is_found_in_questions_and_answers(
    sessions: Sessions, store: ConversationStore
) -> None:
    store.save(talk("What is edge AI?", "Models that run on the device."))
    store.save(talk("A recipe", "Take two eggs and flour."))
    assert titles(sessions, "device") == ["What is edge AI?"]
    assert titles(sessions, "EGGS flour") == ["A recipe"]
    assert titles(sessions, "fl") == ["A recipe"]  # as one types
    assert titles(sessions, "eggs device") == []
    (hit,) = sessions.list("eggs")
    assert hit.excerpt == "Take two eggs and flour."
    assert hit.turn_id is not None


@pytest.mark.usefixtures("either_way")
def test_a_growing_answer_and_another_branch_are_found(
    sessions: Sessions, store: ConversationStore
) -> None:
    said = talk("Hi", "Elephants")
    store.save(said)
    assert titles(sessions, "zebras") == []
    said = said.with_last(Turn("assistant", "Elephants and zebras", "phi:1"))
    store.save(said)
    assert titles(sessions, "zebras") == ["Hi"]
    other = said.until(said.turns[0].id).with_turn(Turn("assistant", "Giraffes", "phi:1"))
    store.save(other)
    assert titles(sessions, "zebras") == titles(sessions, "giraffes") == ["Hi"]
    store.save(other.without(said.turns[1].id))
    assert titles(sessions, "zebras") == []


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("I like C++ best", "c++"),
        ("100 % sure", "%"),
        ("snake_case", "snake_case"),
        ("a NEAR b", "NEAR"),
        ('say "quoted" OR not', '"quoted" OR'),
        ("back\\slash", "back\\slash"),
        ("边缘计算是什么", "计算"),
        ("col:umn (paren) *star* -minus", "(paren) *star* -minus"),
    ],
)
def test_signs_are_only_signs(
    sessions: Sessions, store: ConversationStore, text: str, query: str
) -> None:
    store.save(talk("Hi", text))
    store.save(talk("Other", "nothing of the kind, but a c in it"))
    assert titles(sessions, query) == ["Hi"]


def test_accents_need_not_be_typed(sessions: Sessions, store: ConversationStore) -> None:
    store.save(talk("Hi", "Điện toán biên là gì? Café."))
    assert titles(sessions, "toan bien") == ["Hi"]
    assert titles(sessions, "cafe") == ["Hi"]
    assert sessions.list("bien")[0].excerpt == "Điện toán biên là gì? Café."


@given(query=st.text(max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_query_breaks_the_search(sessions: Sessions, query: str) -> None:
    sessions.list(query.replace("\x00", ""))


@given(text=st.text(), query=st.text(max_size=10))
def test_an_excerpt_is_one_short_line(text: str, query: str) -> None:
    shown = excerpt(text, query, 20)
    assert len(shown) <= 22
    assert shown == " ".join(shown.split()) or "…" in shown


def test_an_excerpt_shows_the_word_in_a_long_text() -> None:
    shown = excerpt("word " * 500 + "needle" + " word" * 500, "needle")
    assert "needle" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_a_name_is_kept_found_and_can_be_taken_back(
    sessions: Sessions, store: ConversationStore
) -> None:
    said = talk("What is edge AI?")
    store.save(said)
    assert sessions.rename(said.id, "  Notes\x1b[2J\nfor  Hanoi ") == "Notes for Hanoi"
    assert titles(sessions, "hanoi") == ["Notes for Hanoi"]
    assert store.load(said.id).given_title == "Notes for Hanoi"
    assert sessions.rename(said.id, "") == "What is edge AI?"
    with pytest.raises(NotFound):
        sessions.rename("nothing", "x")


def test_a_conversation_is_meant_by_its_id_its_beginning_or_last(
    sessions: Sessions, store: ConversationStore
) -> None:
    for name in ("aaaa1111", "aaaa2222", "bbbb3333"):
        store.save(Conversation(name).with_turn(Turn("user", name)))
    assert sessions.find("aaaa2222") == "aaaa2222"
    assert sessions.find("bbbb") == "bbbb3333"
    assert sessions.find("last") == "bbbb3333"
    with pytest.raises(Ambiguous):
        sessions.find("aaaa")
    for name in ("bbb", "cccc", "", "%"):
        with pytest.raises(NotFound, match="There is no conversation"):
            sessions.find(name)


def test_deleting_can_be_undone(sessions: Sessions, store: ConversationStore) -> None:
    said, other = talk("keep me"), talk("other")
    store.save(said)
    store.save(other)
    assert sessions.delete([said.id]) == 1
    assert titles(sessions) == ["other"]
    assert titles(sessions, "keep") == []
    assert "keep me" not in store.questions()
    assert sessions.find("last", deleted=True) == said.id
    assert sessions.restore([said.id]) == 1
    assert sorted(titles(sessions)) == ["keep me", "other"]
    assert store.load(said.id) == said


def test_deleted_for_good_is_gone_with_all_it_held(
    sessions: Sessions, store: ConversationStore, database: Database
) -> None:
    said = talk("secret words")
    store.save(said)
    assert titles(sessions, "secret") == ["secret words"]
    assert sessions.delete([said.id], for_good=True) == 1
    assert sessions.restore([said.id]) == 0
    assert titles(sessions, "secret") == []
    with database.transaction() as connection:
        assert connection.execute("SELECT COUNT(*) FROM turns").fetchone()[0] == 0
        assert connection.execute("SELECT COUNT(*) FROM turn_index").fetchone()[0] == 0


def test_what_was_deleted_long_ago_is_gone_for_good(
    sessions: Sessions, store: ConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = talk("old"), talk("new")
    store.save(old)
    store.save(new)
    monkeypatch.setattr("tui.chat.sessions.now_text", lambda: "2024-01-01T00:00:00+00:00")
    sessions.delete([old.id])
    monkeypatch.undo()
    sessions.delete([new.id])
    assert sessions.restore([old.id, new.id]) == 1
    assert titles(sessions) == ["new"]


def test_what_goes_on_is_not_deleted_any_more(sessions: Sessions, store: ConversationStore) -> None:
    said = talk("Hi")
    store.save(said)
    sessions.delete([said.id])
    store.save(said.with_turn(Turn("user", "still here?")))
    assert titles(sessions) == ["Hi"]
