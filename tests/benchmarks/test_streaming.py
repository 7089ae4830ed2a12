"""What a streamed answer costs, beside the budget: processor time, delay, bytes. Reports only.

Run with `pytest -m benchmark -s tests/benchmarks/test_streaming.py`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.benchmarks.streaming_server import LAST, MODEL, pieces
from tests.support.terminal import Terminal
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.paths import default_paths

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]
ROOT = Path(__file__).parent.parent.parent
LAG_BUDGET_MS = {100: 50, 500: 50, 0: 100}
CPU_BUDGET_S = 2.5
BYTES_BUDGET = 12
MEMORY_BUDGET_MB = 10
TURNS = 200


class Unread(Terminal):
    """A terminal that keeps what it gets and does not draw it: that would take a core."""

    def read(self, wait_s: float = 0.05) -> bool:
        stream, self._stream = self._stream, _Nothing()  # type: ignore[assignment]
        try:
            return super().read(wait_s)
        finally:
            self._stream = stream

    def wait_for_bytes(self, wanted: bytes, limit_s: float = 60.0) -> float:
        """Read until `wanted` has come; returns when that was, on the monotonic clock."""
        deadline = time.monotonic() + limit_s
        while wanted not in self.output[-200_000:]:
            assert time.monotonic() < deadline, f"waited for {wanted!r}"
            self.read(0.005)
        return time.monotonic()


class _Nothing:
    def feed(self, data: bytes) -> None:
        """Drop it."""


@contextmanager
def streaming(rate_hz: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.streaming_server", str(rate_hz)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as server:
        try:
            yield server
        finally:
            server.terminate()


def said(server: subprocess.Popen[str], word: str) -> float:
    assert server.stdout is not None
    line = server.stdout.readline().split()
    assert line[0] == word
    return float(line[1])


def long_conversation() -> Conversation:
    """Keep a conversation of `TURNS` exchanges, and return it."""
    turns = []
    for number in range(TURNS):
        turns.append(Turn("user", f"Question {number}: what about *edge* devices?"))
        text = "A paragraph of an answer, with **bold** words and `code` in it. " * 8
        turns.append(Turn("assistant", f"{text}\n\n- one\n- two\n\n{text}", MODEL))
    conversation = Conversation.of(*turns)
    database = Database(default_paths().database)
    ConversationStore(database).save(conversation)
    database.close()
    return conversation


@pytest.mark.parametrize("turns", [0, TURNS])
@pytest.mark.parametrize("rate_hz", [100, 500, 0])
def test_a_streamed_answer(
    environment: dict[str, str], rate_hz: int, turns: int, capsys: pytest.CaptureFixture[str]
) -> None:
    size = sum(len(piece.encode()) for piece in pieces())
    with streaming(rate_hz) as server:
        port = int(said(server, "port"))
        command = [sys.executable, "-m", "tui", "--endpoint", f"http://127.0.0.1:{port}"]
        if turns:
            command += ["chat", "--resume", long_conversation().id]
        with Unread(command, columns=120, lines=40, environment=environment) as terminal:
            terminal.wait_for_bytes(MODEL.encode())
            if not turns:
                terminal.press("3")
            terminal.wait_for_bytes(f"{MODEL} ·".encode())
            settled_s = time.monotonic() + 3
            while time.monotonic() < settled_s:
                terminal.read()
            process = psutil.Process(terminal.process.pid)
            memory = process.memory_info().rss
            cpu_s, sent = sum(process.cpu_times()[:2]), len(terminal.output)
            terminal.type("go\r")
            shown_s = terminal.wait_for_bytes(LAST.encode(), 120)
            while terminal.read(0.2):
                pass
            cpu_s = sum(process.cpu_times()[:2]) - cpu_s
            sent = len(terminal.output) - sent
            memory = process.memory_info().rss - memory
            lag_ms = (shown_s - said(server, "done")) * 1e3
            terminal.press("escape")
            terminal.settle()
            terminal.press("q")
            terminal.wait_for_end()
    rate = f"{rate_hz} tok/s" if rate_hz else "as fast as it comes"
    with capsys.disabled():
        print(
            f"\n2,000 tokens, {rate}, after {turns} turns: {cpu_s:.2f} CPU s (budget at 100 tok/s "
            f"{CPU_BUDGET_S}), last token {lag_ms:.0f} ms late (budget {LAG_BUDGET_MS[rate_hz]}), "
            f"{sent / size:.1f} bytes a byte (budget {BYTES_BUDGET}), memory "
            f"{memory / 1e6:+.1f} MB (budget {MEMORY_BUDGET_MB})"
        )
    assert sent > size, "the answer must have been drawn"
