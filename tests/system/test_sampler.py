"""What a sample holds, and what it leaves open."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.system import readings
from tui.system.sample import Sample
from tui.system.sampler import Sampler, free_bytes


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    with process:
        yield process
        process.kill()


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_sample_tells_about_the_machine(tmp_path: Path) -> None:
    sampler = Sampler(disk_path=tmp_path / "not" / "there" / "yet")
    first = sampler.sample()
    assert first.cpu_percent is None
    assert first.per_core == ()
    burn(0.05)
    second = sampler.sample()
    assert second.cpu_percent is not None
    assert 0 <= second.cpu_percent <= 100
    assert len(second.per_core) >= 1
    assert all(0 <= one <= 100 for one in second.per_core)
    assert second.ram_total_bytes
    assert second.ram_available_bytes
    assert second.ram_used_bytes == second.ram_total_bytes - second.ram_available_bytes
    assert second.disk_free_bytes
    assert second.at_s > first.at_s
    assert second.cost_s
    assert second.cpu_frequency_mhz != 0


def test_this_process_comes_first_and_its_work_is_seen() -> None:
    sampler = Sampler()
    [own] = sampler.sample().processes
    assert (own.pid, own.own, own.cpu_percent) == (os.getpid(), True, None)
    burn(0.1)
    [own] = sampler.sample().processes
    assert own.cpu_percent is not None
    assert own.cpu_percent > 20
    assert own.rss_bytes is not None
    assert own.rss_bytes > 1_000_000
    assert own.threads is not None


def test_followed_processes_come_and_go(child: subprocess.Popen[bytes]) -> None:
    sampler = Sampler(child.pid)
    one = sampler.sample().process(child.pid)
    assert one is not None
    assert one.rss_bytes
    assert "python" in one.name.lower()
    sampler.follow(child.pid, os.getpid(), child.pid)
    assert len(sampler.sample().processes) == 2
    assert sampler.sample().processes[1].cpu_percent is not None
    child.kill()
    child.wait()
    assert len(sampler.sample().processes) == 1
    sampler.follow(child.pid, 2**22 + 1)
    assert len(sampler.sample().processes) == 1
    sampler.follow()
    assert len(sampler.sample().processes) == 1


def test_a_process_that_we_may_not_read_has_no_numbers(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.system.sampler.read_process", lambda pid: None)
    [_, one] = Sampler(child.pid).sample().processes
    assert (one.pid, one.cpu_percent, one.rss_bytes, one.threads) == (child.pid, None, None, None)


def test_a_number_that_went_on_to_another_process_is_dropped(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = iter((1.0, 1.0, 2.0))
    monkeypatch.setattr(
        "tui.system.sampler.read_process",
        lambda pid: readings.ProcessReading(1.0, 1, 1, next(starts) if pid == child.pid else 0.0),
    )
    sampler = Sampler(child.pid)
    assert [len(sampler.sample().processes) for _ in range(3)] == [2, 2, 1]


def test_faster_than_the_clock_ticks_repeats_the_last_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psutil

    sampler = Sampler()
    sampler.sample()
    burn(0.05)
    before = sampler.sample()
    frozen = psutil.cpu_times(percpu=True)
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: frozen)
    sampler._core_times = [sum_of(one) for one in frozen]
    assert sampler.sample().cpu_percent == before.cpu_percent


def sum_of(times: object) -> tuple[float, float]:
    from tui.system.sampler import _busy_and_total

    return _busy_and_total(times)


def test_a_machine_without_frequency_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def missing() -> None:
        raise NotImplementedError

    monkeypatch.setattr(psutil, "cpu_freq", missing)
    assert Sampler().sample().cpu_frequency_mhz is None
    monkeypatch.setattr(psutil, "cpu_freq", lambda: None)
    assert Sampler().sample().cpu_frequency_mhz is None


@pytest.mark.skipif(sys.platform != "linux", reason="compares the two ways on Linux")
def test_both_ways_of_reading_agree(child: subprocess.Popen[bytes]) -> None:
    direct, portable = readings._linux_memory(), readings._psutil_memory()
    assert direct is not None
    assert direct.total_bytes == portable.total_bytes
    assert direct.swap_total_bytes == portable.swap_total_bytes
    assert abs(direct.available_bytes - portable.available_bytes) < 0.1 * direct.total_bytes
    one, other = readings._linux_process(child.pid), readings._psutil_process(child.pid)
    assert one is not None
    assert other is not None
    assert one.threads == other.threads
    assert abs(one.rss_bytes - other.rss_bytes) < 2_000_000
    assert abs(one.cpu_s - other.cpu_s) < 0.05


def test_free_space_of_a_place_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    def refuse(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    assert free_bytes(Path("/")) is None


def test_an_empty_sample_is_unknown_not_zero() -> None:
    sample = Sample(at_s=0.0)
    assert sample.cpu_percent is sample.ram_total_bytes is sample.disk_free_bytes is None
    assert sample.process(1) is None
