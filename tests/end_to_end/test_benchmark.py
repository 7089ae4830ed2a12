"""Three models measured headless on the real runtime: killed, taken up again, all figures equal."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.terminal import Terminal
from tui.paths import Paths

DEMO_FOLDER = Path(__file__).parent.parent.parent / "tui" / "demo_models" / "demo-small"
MODELS = "demo-small,demo-large,my-copy"
REQUESTS = 6 * 6 * 3


def bench(environment: dict[str, str], *arguments: str) -> Any:
    """Run a headless command to its end, and return its JSON."""
    ran = subprocess.run(
        [sys.executable, "-m", "tui", *arguments, "--json"],
        env=environment, cwd=environment["PWD"], capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def until(condition: Callable[[], Any], what: str, limit_s: float = 60.0) -> Any:
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def kept(database: Path) -> list[dict[str, Any]]:
    """Return what the database holds of the only run."""
    if not database.exists():
        return []
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT result FROM bench_requests ORDER BY sequence").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()
    return [json.loads(row[0]) for row in rows]


def test_a_run_is_killed_goes_on_and_all_its_figures_agree(
    environment: dict[str, str], home: Path, paths: Paths
) -> None:
    bench(environment, "import", str(DEMO_FOLDER), "--name", "my-copy")
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "bench", "--models", MODELS, "--prompts", "small",
         "--rounds", "6"],
        env=environment, cwd=environment["PWD"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: len(kept(paths.database)) >= 20, "20 requests")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left  # the runtime ends with its parent, whatever ends that
    before = kept(paths.database)
    assert len(before) < REQUESTS
    (line,) = bench(environment, "bench", "runs")["runs"]
    assert line["state"] == "interrupted"

    run = bench(environment, "bench", "--resume", "last", "--csv", "run.csv", "--contribute")
    after = kept(paths.database)
    assert [one["sequence"] for one in after] == list(range(REQUESTS))
    same = [one for one in before if after[one["sequence"]] == one]
    assert len(same) > len(before) - 3  # at most the comparison that was cut in two is made anew
    assert all(one["error"] is None and one["text"] for one in after)

    printed = {one["sequence"]: one for one in run["requests"]}
    rows = list(
        csv.DictReader(io.StringIO((home / "work" / "run.csv").read_text("utf-8"), newline=""))
    )
    assert len(rows) == REQUESTS
    for row, stored in zip(rows, after, strict=True):
        assert float(row["e2e_s"]) == stored["e2e_s"] == printed[stored["sequence"]]["e2e_s"]
        assert float(row["latency_sec"]) == round(stored["e2e_s"], 3)
        assert row["answer"].lstrip("'") == stored["text"].lstrip("'")
    for target in run["targets"]:
        own = [one["e2e_s"] for one in after if one["target"] == target["target"]]
        assert target["e2e_s"]["median"] == pytest.approx(median(own))
        assert target["rss_peak_bytes"] > 10_000_000
        assert target["variant"]
    e2e = [one for one in run["verdicts"] if one["metric"] == "e2e_s"]
    assert len(e2e) == 3
    assert [one["alpha"] for one in e2e] == [pytest.approx(0.05 / 3)] * 3
    assert len(run["context"]["resumptions"]) == 1
    again = bench(environment, "bench", "--attach", run["run_id"])
    assert again["targets"] == run["targets"]


def test_a_detached_run_survives_its_terminal(environment: dict[str, str], paths: Paths) -> None:
    line = ("bench", "--models", "demo-small,demo-large", "--prompts", "small", "--rounds", "200")
    command = [sys.executable, "-m", "tui", *line, "--detach"]
    with Terminal(command, environment=environment) as terminal:
        terminal.wait_for("goes on in process")
    # The terminal is gone, and with it whatever hung on it.
    (listed,) = bench(environment, "bench", "runs")["runs"]
    assert listed["state"].startswith("running")
    assert psutil.pid_exists(listed["pid"])
    reached = listed["requests"]
    until(lambda: len(kept(paths.database)) > reached + 10, "more requests")
    assert os.getsid(listed["pid"]) == listed["pid"]
    children = psutil.Process(listed["pid"]).children(recursive=True)
    stopped = bench(environment, "bench", "--stop", "last")
    assert stopped["stopped"]
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left
    assert stopped["requests"] == len(kept(paths.database))


def test_a_runtime_that_dies_costs_one_request(environment: dict[str, str], paths: Paths) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "bench", "--models", "demo-small,demo-large",
         "--prompts", "small", "--rounds", "20", "--json"],
        env=environment, cwd=environment["PWD"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: len(kept(paths.database)) >= 10, "10 requests")
    for child in psutil.Process(process.pid).children():
        child.kill()
    out, _ = process.communicate(timeout=60)
    run = json.loads(out)
    assert process.returncode == 5
    assert sum(one["failed"] for one in run["targets"]) <= 2
    assert len(run["requests"]) == 20 * 6 * 2
    assert any("went away" in note for note in run["notes"])
