"""Conversations on the real runtime: killed and resumed, side by side, with and without screen."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.terminal import Terminal
from tui.chat.conversation import Conversation
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.paths import default_paths

Start = Callable[..., Terminal]
LONG = "write a python function"
"""The demo models answer it with more than a hundred tokens."""
LIMIT_S = 30.0


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        env=environment,
        cwd=environment["PWD"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def kept() -> list[Conversation]:
    path = default_paths().database
    if not path.exists():
        return []
    database = Database(path)
    store = ConversationStore(database)
    conversations = [store.load(one.id) for one in store.list()]
    database.close()
    return conversations


class Throttle:
    """Lets processes run for a moment four times a second, until they are held for good."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._processes = processes
        self._held = Event()
        self._thread = Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._held.is_set():
            self._send(signal.SIGSTOP)
            if self._held.wait(0.25):
                return
            self._send(signal.SIGCONT)
            time.sleep(0.001)  # as long as a token takes, not a wait for something

    def _send(self, number: int) -> None:
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def hold(self) -> None:
        self._held.set()
        self._thread.join()

    def end(self) -> None:
        self.hold()
        self._send(signal.SIGCONT)


def growing() -> bool:
    """Tell whether an answer to the second question is being written, and kept so far."""
    return any(
        turn.content and turn.figures.get("ended") == "growing"
        for one in kept()
        for turn in one.turns[3:]
    )


@pytest.fixture
def throttles() -> Iterator[list[Throttle]]:
    made: list[Throttle] = []
    yield made
    for one in made:
        one.end()


def test_a_program_that_is_killed_in_an_answer_loses_nothing(
    start: Start, environment: dict[str, str], throttles: list[Throttle]
) -> None:
    terminal = start("chat", "demo-small", columns=80, lines=24)
    terminal.wait_for("loads with the first question")
    terminal.type("hello")
    terminal.press("enter")
    terminal.wait_for("stopped")

    # A runtime that is slowed down, so that there is a middle of the answer to be killed in.
    children = psutil.Process(terminal.process.pid).children(recursive=True)
    throttles.append(Throttle(children))
    terminal.type(LONG)
    terminal.press("enter")
    deadline = time.monotonic() + LIMIT_S
    while not growing():
        assert time.monotonic() < deadline, terminal.text
        terminal.read()
        if any(turn.figures.get("ended") == "stop" for one in kept() for turn in one.turns[3:]):
            terminal.press("ctrl+r")  # it was done before anybody looked
            terminal.settle()
    throttles[-1].hold()
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.process.wait(10)
    throttles[-1].end()
    psutil.wait_procs(children, 10)
    assert not any(child.is_running() for child in children)

    (conversation,) = kept()
    assert [turn.content for turn in conversation.turns][::2] == ["hello", LONG]
    partial = conversation.turns[3]
    assert partial.content.startswith("This")
    assert partial.figures["ended"] == "growing"

    # Resumed where it was; what is there can be read, asked anew, and gone on with.
    again = start("chat", "--resume", columns=80, lines=40)
    again.wait_for("was being written when the")
    assert partial.content.splitlines()[0] in again.text
    again.wait_for("loads with the first question")
    again.press("ctrl+r")
    again.wait_for(
        lambda text: (
            (found := re.search(r"answer (\d+) of \1", text)) is not None
            and "stopped by" in text[found.end() :]
        )
    )
    again.press("escape")
    again.settle()
    again.press("q")
    assert again.wait_for_end() == 0
    assert again.left_broken() == []
    (conversation,) = kept()
    assert partial.content in {turn.content for turn in conversation.tree}
    assert conversation.turns[3].figures["ended"] == "stop"


def test_two_demo_models_side_by_side_and_into_a_benchmark(
    start: Start, environment: dict[str, str]
) -> None:
    terminal = start("chat", "demo-small", columns=80, lines=24)
    terminal.wait_for("loads with the first question")
    terminal.type("What is edge AI?")
    terminal.press("ctrl+s")
    terminal.wait_for("space chooses")
    terminal.press("enter")
    terminal.wait_for("One after the other")
    terminal.press("enter")
    both = re.compile(r"tokens \d+  stopped by itself.*tokens \d+  stopped by itself")
    terminal.wait_for(lambda text: both.search(text.replace("\n", " ")))
    lines = terminal.text.splitlines()
    assert re.search(r"demo-small-generic-cpu:1 +│ demo-large-generic-cpu:1", terminal.text)
    assert re.search(r"TTFT   \d.* m?s.*│ TTFT   \d.* m?s", terminal.text)
    assert max(len(line.rstrip()) for line in lines) <= 80

    terminal.press("ctrl+o")
    terminal.wait_for("All at once")
    terminal.press("ctrl+r")
    # The answers before are kept.
    terminal.wait_for(
        lambda _: (
            [(len(one.tree), one.turns[-1].figures.get("ended")) for one in kept()]
            == [(3, "stop")] * 2
        )
    )
    terminal.wait_for(lambda text: "esc back" in text and both.search(text.replace("\n", " ")))
    terminal.settle(0.5)

    terminal.press("ctrl+g")
    terminal.wait_for("your question")
    terminal.wait_for("2 chosen")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert terminal.left_broken() == []


def test_a_chat_for_scripts(environment: dict[str, str]) -> None:
    first = command(environment, "chat", "demo-small", "What is edge AI?", "--save", "--json")
    values = json.loads(first.stdout)
    assert values["finish_reason"] == "stop"
    assert values["ttft_s"] > 0
    assert values["output_tokens"] > 5
    assert values["text"].startswith("Edge AI")
    more = command(environment, "chat", "--resume", values["conversation"][:6], "hello")
    assert more.returncode == 0
    assert more.stdout.endswith("\n")
    both = command(environment, "chat", "demo-small,demo-large", "What is edge AI?", "--at-once")
    assert "demo-large-generic-cpu:1" in both.stdout
    assert "Asked all at once" in both.stdout

    found = json.loads(command(environment, "sessions", "search", "edge", "--json").stdout)
    (session,) = found["sessions"]
    assert (session["id"], session["turns"]) == (values["conversation"], 4)
    exported = command(environment, "sessions", "export", "last", "-o", "chat.md")
    text = (Path(environment["PWD"]) / "chat.md").read_text()
    assert exported.returncode == 0
    assert text.startswith("# What is edge AI?\n")
    assert "TTFT" in text
