"""Conversations on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui import database as database_module
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.chat.parameters import Parameters
from tui.database import Database, DatabaseError
from tui.foundry.errors import NotFound


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "foundry.db"


OPENED: list[Database] = []


@pytest.fixture(autouse=True)
def close_databases() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def store(file: Path) -> ConversationStore:
    OPENED.append(Database(file))
    return ConversationStore(OPENED[-1])


def asked(question: str, answer: str = "Yes.") -> Conversation:
    return Conversation.of(Turn("user", question), Turn("assistant", answer, "phi:1"))


def test_nothing_was_said_in_a_new_database(file: Path) -> None:
    assert store(file).list() == ()


def test_a_conversation_survives_reopening_whole(file: Path) -> None:
    figures = {"ttft_s": 0.34, "output_tokens": 31, "tokens_estimated": True, "ended": "stop"}
    said = Conversation.of(
        Turn("user", "q\n模型 🙂"),
        Turn("assistant", "a", "phi:1", figures=figures, reasoning="so", reasoning_s=1.25),
        parameters=Parameters("Be brief.", 0.7, 0.9, 64, 3, ("END", "\n")),
        given_title="Edge",
    )
    store(file).save(said)
    assert store(file).load(said.id) == said


def test_all_branches_are_kept_and_which_one_is_on_show(file: Path) -> None:
    said = asked("q", "one")
    said = said.until(said.turns[0].id).with_turn(Turn("assistant", "two"))
    for shown in (said, said.switched(said.tree[1].id), said.until(None)):
        store(file).save(shown)
        assert store(file).load(said.id) == shown


def test_a_branch_that_was_deleted_is_gone_and_comes_back_when_that_is_undone(file: Path) -> None:
    conversations, said = store(file), asked("q", "one")
    said = said.with_turn(Turn("user", "q2")).with_turn(Turn("assistant", "two"))
    conversations.save(said)
    without = said.without(said.turns[0].id)
    conversations.save(without)
    assert store(file).load(said.id) == without
    conversations.save(said)
    assert store(file).load(said.id) == said


def test_a_conversation_whose_rows_another_program_took_is_written_whole(file: Path) -> None:
    conversations, said = store(file), asked("q")
    conversations.save(said)
    with sqlite3.connect(file) as other:
        other.execute("DELETE FROM turns")
    other.close()
    said = said.with_turn(Turn("user", "more"))
    conversations.save(said)
    assert store(file).load(said.id) == said


def test_a_database_of_the_first_version_keeps_its_conversations(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(database_module, "MIGRATIONS", database_module.MIGRATIONS[:1])
        with Database(file).transaction() as connection:
            connection.executescript(
                "INSERT INTO conversations VALUES ('a', 'Old', '2024', '2024'), "
                "('b', 'Other', '2024', '2024');"
                "INSERT INTO turns (conversation_id, position, role, content, created_at, figures) "
                "VALUES ('a', 0, 'user', 'q', '2024', '{}'), ('b', 0, 'user', 'x', '2024', '{}'), "
                "('a', 1, 'assistant', 'yes', '2024', '{\"ended\": \"stop\"}');"
            )
    conversations = store(file)
    loaded = conversations.load("a")
    assert [turn.content for turn in loaded.turns] == ["q", "yes"]
    assert loaded.turns[1].figures == {"ended": "stop"}
    assert [turn.content for turn in conversations.load("b").turns] == ["x"]
    more = loaded.with_turn(Turn("user", "more"))
    conversations.save(more)
    assert store(file).load("a") == more


def test_questions_come_back_oldest_first_and_each_once(file: Path) -> None:
    conversations = store(file)
    conversations.save(asked("one"))
    conversations.save(asked("two"))
    conversations.save(asked("one"))
    assert conversations.questions() == ("two", "one")
    assert conversations.questions(limit=1) == ("one",)


def test_an_answer_is_saved_as_it_grows(file: Path) -> None:
    conversations, said = store(file), asked("hi", "Ha")
    conversations.save(said)
    for content in ("Half", "Half and more"):
        said = said.with_last(Turn("assistant", content, "phi:1"))
        conversations.save(said)
        assert store(file).load(said.id).turns[-1].content == content
    assert len(conversations.list()) == 1


def test_saving_again_touches_only_what_differs(file: Path) -> None:
    conversations, said = store(file), asked("hi")
    conversations.save(said)
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "CREATE TABLE touched (position); CREATE TRIGGER t AFTER UPDATE ON turns "
            "BEGIN INSERT INTO touched VALUES (new.position); END;"
        )
        connection.commit()
    conversations.save(said.with_last(Turn("assistant", "No.", "phi:1")))
    touched = connection.execute("SELECT position FROM touched").fetchall()
    connection.close()
    assert touched == [(1,)]


def test_a_question_that_was_taken_back_is_gone(file: Path) -> None:
    conversations, said = store(file), asked("hi")
    conversations.save(said.with_turn(Turn("user", "more")))
    conversations.save(said)
    assert [turn.content for turn in conversations.load(said.id).turns] == ["hi", "Yes."]


def test_the_list_shows_the_newest_first_with_title_and_length(file: Path) -> None:
    conversations = store(file)
    for question in ("first", "second", "third"):
        conversations.save(asked(question))
    assert [(one.title, one.turns) for one in conversations.list()] == [
        ("third", 2),
        ("second", 2),
        ("first", 2),
    ]
    assert [one.title for one in conversations.list(limit=1)] == ["third"]


def test_a_conversation_that_goes_on_comes_to_the_top(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations, old = store(file), asked("old")
    times = iter(f"2024-01-01T00:00:0{second}+00:00" for second in range(9))
    monkeypatch.setattr("tui.chat.history.now_text", lambda: next(times))
    conversations.save(old)
    conversations.save(asked("new"))
    conversations.save(old.with_turn(Turn("user", "more")))
    assert [one.title for one in conversations.list()] == ["old", "new"]


def test_a_conversation_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(NotFound, match="abc"):
        store(file).load("abc")


def test_quotes_in_a_question_are_no_sql(file: Path) -> None:
    said = asked("'); DROP TABLE turns; --")
    store(file).save(said)
    assert store(file).load(said.id) == said


def test_a_database_locked_by_another_program_gives_an_error_with_a_hint(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    conversations, said = store(file), asked("hi")
    conversations.save(said)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseError, match="locked") as caught:
        conversations.save(said.with_turn(Turn("user", "more")))
    assert str(file) in caught.value.message
    assert caught.value.hint
    other.execute("ROLLBACK")
    other.close()
    conversations.save(said.with_turn(Turn("user", "more")))
    assert len(conversations.load(said.id).turns) == 3


def test_a_database_that_cannot_be_written_gives_an_error_and_keeps_what_was_there(
    file: Path,
) -> None:
    conversations, said = store(file), asked("hi")
    conversations.save(said)
    with OPENED[-1].transaction() as connection:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(DatabaseError, match="readonly") as caught:
        conversations.save(asked("more"))
    assert caught.value.hint
    assert conversations.load(said.id) == said


def test_a_directory_that_cannot_be_made_gives_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError) as caught:
        store(tmp_path / "file" / "foundry.db").list()
    assert "can be written" in (caught.value.hint or "")


def test_a_file_that_is_no_database_gives_an_error_and_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database, but a diary " * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        store(file).list()
    assert file.read_bytes().startswith(b"not a database")


def test_a_database_of_a_newer_version_is_refused_and_left_alone(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseError, match="newer"):
        store(file).list()


def test_half_a_save_is_undone(file: Path) -> None:
    conversations, said = store(file), asked("hi")
    conversations.save(said)
    broken = said.with_last(Turn("assistant", "new")).with_turn(
        Turn("user", None)  # type: ignore[arg-type]
    )
    with pytest.raises((DatabaseError, TypeError)):
        conversations.save(broken)
    assert conversations.load(said.id) == said
