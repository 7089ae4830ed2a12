from __future__ import annotations

from collections.abc import Callable

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
