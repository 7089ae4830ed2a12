"""Memory and CPU of a process while targets answer, and the state of the machine."""

from __future__ import annotations

import os
import time
from collections import namedtuple

import psutil
import pytest

from tests.support.runtime import wait_until
from tui.bench import conditions as module
from tui.bench.conditions import Conditions
from tui.bench.watch import RuntimeWatch
from tui.system.readings import ProcessReading


def burn(cpu_s: float) -> None:
    until_s = time.process_time() + cpu_s
    while time.process_time() < until_s:
        pass


async def test_what_a_process_uses_is_counted_for_who_answered() -> None:
    watch = RuntimeWatch(os.getpid())
    async with watch.running():
        watch.begin("a")
        burn(0.08)
        ballast = b"x" * 30_000_000
        await wait_until(lambda: watch.peak_bytes("a") is not None)
        watch.end()
        del ballast
        watch.begin("b")
        watch.end()
    peak, mean, cpu = watch.peak_bytes("a"), watch.mean_bytes("a"), watch.cpu_percent("a")
    assert peak is not None
    assert mean is not None
    assert cpu is not None
    assert peak >= mean > 20_000_000
    assert cpu > 10
    assert watch.peak_bytes("nobody") is None
    cost = watch.cost()
    assert cost["samples"] >= 4
    assert cost["cost_s"] < 0.1


def test_a_runtime_elsewhere_is_not_watched() -> None:
    watch = RuntimeWatch(None)
    watch.begin("a")
    watch.end()
    assert (watch.peak_bytes("a"), watch.cpu_percent("a")) == (None, None)
    assert watch.cost()["samples"] == 0


def test_a_runtime_that_ended_is_no_error() -> None:
    watch = RuntimeWatch(2**22 + 1)
    watch.begin("a")
    watch.end()
    assert watch.mean_bytes("a") is None


def test_our_own_work_and_that_of_the_runtime_are_no_background_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy_s = 0.0
    used_s = {os.getpid(): 0.0, 77: 0.0}
    now_s = 1000.0

    def read(pid: int) -> ProcessReading:
        return ProcessReading(used_s[pid], 1, 1, 1.0)

    def times() -> object:
        return namedtuple("Times", "user idle")(busy_s, 9.0)

    monkeypatch.setattr(module, "read_process", read)
    monkeypatch.setattr(psutil, "cpu_times", times)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now_s)
    conditions = Conditions(77)
    now_s, busy_s = 1010.0, 12.0
    used_s.update({os.getpid(): 1.0, 77: 8.0})
    # In 10 s on two cores 12 s of work were done, of which 9 were ours: 3 of 20.
    assert conditions.as_dict()["background_cpu_percent"] == 15.0


def test_the_state_of_the_machine_is_kept_from_first_to_last() -> None:
    conditions = Conditions(None)
    conditions.look()
    conditions.look()
    found = conditions.as_dict()
    free = found["ram_available_bytes"]
    assert 0 < free["least"] <= free["first"] <= free["most"]
    assert found["power_source"] in (None, "mains", "battery")
    assert not found["power_source_changed"]
