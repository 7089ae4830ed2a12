"""`sessions`, in this process; no backend is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.foundry.connect import Target
from tui.paths import Paths

Run = Callable[..., Ran]
EDGE = Conversation("aaaa1111").with_turn(Turn("user", "What is edge AI?"))
EDGE = EDGE.with_turn(Turn("assistant", "It runs on the device.", "phi:1"))
EGGS = Conversation("bbbb2222").with_turn(Turn("user", "A recipe"))
EGGS = EGGS.with_turn(Turn("assistant", "Take two eggs.", "qwen:2"))


@pytest.fixture
def kept(paths: Paths, targets: list[Target]) -> ConversationStore:
    store = ConversationStore(Database(paths.database))
    store.save(EDGE)
    store.save(EGGS)
    return store


@pytest.mark.usefixtures("kept")
def test_the_newest_stand_first(run: Run, targets: list[Target]) -> None:
    lines = run("sessions").out.splitlines()
    assert lines[0].split() == ["ID", "LAST", "WRITTEN", "TURNS", "TITLE", "MODELS"]
    assert lines[1].startswith("bbbb2222  20")
    assert lines[1].endswith("  A recipe          qwen:2")
    rows = run("sessions", "list", "--json", "--limit", "1").json["sessions"]
    assert [(one["id"], one["turns"], one["variants"]) for one in rows] == [
        ("bbbb2222", 2, ["qwen:2"])
    ]
    assert targets == []


def test_with_nothing_kept_it_says_how_to(run: Run) -> None:
    ran = run("sessions", "ls")
    assert (ran.code, ran.err) == (0, "")
    assert "--save" in ran.out


@pytest.mark.usefixtures("kept")
def test_what_was_said_is_found(run: Run) -> None:
    ran = run("sessions", "search", "two", "egg")
    assert "bbbb2222" in ran.out
    assert "Take two eggs." in ran.out
    assert "aaaa1111" not in ran.out
    (hit,) = run("sessions", "search", "device", "--json").json["sessions"]
    assert (hit["id"], hit["excerpt"]) == ("aaaa1111", "It runs on the device.")
    assert run("sessions", "search", '"', "--json").json["sessions"] == []


@pytest.mark.usefixtures("kept")
def test_one_is_shown(run: Run) -> None:
    assert "## phi:1\n\nIt runs on the device.\n" in run("sessions", "show", "aaaa").out
    assert run("sessions", "show", "last", "--json").json["id"] == "bbbb2222"
    ran = run("sessions", "show", "cccc", "--json")
    assert (ran.code, ran.error["code"]) == (4, "not_found")


@pytest.mark.usefixtures("kept")
def test_one_gets_a_name(run: Run) -> None:
    assert run("sessions", "rename", "aaaa", "Notes").out == "aaaa1111: Notes\n"
    assert "Notes" in run("sessions").out


@pytest.mark.usefixtures("kept")
def test_deleting_says_how_to_undo_it_and_that_works(run: Run) -> None:
    ran = run("sessions", "rm", "aaaa", "last", "cccc")
    assert ran.code == 5
    assert "sessions restore aaaa1111 bbbb2222" in ran.out
    assert "There is no conversation cccc" in ran.err
    assert run("sessions", "--json").json["sessions"] == []
    assert run("sessions", "restore", "aaaa1111", "bbbb", "--json").json["restored"] == [
        "aaaa1111",
        "bbbb2222",
    ]
    assert len(run("sessions", "--json").json["sessions"]) == 2
    assert run("sessions", "rm", "aaaa", "--for-good").code == 0
    assert run("sessions", "restore", "aaaa").code == 4


@pytest.mark.usefixtures("kept")
def test_one_is_written_into_a_file_and_no_other_is_lost(run: Run) -> None:
    assert run("sessions", "export", "aaaa").code == 0
    assert run("sessions", "export", "aaaa").code == 0
    first, second = sorted(Path.cwd().glob("chat-*.md"), key=lambda one: len(one.name))
    assert (first.name, second.name) == (
        "chat-what-is-edge-ai-aaaa1111.md",
        "chat-what-is-edge-ai-aaaa1111-2.md",
    )
    assert "It runs on the device." in first.read_text()

    values = run("sessions", "export", "aaaa", "-o", "x.json", "--json").json
    assert values["format"] == "json"
    assert json.loads(Path(values["path"]).read_text())["turns"][1]["variant"] == "phi:1"
    again = run("sessions", "export", "last", "-o", "x.json")
    assert (again.code, "is there already" in again.err) == (1, True)
    assert run("sessions", "export", "last", "-o", "x.json", "--force").code == 0
    assert json.loads(Path("x.json").read_text())["id"] == "bbbb2222"
    assert run("sessions", "export", "last", "-o", "-").out.startswith("# A recipe\n")
