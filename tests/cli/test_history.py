from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.bench_runs import kept_run
from tests.support.scripted_backend import LARGE, SMALL
from tui.bench.recorder import Recorder
from tui.database import Database
from tui.paths import Paths

Run = Callable[..., Ran]


@pytest.fixture
def two_runs(paths: Paths) -> None:
    database = Database(paths.database)
    kept_run(Recorder(database), "aaaa00000000")
    kept_run(Recorder(database), "aabb00000000", rounds=2)
    database.close()


def test_no_run_yet_says_what_to_do(run: Run) -> None:
    assert "foundry-tui bench --models A,B" in run("history").out
    assert run("history", "note", "last").code == 4


def test_runs_are_listed_the_newest_first_with_their_result(run: Run, two_runs: None) -> None:
    lines = run("history").out.splitlines()
    assert [line[:12] for line in lines[1:]] == ["aabb00000000", "aaaa00000000"]
    assert "too few rounds" in lines[1]
    assert "demo-small is fastest, 2.5x" in lines[2]
    listed = run("history", "list", "--json").json["runs"]
    assert listed[1]["targets"] == [SMALL, LARGE]
    assert listed[1]["requests"] == 72


def test_a_run_that_was_stopped_is_listed_as_such(run: Run, paths: Paths) -> None:
    database = Database(paths.database)
    kept_run(Recorder(database), "aaaa00000000")
    with database.transaction() as connection:
        connection.execute("UPDATE bench_runs SET finished_at = NULL")
        connection.execute("DELETE FROM bench_requests WHERE round_index > 2")
    database.close()
    assert run("history").out.rstrip().endswith(" 0  not finished")
    shown = run("history", "show", "last", "--json").json
    assert shown["verdicts"] == []
    assert "no verdict until" in shown["notes"][0]


def test_a_note_is_kept_changed_and_removed(run: Run, two_runs: None) -> None:
    assert run("history", "note", "last").out == "There is no note.\n"
    run("history", "note", "aaaa", "after the update")
    assert run("history", "note", "aaaa").out == "after the update\n"
    assert "after the update" in run("history").out
    run("history", "note", "aaaa", "")
    assert run("history", "note", "aaaa", "--json").json["note"] == ""


def test_runs_are_named_by_their_beginning_if_that_is_enough(run: Run, two_runs: None) -> None:
    assert "beginning of 2 runs" in run("history", "note", "aa").err
    assert run("history", "note", "zz").code == 4
    gone = run("history", "rm", "aab", "--json")
    assert gone.json["removed"] == ["aabb00000000"]
    assert len(run("history", "--json").json["runs"]) == 1


def test_a_run_is_shown_again_with_ratings_and_note(run: Run, two_runs: None) -> None:
    run("history", "note", "aaaa", "quiet machine")
    run("rate", "aaaa", "--rater", "anna", stdin="4 4 4\n3 3 3\n" * 6 + "\n")
    shown = run("history", "show", "aaaa")
    assert "demo-small needs 60.0 % less time for an answer" in shown.out
    assert "Rated by anna." in shown.out
    assert "Note: quiet machine" in shown.out
    values = run("history", "show", "aaaa", "--json").json
    assert values["ratings"]["raters"][0]["rater"] == "anna"
    assert values["note"] == "quiet machine"
    assert len(values["requests"]) == 72


def test_two_runs_are_compared_whichever_they_are(run: Run, two_runs: None, paths: Paths) -> None:
    database = Database(paths.database)
    kept_run(Recorder(database), "cccc00000000", context={"backend_version": "9.9"})
    database.close()
    found = run("history", "compare", "aaaa", "cccc")
    assert "The conditions were not alike" in found.out
    assert "9.9" in found.out
    assert "+0.0 %" in found.out
    values = run("history", "compare", "aaaa", "cccc", "--json").json
    assert (values["run_id"], values["now_id"]) == ("aaaa00000000", "cccc00000000")


@pytest.mark.parametrize(
    ("name", "content"),
    [("run.csv", "latency_sec"), ("run.json", '"schema": 1'), ("run.md", "memory →")],
)
def test_a_run_is_exported_later(
    run: Run, two_runs: None, tmp_path: Path, name: str, content: str
) -> None:
    assert run("history", "export", "aaaa", str(tmp_path / name)).code == 0
    assert content in (tmp_path / name).read_text("utf-8")
    assert run("history", "export", "aaaa", str(tmp_path / "run.doc")).code == 2
