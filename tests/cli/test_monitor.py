"""`foundry-tui monitor`: samples for people and scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import ScriptedBackend
from tui.foundry.connect import Target

Run = Callable[..., Ran]


def test_samples_come_as_json_lines(run: Run, targets: list[Target]) -> None:
    ran = run("monitor", "--samples", "2", "--interval", "0.2", "--json")
    assert ran.code == 0
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["kind"] for line in lines] == ["sample", "sample"]
    for line in lines:
        assert line["schema"] == 1
        assert 0 <= line["cpu_percent"] <= 100
        assert line["ram_total_bytes"] > line["ram_used_bytes"] > 0
        assert line["processes"][0]["own"] is True
    assert lines[0]["at"] < lines[1]["at"]
    assert targets[0].start_service is False  # watching starts nothing


def test_samples_come_as_lines_for_people(run: Run) -> None:
    ran = run("monitor", "--samples", "1", "--interval", "0.2")
    assert ran.code == 0
    [line] = ran.out.splitlines()
    assert " CPU " in line
    assert " RAM " in line


def test_the_runtime_of_the_backend_is_followed(run: Run, backend: ScriptedBackend) -> None:
    import subprocess
    import sys

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        ran = run("monitor", "--samples", "1", "--interval", "0.2", "--json", "--pid",
                  str(child.pid))  # fmt: skip
        child.kill()
    assert [one["pid"] for one in json.loads(ran.out)["processes"]][1:] == [child.pid]


def test_a_recording_is_written_and_printed_again(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    written = run("monitor", "--samples", "3", "--interval", "0.2", "--json", "--record", str(path))
    assert written.code == 0
    assert len(path.read_text("utf-8").splitlines()) == 4  # the start and three samples
    again = run("monitor", "--replay", str(path), "--json")
    old = [json.loads(line) for line in written.out.splitlines()]
    new = [json.loads(line) for line in again.out.splitlines()]
    assert [one["cpu_percent"] for one in old] == [one["cpu_percent"] for one in new]
    assert len(run("monitor", "--replay", str(path), "--samples", "2").out.splitlines()) == 2
    refused = run("monitor", "--samples", "1", "--interval", "0.2", "--record", str(path))
    assert refused.code == 1
    assert "exists already" in refused.err


def test_a_broken_recording_says_where_and_shows_the_rest(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    run("monitor", "--samples", "2", "--interval", "0.2", "--record", str(path))
    whole = path.read_text("utf-8")
    path.write_text(whole[:-30], "utf-8")
    ran = run("monitor", "--replay", str(path), "--speed", "1000")
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    assert "a.jsonl, line 3: no JSON" in ran.err
    path.write_text("nonsense\n", "utf-8")
    ran = run("monitor", "--replay", str(path), "--json")
    assert ran.code == 1
    assert ran.error["code"] == "recording"
    assert "line 1" in ran.error["message"]
    assert run("monitor", "--replay", str(tmp_path / "none"), "--json").code == 4
    assert run("monitor", "--replay", "~nobody-of-that-name/none", "--json").code == 4


@pytest.mark.parametrize(
    "wrong",
    [
        ("--interval", "0"),
        ("--interval", "x"),
        ("--samples", "0"),
        ("--speed", "2"),
        ("--replay", "a", "--record", "b"),
        ("--replay", "a", "--interval", "1"),
        ("--replay", "a", "--speed", "0"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, wrong: tuple[str, ...]) -> None:
    assert run("monitor", *wrong).code == 2
