"""Started and left again and again: nothing may stay behind, however it is ended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

from tests.support.terminal import Terminal

pytestmark = pytest.mark.slow
ROUNDS = 4
ENDINGS: tuple[signal.Signals | None, ...] = (None, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("ending", ENDINGS, ids=["q", "SIGTERM", "SIGHUP"])
def test_nothing_stays_behind(
    start: Callable[..., Terminal], home: Path, ending: signal.Signals | None
) -> None:
    for _ in range(ROUNDS):
        terminal = start(columns=80, lines=24)
        terminal.wait_for("demo-small")
        family = psutil.Process(terminal.process.pid).children(recursive=True)
        assert family  # the runtime
        if ending is None:
            terminal.press("q")
        else:
            terminal.process.send_signal(ending)
        terminal.wait_for_end()
        assert terminal.left_broken() == []
        _, alive = psutil.wait_procs(family, timeout=5)
        assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
    assert list((home / "foundry-tui" / "data" / "runtime").iterdir()) == []
