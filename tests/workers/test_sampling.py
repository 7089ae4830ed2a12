"""The pace of the samples, what a load takes meanwhile, and what is never done on each of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.app import running_app
from tests.support.scripted_backend import SMALL, ScriptedBackend
from tests.support.waiting import wait_until
from tui.app import FoundryApp
from tui.foundry.types import BackendInfo
from tui.system.activity import LiveFigures

CODE = "import sys\nheld = []\nfor line in sys.stdin: held.append(b'x' * int(line)); print(flush=1)"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-uc", CODE.replace("flush=1", "flush=True")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write("1\n")
        process.stdin.flush()
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def grow(child: subprocess.Popen[str], size: int) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{size}\n")
    child.stdin.flush()
    child.stdout.readline()


def app_of(pilot: Any) -> FoundryApp:
    app: FoundryApp = pilot.app
    return app


async def test_samples_are_slower_while_nobody_looks_and_nothing_works() -> None:
    async with running_app(ScriptedBackend.with_demo_models(), size=(160, 40)) as pilot:
        sampling = app_of(pilot).sampling
        await wait_until(pilot, lambda: not app_of(pilot).store.state.active_jobs)
        assert sampling.pace_s == 2.0
        app_of(pilot).history.take(LiveFigures(1, SMALL, "chat"))
        assert sampling.pace_s == 1.0
        app_of(pilot).history.take(LiveFigures(1, SMALL, "chat", ended=True))
        sampling.take()
        assert sampling.pace_s == 2.0
        await pilot.press("D")
        await wait_until(pilot, lambda: bool(pilot.app.query("MonitorDock")))
        assert sampling.pace_s == 1.0
        await pilot.press("D")
        await wait_until(pilot, lambda: not pilot.app.query("MonitorDock"))
        await pilot.press("4", "i")
        await wait_until(pilot, lambda: sampling.pace_s == 2.0, "the slower pace")


async def test_the_settings_say_how_fast(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[monitor]\ninterval_s = 5\nhidden_interval_s = 30\n", "utf-8")
    backend = ScriptedBackend.with_demo_models()
    async with running_app(backend, config_file=file) as pilot:
        assert app_of(pilot).sampling.pace_s == 30.0
        await pilot.press("4", "i")
        await wait_until(pilot, lambda: app_of(pilot).sampling.interval_s == 10.0)
        await wait_until(pilot, lambda: "interval_s = 10.0" in file.read_text("utf-8"))


async def test_a_load_is_watched_from_before_to_after(child: subprocess.Popen[str]) -> None:
    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        sampling = app_of(pilot).sampling
        sampling.follow(BackendInfo("runtime", "", "", pid=child.pid))
        job = SimpleNamespace(kind="load")
        sampling.watch([job])  # type: ignore[list-item]
        for size in (50_000_000, 30_000_000):
            grow(child, size)
            await pilot.pause(0.1)
        trace = sampling.trace_of_job()
        assert trace is not None
        assert 78e6 < trace.growth_bytes < 90e6
        assert trace.peak_bytes >= trace.after_bytes > trace.before_bytes
        sampling.watch([])
        sampling.follow(None)
        assert sampling.trace(0.1) is None


async def test_no_sample_walks_over_all_processes(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[str]
) -> None:
    import psutil

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a walk over all processes")

    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        sampling = app_of(pilot).sampling
        sampling.follow(BackendInfo("runtime", "", "", pid=child.pid))
        for name in ("process_iter", "pids", "net_connections"):
            monkeypatch.setattr(psutil, name, refuse)
        listed: list[str] = []
        real = os.listdir
        monkeypatch.setattr(os, "listdir", lambda path=".": listed.append(str(path)) or real(path))
        await pilot.press("4")
        for _ in range(20):
            sampling.take()
            await pilot.pause()
        assert "/proc" not in listed
        sample = app_of(pilot).history.last
        assert sample is not None
        assert [one.pid for one in sample.runtime] == [child.pid]


@pytest.fixture
def server() -> Iterator[tuple[int, int]]:
    """A process that listens: its id and its port."""
    code = (
        "import socket, sys\ns = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.kill()


async def test_an_endpoint_of_this_machine_is_found_by_its_port_and_followed(
    server: tuple[int, int],
) -> None:
    pid, port = server
    async with running_app(ScriptedBackend.with_demo_models()) as pilot:
        sampling = app_of(pilot).sampling
        sampling.follow(BackendInfo("endpoint", "", "", f"http://127.0.0.1:{port}/v1"))

        def followed() -> bool:
            sampling.take()
            last = app_of(pilot).history.last
            return last is not None and [one.pid for one in last.runtime] == [pid]

        await wait_until(pilot, followed, "the server's process")
        sampling.follow(BackendInfo("endpoint", "", "", "http://192.0.2.1:8000"))
        sampling.take()
        state = app_of(pilot).store.state
        await wait_until(
            pilot,
            lambda: app_of(pilot).store.state.runtime_reason == "it runs on another machine",
            state.runtime_reason,
        )
