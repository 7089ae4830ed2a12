"""A conversation that is kept open all day, on the embedded runtime, with the monitor beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import psutil
import pytest

from tui.chat.history import ConversationStore
from tui.database import Database
from tui.paths import default_paths

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.terminal import Terminal

TURNS = 200
MOST_GROWTH_BYTES = 25_000_000
"""The budget is 10 MB; what other tests do at the same time must not make this one fail."""


@pytest.mark.slow
def test_two_hundred_turns_with_the_monitor_beside_them(start: Callable[..., Terminal]) -> None:
    terminal = start(columns=160, lines=40)
    terminal.wait_for("demo-small", 30)
    terminal.press("D", "3")
    terminal.wait_for("Ask something")
    program = psutil.Process(terminal.process.pid)
    grown_from = 0
    for number in range(TURNS):
        terminal.type(f"Question {number}: what is edge AI?\r")
        for _ in range(2):  # half a frame shows the figures of the answer before
            terminal.wait_for(lambda text, n=number: answered(text, n), 60)
            terminal.settle(0.05)
        if number == 9:
            grown_from = program.memory_info().rss
    assert "CPU" in terminal.text
    assert program.memory_info().rss - grown_from < MOST_GROWTH_BYTES
    terminal.press("4")
    terminal.wait_for("4 Monitor")
    terminal.press("3")
    terminal.wait_for(f"Question {TURNS - 1}:")
    terminal.press("escape")
    terminal.settle()
    terminal.press("\x1b[H")  # home
    terminal.wait_for("Question 0:")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    assert not terminal.left_broken()
    store = ConversationStore(Database(default_paths().database))
    (kept,) = store.list()
    assert kept.turns == 2 * TURNS
    assert all(turn.content for turn in store.load(kept.id).turns)


def answered(text: str, number: int) -> bool:
    """Whether the answer stands below the question, and has ended."""
    _, found, after = text.rpartition(f"Question {number}:")
    return bool(found) and "stopped by itself" in after
