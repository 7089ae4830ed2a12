"""The real program in a terminal on a stand-in for `foundry`, of each generation."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.foundry import VERSIONS, FoundryStandIn, installed_foundry
from tests.support.terminal import Terminal

Start = Callable[..., Terminal]


@pytest.fixture(params=VERSIONS)
def stand_in(
    request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]
) -> Iterator[FoundryStandIn]:
    with installed_foundry(tmp_path, request.param, cached=("demo-small",)) as made:
        environment["PATH"] = f"{made.bin}:{environment['PATH']}"
        yield made


def port_in(text: str) -> str:
    """Return the port that the header shows; '' while the service is stopped."""
    found = re.search(r"foundry [\d.]+ (?:service|preview) (:\d+)", text)
    return found[1] if found else ""


def test_all_that_one_does_with_it(stand_in: FoundryStandIn, start: Start) -> None:
    stand_in.state.change(pace_s=0.15)
    terminal = start(columns=140, lines=40)

    # Version, generation and port in the header; the catalog with what is on disk.
    text = terminal.wait_for(lambda text: re.search(r"foundry \d.* :\d+", text) is not None)
    assert stand_in.state.version in text
    assert ("preview" if stand_in.state.preview else "service") in text
    terminal.wait_for(lambda text: "demo-tall" in text and "○   demo-small" in text)

    # A download with progress, cancelled; what it left is shown.
    terminal.press("/")
    terminal.type("tall")
    terminal.press("enter", "d")
    terminal.wait_for(lambda text: re.search(r"download demo-tall\S+ +[\d.]+ \w?B of", text))
    terminal.press("J")
    terminal.wait_for("enter shows its log")
    terminal.press("x")
    terminal.wait_for("cancelled")
    terminal.press("escape")
    terminal.settle()
    terminal.press("2")
    terminal.wait_for(lambda text: "part " in text and "demo-tall" in text)

    # A run that goes on from there, with its log.
    stand_in.state.change(pace_s=0.03)
    terminal.press("1")
    terminal.wait_for("demo-tall")
    terminal.press("enter")
    terminal.settle()
    terminal.press("L")
    terminal.wait_for(lambda text: "Downloading demo-tall" in text)
    terminal.wait_for(lambda text: re.search(r"run demo-tall\S*: done", text))
    if not stand_in.state.preview:
        assert "Time cost to load model" in terminal.text
    terminal.press("escape")
    terminal.wait_for("● demo-tall")

    # Chat through the service's HTTP.
    terminal.settle()
    terminal.press("c")
    terminal.wait_for("Ask something")
    terminal.type("Where do you live?")
    terminal.press("enter")
    terminal.wait_for("word0 word1")
    terminal.wait_for("stopped by itself")

    # The service moves to another port; the conversation stays.
    terminal.press("escape")
    terminal.settle()
    before = port_in(terminal.text)
    assert before
    terminal.press("S")
    terminal.wait_for("r restart")
    terminal.press("r")
    terminal.wait_for(lambda text: port_in(text) not in ("", before))
    terminal.press("escape")
    terminal.settle()
    assert "word0 word1" in terminal.text

    # Asking again loads the model on the service that is new.
    terminal.press("i")
    terminal.type("And now?")
    terminal.press("enter")
    terminal.wait_for(lambda text: text.count("stopped by itself") == 2)

    # Unloaded and deleted.
    terminal.press("escape")
    terminal.settle()
    terminal.press("2")
    terminal.wait_for(lambda text: re.search(r"●  demo-tall-generic-cpu .*loaded", text))
    terminal.press("g", "u")
    terminal.wait_for("○  demo-tall-generic-cpu")
    terminal.press("x")  # the cursor went along with its row
    terminal.wait_for(lambda text: "Delete?" in text and "demo-tall-generic-cpu" in text)
    terminal.press("y")
    terminal.wait_for("1 variant ·")
    row = stand_in.state.find("demo-tall-generic-cpu")
    assert row is not None
    assert not stand_in.state.is_cached(row)

    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert terminal.left_broken() == []
    # The service stays, as it does after `foundry`; nothing else does.
    assert psutil.pid_exists(stand_in.state.read()["pid"])


def test_a_foundry_that_hangs_does_not_keep_the_screen(
    stand_in: FoundryStandIn, start: Start
) -> None:
    stand_in.fail(**{"--version": "hang"})
    terminal = start(columns=100, lines=30)
    terminal.wait_for("Looking for Foundry Local")
    terminal.press("4")
    terminal.wait_for("RAM")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert terminal.left_broken() == []
