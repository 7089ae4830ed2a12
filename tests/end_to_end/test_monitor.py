"""The monitor's figures beside those of /proc, with the real runtime in a real terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

if sys.platform != "linux":
    pytest.skip("reads /proc", allow_module_level=True)

from tests.support.terminal import Terminal

MB = 1_000_000
SLACK = 6 * MB
"""What an idle runtime's memory moves by itself between two looks."""


def resident_bytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"^VmRSS:\s+(\d+) kB", text, re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def shown_bytes(text: str) -> float:
    found = re.search(r"([\d.]+) (kB|MB|GB)", text)
    assert found, text
    return float(found[1]) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[found[2]]


def row(screen: str, name: str) -> str:
    return next(line for line in screen.splitlines() if line.strip().startswith(name))


def test_memory_of_load_and_unload_agrees_with_proc(
    start: Callable[..., Terminal], environment: dict[str, str], home: Path
) -> None:
    terminal = start(columns=120, lines=40)
    terminal.wait_for("demo-small")
    [runtime] = psutil.Process(terminal.process.pid).children()
    before = resident_bytes(runtime.pid)
    terminal.press("enter")
    terminal.wait_for("● demo-")
    terminal.press("4")
    terminal.wait_for(lambda text: re.search(r"^ *runtime [\d.]+ +\d+", text, re.M) is not None)
    after = resident_bytes(runtime.pid)
    terminal.wait_for(lambda text: re.search(r"demo-\S+ +\+[\d.]+ MB +\+", text) is not None)
    grown, at_worst = re.findall(r"\+([\d.]+ MB)", row(terminal.text, "demo-"))[:2]
    assert abs(shown_bytes(grown) - (after - before)) < SLACK
    assert shown_bytes(at_worst) >= shown_bytes(grown) - 1 * MB
    assert str(runtime.pid) in row(terminal.text, "runtime 2")
    terminal.wait_for(lambda text: abs(shown_bytes(row(text, "runtime 2")) - after) < SLACK)

    # Another copy of the program finds the same process, without having started it.
    printed = subprocess.run(
        [sys.executable, "-m", "tui", "monitor", "--samples", "1", "--interval", "0.2", "--json"],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    [_, followed] = json.loads(printed)["processes"]
    assert followed["pid"] == runtime.pid
    assert abs(followed["rss_bytes"] - resident_bytes(runtime.pid)) < SLACK

    before = resident_bytes(runtime.pid)
    terminal.press("1")
    terminal.wait_for("enter run")
    terminal.press("u")
    terminal.wait_for(lambda text: "● demo-" not in text)
    terminal.press("4")
    terminal.wait_for("gave back")
    freed = before - resident_bytes(runtime.pid)
    told = next(line for line in terminal.text.splitlines() if "gave back" in line)
    assert abs(shown_bytes(told.partition("gave back")[2]) - max(0, freed)) < SLACK
    terminal.wait_for("▽")
    terminal.press("q")
    terminal.wait_for_end()
