"""The whole way of a benchmark on the screen, with the real runtime in a real terminal."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.terminal import Terminal
from tui.paths import Paths

Start = Callable[..., Terminal]
DEMO_FOLDER = Path(__file__).parent.parent.parent / "tui" / "demo_models" / "demo-small"
NAMES = ("demo-small", "demo-large", "my-model")


def command(environment: dict[str, str], *arguments: str) -> str:
    """Run a headless command to its end; returns what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        env=environment,
        cwd=environment["PWD"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout


def kill(terminal: Terminal) -> None:
    """End the program at once, as the out-of-memory killer does; nothing of it is left."""
    children = psutil.Process(terminal.process.pid).children(recursive=True)
    terminal.process.send_signal(signal.SIGKILL)
    assert terminal.wait_for_end() == -signal.SIGKILL
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left


def test_a_run_is_killed_taken_up_rated_exported_and_written_into_the_registry(
    start: Start, environment: dict[str, str], home: Path
) -> None:
    work = home / "work"
    shutil.copytree(DEMO_FOLDER, work / "my-model")
    command(environment, "import", str(work / "my-model"), "--name", "my-model")
    entries = [{"name": name, "task": "chat", "min_ram_gb": 0, "notes": ""} for name in NAMES]
    (work / "models.json").write_text(json.dumps(entries), "utf-8")

    # Three models side by side, killed half-way.
    terminal = start(columns=120, lines=40)
    terminal.wait_for("demo-large")
    terminal.press("5")
    terminal.wait_for("my-model")
    terminal.press("space", "space", "space", "p")
    terminal.wait_for(lambda text: "3 chosen" in text and "small set" in text)
    terminal.press("s")
    terminal.wait_for(lambda text: re.search(r"[1-9]\d* of 60", text) is not None, 60)
    kill(terminal)
    (kept,) = json.loads(command(environment, "history", "--json"))["runs"]
    assert kept["finished_at"] is None
    assert 0 < kept["requests"] < 180
    half = json.loads(command(environment, "history", "show", "last", "--json"))
    assert half["verdicts"] == []
    assert "no verdict until" in half["notes"][0]

    # Taken up where it stopped.
    terminal = start(columns=120, lines=40)
    terminal.wait_for("demo-large")
    terminal.press("5")
    terminal.wait_for("s start")
    terminal.press("h")
    terminal.wait_for("not finished")
    terminal.press("r")
    terminal.wait_for("esc models", 90)
    terminal.wait_for("0 of 60")

    # Rated blind.
    terminal.press("b")
    terminal.wait_for("Your name")
    terminal.press("ctrl+u")
    terminal.type("anna\r")
    for place in range(1, 7):
        terminal.wait_for(f"prompt {place} of 6 · {place - 1} done")
        terminal.settle(0.1)  # the rest of the screen follows its first line
        assert [word for word in (*NAMES, "tok/s", "TTFT") if word in terminal.text] == []
        terminal.type("554433221")
    terminal.wait_for("All 6 prompts are done")
    terminal.press("enter")
    terminal.wait_for("Rated by anna")
    terminal.press("escape")
    terminal.settle()
    terminal.wait_for(" of 5")

    # Exported, and written into the team's registry after the change was seen.
    terminal.press("e")
    terminal.wait_for(".json and .md")
    terminal.press("w")
    terminal.wait_for('"rating"')
    terminal.press("y")
    # The message about the export says "Written" too, and may still stand there.
    terminal.wait_for(lambda _: '"rating"' in (work / "models.json").read_text("utf-8"))
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert terminal.left_broken() == []
    exported = sorted(path.suffix for path in work.glob("bench-*"))
    assert exported == [".csv", ".json", ".md"]
    measured = [one["measured"] for one in json.loads((work / "models.json").read_text("utf-8"))]
    assert all(1 <= one["rating"] <= 5 and one["ttft_s"] > 0 for one in measured)
    shown = json.loads(command(environment, "history", "show", "last", "--json"))
    assert len(shown["requests"]) == 180
    assert len(shown["verdicts"]) == 9
    assert all(one["text"] for one in shown["requests"])
    assert {one["run_id"] for one in measured} == {shown["run_id"]}


def test_a_detached_run_outlives_its_terminal_and_is_followed_from_another(
    start: Start, environment: dict[str, str], paths: Paths
) -> None:
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text("[bench]\nrounds = 400\n", "utf-8")
    line = [sys.executable, "-m", "tui"]
    with Terminal(line, columns=80, lines=24, environment=environment) as terminal:
        terminal.wait_for("demo-large")
        terminal.press("5")
        terminal.wait_for("s start")
        terminal.press("space", "space", "p", "d")
        terminal.wait_for("elsewhere", 60)
        terminal.wait_for(lambda text: re.search(r"[1-9]\d* of 2400", text) is not None, 60)
    # The terminal is gone, and the program with it.
    (listed,) = json.loads(command(environment, "bench", "runs", "--json"))["runs"]
    assert listed["state"].startswith("running")

    terminal = start(columns=80, lines=24)
    terminal.wait_for("demo-large")
    terminal.press("5")
    terminal.wait_for("s start")
    terminal.press("h")
    terminal.wait_for("goes on now")
    terminal.press("enter")
    terminal.wait_for("elsewhere · esc leaves it · x stops it")
    terminal.press("x")
    terminal.wait_for("Stop the run")
    terminal.press("y")
    terminal.wait_for("numbers and no verdict", 30)
    (ended,) = json.loads(command(environment, "bench", "runs", "--json"))["runs"]
    assert ended["state"] == "interrupted"
    assert ended["requests"] > listed["requests"]
    terminal.press("q")
    assert terminal.wait_for_end() == 0
