from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.bench_runs import kept_run
from tests.support.scripted_backend import LARGE, SMALL
from tui.bench.recorder import Recorder
from tui.bench.summary import Summary
from tui.database import Database
from tui.foundry.connect import Target
from tui.paths import Paths

Run = Callable[..., Ran]


@pytest.fixture
def summary(paths: Paths) -> Summary:
    database = Database(paths.database)
    found = kept_run(Recorder(database), answer=lambda target, prompt: f"{target[5]} {prompt}")
    database.close()
    return found


def scored(text: str) -> str:
    """Give the answers that begin with 's' good scores, in the order in which they were shown."""
    return "\n".join("555" if line[0] == "s" else "3 3 4" for line in text.split("|"))


def order_of(err: str) -> str:
    """Return the answers in the order in which they were asked about."""
    pairs = pairwise(err.splitlines())
    return "|".join(after for before, after in pairs if before.startswith("--- "))


def test_rating_line_by_line_names_nobody_until_the_end(
    run: Run, summary: Summary, targets: list[Target]
) -> None:
    seen = run("rate", "last", "--rater", "anna", stdin="s\n" * 6 + "u\n" * 7)
    assert "demo" not in seen.err
    assert "[6 of 6] Question 6?" in seen.err
    answers = order_of(seen.err).split("|")[:12]
    rated = run("rate", "--rater", "anna", stdin=scored("|".join(answers)) + "\n\n")
    assert rated.code == 0
    shown, _, rest = rated.err.partition("All are rated.")
    assert "demo" not in shown + rest
    assert "demo-small is rated 1.67 points better than demo-large" in rated.out
    assert "few prompts" in rated.out
    assert targets == []


def test_stopping_keeps_what_was_rated(run: Run, summary: Summary) -> None:
    stopped = run("rate", "--rater", "anna", stdin="t\n5 5 5\nq\n")
    assert "Kept: 1 of 6" in stopped.err
    assert stopped.out == ""
    assert "[2 of 6]" in run("rate", "--rater", "anna", stdin="").err
    early = run("rate", "--results")
    assert "anna has rated 1 of 6: counted when done." in early.out
    assert "points better" not in early.out


def test_what_is_no_score_is_asked_again(run: Run, summary: Summary) -> None:
    said = run("rate", "--rater", "anna", stdin="7 7 7\nwhat\n5 5 5\nu\n1 1 1\nq\n").err
    assert said.count("Three numbers from 1 to 5") == 2
    assert said.count("B (t tie") == 2


def test_two_raters_and_results_as_json(run: Run, summary: Summary) -> None:
    run("rate", "--rater", "anna", stdin="t\n" * 6 + "\n")
    run("rate", "--rater", "bert", stdin="4 4 4\n" * 12 + "\n")
    found = run("rate", summary.run_id[:4], "--results", "--json").json
    assert found["schema"] == 1
    assert [one["rater"] for one in found["raters"]] == ["anna", "bert"]
    assert found["verdicts"][0]["verdict"] == "no difference"
    assert found["targets"][0]["rating_mean"] == 4
    assert found["agreement"]["accuracy"]["alpha"] is None
    again = run("rate", "--rater", "anna", stdin="\n")
    assert again.code == 1
    assert "has seen the names" in again.err


def test_a_sheet_is_handed_out_and_taken_in(run: Run, summary: Summary, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    assert run("rate", "--rater", "cleo", "--export", str(path)).code == 0
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert len(rows) == 12
    empty = run("rate", "--import", str(path))
    assert "has no scores" in empty.err
    for row in rows:
        row |= dict.fromkeys(("fluency", "relevance", "accuracy"), "5" if row["text"][0] == "s"
                             else "2")  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    taken = run("rate", "--import", str(path), "--json")
    assert taken.json["rated"] == 6
    found = run("rate", "--results", "--json").json
    assert {one["target"]: one["rating_mean"] for one in found["targets"]} == {SMALL: 5, LARGE: 2}
    assert "has seen the names" in run("rate", "--import", str(path)).err


def test_the_rating_decides_the_selection_by_accuracy(
    run: Run, summary: Summary, tmp_path: Path
) -> None:
    answers = order_of(run("rate", "--rater", "a", stdin="s\n" * 6 + "u\n" * 7).err).split("|")[:12]
    run("rate", "--rater", "a", stdin=scored("|".join(answers)) + "\n\n")
    registry = tmp_path / "models.json"
    entries = [
        {"name": name, "task": "chat", "min_ram_gb": 0, "notes": ""}
        for name in ("demo-large", "demo-small")
    ]
    registry.write_text(json.dumps(entries), "utf-8")
    options = ("--models-file", str(registry))
    chosen = run("select", "--task", "chat", "--by", "accuracy", *options)
    assert chosen.out.startswith("demo-small\n")
    assert "it was rated 5.0 of 5" in chosen.out
    shown = run("registry", "contribute", "demo-small", *options)
    assert '"rating": 5.0' in shown.out


@pytest.mark.parametrize("name", ["last", "abc"])
def test_a_run_that_is_not_there(run: Run, name: str) -> None:
    assert run("rate", name, "--results").code == 4
