"""Installs and runs model servers that this project did not write."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

INSTALL_LIMIT_S = 400
READY_LIMIT_S = 120
END_LIMIT_S = 10


@dataclass(frozen=True)
class OtherServer:
    """A server that answers."""

    url: str
    model: str
    """What to ask it for."""
    key: str | None = None


def installed(folder: Path, *packages: str) -> Path:
    """Return the `bin` of an environment with these packages; skips the test where that fails.

    `FOUNDRY_TUI_SERVERS` names a directory in which environments are kept for the next run.
    """
    kept = os.environ.get("FOUNDRY_TUI_SERVERS")
    place = (Path(kept) if kept else folder) / packages[0].partition("[")[0]
    binaries = place / "bin"
    if (place / "complete").exists():
        return binaries
    try:
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=60)
        subprocess.run(
            [str(binaries / "python"), "-m", "pip", "install", "-q", *packages],
            check=True, timeout=INSTALL_LIMIT_S, capture_output=True,
        )  # fmt: skip
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"{packages[0]} cannot be installed here: {error}")
    (place / "complete").touch()
    return binaries


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], url: str, ready_path: str, home: Path, **environment: str
) -> Iterator[None]:
    """Run a server in a group of its own, without proxies, hubs and telemetry, until it is left.

    Args:
        command: Program and arguments.
        url: Where it will listen, on loopback.
        ready_path: Answers with any status once it serves.
        home: Its home directory.
        environment: More variables for it.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    values = {
        "PATH": f"{Path(command[0]).parent}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8",
        "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1",
        "NO_PROXY": "127.0.0.1", **environment,
    }  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=values, cwd=home,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_ready(process, f"{url}{ready_path}", log)
        yield
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_LIMIT_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended:\n{log.read_text(errors='replace')[-3000:]}")
        try:
            opener.open(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)  # it is another program: there is nothing else to wait for
    raise AssertionError(f"the server is not ready:\n{log.read_text(errors='replace')[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(END_LIMIT_S)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
