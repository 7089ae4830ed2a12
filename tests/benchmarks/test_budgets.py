"""Start, key press and leaving, beside a bare Textual app in alternating runs. Reports only.

Run with `pytest -m benchmark -s tests/benchmarks`; it needs compiled bytecode to say anything.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.terminal import Terminal

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]
ROUNDS = 14
KEYS = 30
BARE = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]
OURS = [sys.executable, "-m", "tui"]


def visit(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Start, press keys, leave; returns seconds and bytes."""
    with Terminal(command, columns=120, lines=40, environment=environment) as terminal:
        terminal.wait_for(lambda text: bool(text.strip()))
        painted = time.perf_counter()
        terminal.wait_for("demo-small")
        usable = time.perf_counter()
        latencies = []
        for number in range(KEYS):
            while terminal.read(0.02):
                pass
            before = len(terminal.output)
            pressed = time.perf_counter()
            terminal.press("k" if number % 2 else "j")
            while len(terminal.output) == before and time.perf_counter() - pressed < 0.5:
                terminal.read(0.005)
            latencies.append(time.perf_counter() - pressed)
        memory = psutil.Process(terminal.process.pid).memory_info().rss
        left = time.perf_counter()
        terminal.press("q")
        terminal.wait_for_end()
        return {
            "first paint ms": (painted - terminal.started_s) * 1e3,
            "usable ms": (usable - terminal.started_s) * 1e3,
            "key p95 ms": statistics.quantiles(latencies, n=20)[-1] * 1e3,
            "leave ms": (time.perf_counter() - left) * 1e3,
            "resident MB": memory / 1e6,
        }


def test_start_keys_and_leaving_beside_a_bare_app(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    ours: list[dict[str, float]] = []
    bare: list[dict[str, float]] = []
    for number in range(ROUNDS + 1):
        pair: list[tuple[list[str], Callable[[dict[str, float]], None]]] = [
            (BARE, bare.append),
            (OURS, ours.append),
        ]
        for command, keep in pair if number % 2 else reversed(pair):
            figures = visit(command, environment)
            if number:  # the first round warms the caches
                keep(figures)
    with capsys.disabled():
        print(f"\nmedians of {ROUNDS} alternating rounds: bare app, this program, ratio")
        for name in ours[0]:
            one = statistics.median(figures[name] for figures in bare)
            other = statistics.median(figures[name] for figures in ours)
            print(f"  {name:<16}{one:9.1f}{other:9.1f}{other / one:7.2f}x")
    assert len(ours) == len(bare) == ROUNDS


def test_an_idle_screen_costs_next_to_nothing(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = 10.0
    with Terminal(OURS, columns=120, lines=40, environment=environment) as terminal:
        terminal.wait_for("demo-small")
        process = psutil.Process(terminal.process.pid)
        settled = time.monotonic() + 3
        while time.monotonic() < settled:
            terminal.read()
        cpu, size = sum(process.cpu_times()[:2]), len(terminal.output)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            terminal.read()
        cpu = sum(process.cpu_times()[:2]) - cpu
        size = len(terminal.output) - size
        terminal.press("q")
        terminal.wait_for_end()
    with capsys.disabled():
        print(f"\nidle: {cpu / seconds:.2%} of a core, {size / seconds:.0f} bytes/s")
    assert size > 0, "the meters must live"
