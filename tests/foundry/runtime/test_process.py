"""The host ends with its parent, a crash is noticed and mended, nothing stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.support.runtime import running_runtime, runtime_settings, wait_until
from tui.foundry.errors import BackendUnavailable, FoundryError, RuntimeCrashed, TimedOut
from tui.foundry.runtime import installed, supervisor
from tui.foundry.runtime.backend import RuntimeBackend
from tui.foundry.runtime.launch import child_environment
from tui.foundry.runtime.process import describe_end

ROOT = Path(__file__).parents[3]

needs_runtime = pytest.mark.skipif(not installed(), reason="foundry-local-sdk is not installed")
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def pid_of(backend: RuntimeBackend) -> int:
    assert backend.info.pid is not None
    return backend.info.pid


@needs_runtime
async def test_it_starts_serves_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        info = backend.info
        pid = pid_of(backend)
        assert (info.kind, info.reason) == ("runtime", "a test asked for it")
        assert info.version
        assert info.endpoint is not None
        assert info.endpoint.startswith("http://127.0.0.1:")
        assert psutil.Process(pid).ppid() == os.getpid()
        addresses = {c.laddr.ip for c in psutil.Process(pid).net_connections("inet")}
        assert addresses == {"127.0.0.1"}
    assert is_gone(pid)
    assert backend.info.endpoint is None
    assert list((tmp_path / "runtime").iterdir()) == []
    await backend.close()


@needs_runtime
@posix_only
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
async def test_a_crash_is_said_and_mended(tmp_path: Path, how: signal.Signals) -> None:
    async with running_runtime(tmp_path) as backend:
        said: list[str] = []
        backend.on_change(said.append)
        first = backend.info
        os.kill(pid_of(backend), how)
        with pytest.raises(RuntimeCrashed, match=how.name) as caught:
            await backend.models()
        assert str(tmp_path / "logs" / "runtime.log") in caught.value.hint
        # Who comes meanwhile waits for the new host.
        await backend.models()
        assert backend.info.pid != first.pid
        assert backend.info.endpoint != first.endpoint
        await wait_until(lambda: bool(said))
        assert f"ended by itself (signal {how.value}, {how.name}" in said[0]
        assert "load your models again" in said[0]


@needs_runtime
@posix_only
async def test_a_host_that_keeps_crashing_is_given_up_and_can_be_revived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RESTART_DELAYS_S", (0.0, 0.0))
    async with running_runtime(tmp_path) as backend:
        said: list[str] = []
        backend.on_change(said.append)
        for count in (1, 2, 3):
            os.kill(pid_of(backend), signal.SIGKILL)
            await wait_until(lambda count=count: len(said) == count)  # type: ignore[misc]
        assert "3 times within a minute" in said[-1]
        assert backend.info.endpoint is None
        with pytest.raises(RuntimeCrashed, match="3 times"):
            await backend.cache()
        await backend.models(refresh=True)
        assert backend.info.endpoint


@needs_runtime
@posix_only
async def test_a_host_that_hangs_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PING_LIMIT_S", 0.2)
    monkeypatch.setattr("tui.foundry.runtime.backend.LIST_LIMIT_S", 0.2)
    async with running_runtime(tmp_path) as backend:
        said: list[str] = []
        backend.on_change(said.append)
        os.kill(pid_of(backend), signal.SIGSTOP)
        with pytest.raises(TimedOut, match="'models' within"):
            await backend.models()
        await wait_until(lambda: bool(said))
        assert "it was started again" in said[0]


@needs_runtime
@posix_only
async def test_a_full_pipe_does_not_stop_the_program(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        said: list[str] = []
        backend.on_change(said.append)
        os.kill(pid_of(backend), signal.SIGSTOP)
        with pytest.raises(TimedOut, match="hangs"):
            await backend.load("x" * 300_000)
        await wait_until(lambda: bool(said))
        await backend.models()


@needs_runtime
@posix_only
async def test_a_host_that_hangs_does_not_outlive_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.foundry.runtime.process.END_LIMIT_S", 0.1)
    monkeypatch.setattr("tui.foundry.runtime.process.KILL_LIMIT_S", 0.1)
    async with running_runtime(tmp_path) as backend:
        pid = pid_of(backend)
        os.kill(pid, signal.SIGSTOP)
    assert is_gone(pid)


@needs_runtime
async def test_a_shutdown_by_another_program_is_mended(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        said: list[str] = []
        backend.on_change(said.append)
        port = int(str(backend.info.endpoint).rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /shutdown HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await wait_until(lambda: bool(said))
        writer.transport.abort()
        assert "asked its web service to shut down" in said[0]
        await backend.models()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.support.runtime import running_runtime

async def main():
    async with running_runtime(Path(sys.argv[1])) as backend:
        print(backend.info.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@needs_runtime
@posix_only
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_host_ends_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(await asyncio.to_thread(parent.stdout.readline))
    assert not is_gone(pid)
    started = time.monotonic()
    parent.send_signal(how)
    await wait_until(lambda: is_gone(pid))
    assert time.monotonic() - started < 5
    await asyncio.to_thread(parent.wait)
    parent.stdout.close()


@needs_runtime
@posix_only
async def test_ctrl_c_in_the_terminal_is_not_for_the_host(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        pid = pid_of(backend)
        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(pid, signal.SIGINT)
        await backend.models()
        assert pid_of(backend) == pid


@needs_runtime
async def test_scratch_of_a_program_that_was_killed_is_swept(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])  # noqa: ASYNC220
    gone.wait()
    left = tmp_path / "runtime" / f"{gone.pid}-left"
    alive = tmp_path / "runtime" / f"{os.getpid()}-other"
    for folder in (left, alive):
        folder.mkdir(parents=True)
    async with running_runtime(tmp_path):
        assert not left.exists()
        assert alive.exists()


async def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    backend = RuntimeBackend(runtime_settings(tmp_path, cache_dir=tmp_path / "file" / "models"))
    with pytest.raises(BackendUnavailable, match="cannot write") as caught:
        await backend.start()
    assert "rights" in caught.value.hint
    await backend.close()


async def test_a_broken_installation_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "foundry_local_sdk"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libfoundry_local.so is missing')")
    environment = (("PYTHONPATH", str(broken.parent)),)
    backend = RuntimeBackend(runtime_settings(tmp_path, environment=environment))
    with pytest.raises(BackendUnavailable, match=r"libfoundry_local\.so is missing") as caught:
        await backend.start()
    assert "pip install" in caught.value.hint
    await backend.close()


async def test_a_host_that_dies_at_the_start_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "foundry_local_sdk"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(
        "import os, sys\nprint('no room for the library', file=sys.stderr, flush=True)\nos._exit(9)"
    )
    environment = (("PYTHONPATH", str(broken.parent)),)
    backend = RuntimeBackend(runtime_settings(tmp_path, environment=environment))
    with pytest.raises(BackendUnavailable, match="no room for the library"):
        await backend.start()
    with pytest.raises(FoundryError):
        await backend.models()
    await backend.close()


def test_the_environment_has_telemetry_off_and_no_proxy_for_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("no_proxy", raising=False)
    environment = child_environment(runtime_settings(tmp_path))
    assert environment["CI"] == "true"
    assert environment["ORT_TELEMETRY_DISABLED"] == "1"
    assert environment["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert environment["no_proxy"] == "127.0.0.1,localhost"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-11, "signal 11, SIGSEGV"),
        (-9, "signal 9, SIGKILL, perhaps for lack of memory"),
        (1, "exit code 1"),
        (0xC0000005, "exit code 0xc0000005"),
        (75, "another program asked its web service to shut down"),
        (-200, "signal 200"),
        (None, "for an unknown reason"),
    ],
)
def test_how_it_ended_is_said_in_words(code: int | None, words: str) -> None:
    assert describe_end(code) == words
