"""The cache of the embedded runtime moves to another directory and back, in commands and by key."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.terminal import Terminal

Start = Callable[..., Terminal]
DEMO_FOLDER = Path(__file__).parent.parent.parent / "tui" / "demo_models" / "demo-small"


@pytest.fixture
def command(environment: dict[str, str]) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "tui", *arguments, "--json"],
            env=environment,
            cwd=environment["PWD"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)

    return run


def variants(listed: Any) -> set[str]:
    return {entry["variant"] for entry in listed["entries"]}


def test_the_cache_moves_and_goes_back(command: Callable[..., Any], home: Path) -> None:
    own = shutil.copytree(DEMO_FOLDER, home / "work" / "mine")
    command("import", str(own), "--name", "mine")
    before = command("cache")
    assert "mine:1" in variants(before)

    place = home / "usb" / "models"
    moved = command("cache", "cd", str(place), "--models", "move")
    assert (moved["variants"], moved["previous"]) == (["mine:1"], before["location"])
    there = command("cache")
    assert there["location"] == str(place)
    assert variants(there) == variants(before)
    assert command("chat", "mine", "What is ONNX?")["text"]
    used = {entry["variant"]: entry["last_used_at"] for entry in command("cache")["entries"]}
    assert used["mine:1"]

    command("cache", "cd", "-")  # leaves the models
    assert command("cache", "location")["location"] == before["location"]
    assert variants(command("cache")) == variants(before) - {"mine:1"}
    command("cache", "cd", "-")
    assert command("cache", "cd", "-", "--models", "move")["variants"] == ["mine:1"]
    assert variants(command("cache")) == variants(before)


def test_the_cache_moves_by_key(start: Start, home: Path) -> None:
    shutil.copytree(DEMO_FOLDER, home / "work" / "mine")
    terminal = start(columns=100, lines=30)
    terminal.wait_for("demo-small")
    terminal.press("enter")
    terminal.wait_for("● demo-")
    terminal.press("2", "i")
    terminal.wait_for("Import a model directory")
    terminal.type(str(home / "work" / "mine"))
    terminal.wait_for("Can be imported")
    terminal.press("enter")
    terminal.wait_for("import mine: done")
    terminal.press("m")
    terminal.wait_for("Move the cache")
    terminal.type(str(home / "else"))
    terminal.press("enter")
    terminal.wait_for("What becomes of the models?")
    terminal.press("enter")
    terminal.wait_for("1 moved.")
    terminal.wait_for(lambda text: "3 variants" in text and "/else" in text)
    assert (home / "else" / "Local" / "mine-1").is_dir()
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert terminal.left_broken() == []
