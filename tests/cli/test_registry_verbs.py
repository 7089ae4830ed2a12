"""The registry from the command line, and selecting by what was measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import SMALL
from tui.catalog.measured import Measured

Run = Callable[..., Ran]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    path = tmp_path / "team.json"
    path.write_text(
        json.dumps([
            {"name": "demo-large", "task": "chat", "min_ram_gb": 0.1},
            {"name": "demo-small", "task": "chat", "min_ram_gb": 0.1},
            {"name": "huge", "task": "chat", "min_ram_gb": 99_999},
        ])
    )  # fmt: skip
    return path


def names(path: Path) -> list[str]:
    return [one["name"] for one in json.loads(path.read_text())]


def test_entries_are_added_changed_and_removed(run: Run, team: Path) -> None:
    file = ("--models-file", str(team))
    ran = run("registry", "add", "robin", "--task", "code", "--min-ram-gb", "2", *file)
    assert ran.code == 0
    assert '"min_ram_gb": 2' in ran.out
    run("registry", "edit", "robin", "--notes", "quick", *file)
    assert json.loads(team.read_text())[-1] == {
        "name": "robin", "task": "code", "min_ram_gb": 2, "notes": "quick",
    }  # fmt: skip
    values = run("registry", "remove", "robin", *file, "--json").json
    assert [one["name"] for one in values["entries"]] == names(team)
    refused = run("registry", "add", "huge", "--task", "code", "--min-ram-gb", "2", *file)
    assert refused.code == 1
    assert "already" in refused.err


def test_a_colleague_s_file_is_shown_before_it_is_taken_over(
    run: Run, team: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps([
        {"name": "huge", "task": "chat", "min_ram_gb": 64},
        {"name": "otter", "task": "chat", "min_ram_gb": 1},
    ]))  # fmt: skip
    arguments = ("registry", "merge", str(theirs), "--models-file", str(team))
    shown = run(*arguments)
    assert "otter" in shown.out
    assert "! 'huge': min_ram_gb is 99999 here and 64 there; ours stays." in shown.out
    assert "--yes" in shown.out
    assert "otter" not in names(team)
    assert run(*arguments, "--yes", "--json").json["written"]
    assert names(team)[-1] == "otter"


def test_what_was_measured_is_contributed_and_selected_by(run: Run, team: Path) -> None:
    file = ("--models-file", str(team))
    nothing = run("registry", "contribute", "demo-small", *file)
    assert nothing.code == 4
    assert "Nothing was measured" in nothing.err
    course = run("select", "--task", "chat", "--by", "latency", *file)
    assert course.out.startswith("demo-large\n")
    assert "nothing was measured" in course.out
    bench = run("bench", "--models", "demo-small,demo-large", "--rounds", "6", "--json")
    assert bench.code == 0
    shown = run("registry", "contribute", "demo-small", *file)
    assert "+" in shown.out
    assert "measured" not in team.read_text()
    run("registry", "contribute", "demo-small", "--yes", *file)
    measured = json.loads(team.read_text())[1]["measured"]
    assert measured["variant_id"] == SMALL
    assert measured["ttft_s"] > 0
    by_memory = run("select", "--task", "chat", "--by", "memory", *file, "--json").json
    assert by_memory["choice"]["name"] == "demo-small"
    assert "its load takes 15.7 MB" in by_memory["reason"]


def test_what_if_the_machine_had_less(run: Run, team: Path) -> None:
    ran = run("select", "--task", "chat", "--ram-gb", "0.05", "--models-file", str(team))
    assert ran.code == 4
    assert ran.out.startswith("none\n")


def test_the_rules() -> None:
    from tui.catalog.registry import RegistryEntry
    from tui.catalog.selection import select_by

    entries = [RegistryEntry(name, "chat", ram) for name, ram in (("a", 1), ("b", 1), ("c", 64))]
    measured = {
        "a": Measured("a:1", e2e_s=1.0, resident_bytes=300, rating=4.5),
        "b": Measured("b:1", e2e_s=2.0, resident_bytes=100, rating=3.0),
        "c": Measured("c:1", e2e_s=0.1, resident_bytes=1, rating=5.0),
    }
    gib = 1024**3

    def chosen(rule: str, ram: int = 8) -> str:
        choice = select_by(entries, "chat", ram * gib, rule, measured).choice  # type: ignore[arg-type]
        return choice.name if choice else ""

    assert chosen("latency") == "a"
    assert chosen("memory") == "b"
    assert chosen("accuracy") == "a"
    assert chosen("balanced") == "a"
    assert chosen("balanced", 128) == "c"
    del measured["b"]
    reason = select_by(entries, "chat", 8 * gib, "latency", measured).reason
    assert reason.endswith("Not measured: b.")
