"""Starts the host's process. Imports little, so that a screen can do it before all else."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tui.foundry.errors import BackendUnavailable
from tui.foundry.runtime.protocol import Request, encode
from tui.foundry.runtime.settings import RuntimeSettings

START_NUMBER = 1
"""Number of the request that starts the service; the first of each host."""
LOG_LIMIT_BYTES = 2 * 1024 * 1024
_ENTRY = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from tui.foundry.runtime.host import main; main()"
)


class EarlyHost:
    """A host that starts while the program still imports what it needs for its screen.

    It takes 0.2 to 0.3 s to serve, about as long as those imports. Nobody has to end it: it ends
    with its input, which closes with this program at the latest.

    Args:
        popen: The process; it was asked to start already.
        settings: What it was told, with absolute places and its own scratch directory.
    """

    def __init__(self, popen: subprocess.Popen[bytes], settings: RuntimeSettings) -> None:
        self._popen: subprocess.Popen[bytes] | None = popen
        self.settings = settings

    def take(self) -> subprocess.Popen[bytes] | None:
        """Hand the process over, once; None after that."""
        popen, self._popen = self._popen, None
        return popen


def start_early(settings: RuntimeSettings) -> EarlyHost | None:
    """Start a host and do not wait for it; None where that fails, which is told in the usual way.

    Args:
        settings: Places and switches.
    """
    popen = None
    try:
        placed = in_place(settings)
        popen = launch(placed)
        assert popen.stdin is not None
        popen.stdin.write(encode(Request(START_NUMBER, "start", placed.to_json())))
    except (BackendUnavailable, OSError):
        if popen is not None:
            popen.kill()
            popen.wait()
        return None
    return EarlyHost(popen, placed)


def in_place(settings: RuntimeSettings) -> RuntimeSettings:
    """Make the directories, and return the settings with absolute ones and a scratch of its own.

    Raises:
        BackendUnavailable: A directory cannot be written.
    """
    for folder in (settings.cache_dir, settings.work_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise BackendUnavailable(
                f"The runtime cannot write to '{folder}': {error.strerror or error}.",
                "Change the rights of this directory, or free some space on its disk.",
            ) from error
    scratch = tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=settings.work_dir)
    return replace(
        settings,
        cache_dir=settings.cache_dir.absolute(),
        catalog_cache_dir=settings.catalog_cache_dir.absolute(),
        log_file=settings.log_file.absolute(),
        sizes_file=settings.sizes_file.absolute() if settings.sizes_file else None,
        work_dir=Path(scratch).absolute(),
        early=None,
    )


def launch(settings: RuntimeSettings) -> subprocess.Popen[bytes]:
    """Start the process. Raises `BackendUnavailable` where the system refuses."""
    try:
        settings.log_file.parent.mkdir(parents=True, exist_ok=True)
        _rotate(settings.log_file)
        with settings.log_file.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", _ENTRY, str(Path(__file__).parents[3])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                cwd=settings.work_dir,
                env=child_environment(settings),
                # Away from the terminal: ctrl+c and a hang-up are for the program, which then
                # ends the child in order.
                start_new_session=os.name == "posix",
                creationflags=_creation_flags(),
            )
    except OSError as error:
        raise BackendUnavailable(
            f"The runtime cannot be started: {error.strerror or error}.",
            f"Check the rights of {settings.work_dir} and {settings.log_file}.",
        ) from error


def child_environment(settings: RuntimeSettings) -> dict[str, str]:
    """Return the host's environment."""
    environment = dict(os.environ)
    # The one complete switch that was found: with CI set, the runtime's telemetry makes no
    # connection and writes no file. With the two official ones (this and the setting
    # `disable_nonessential_telemetry`) it still sends one event.
    environment["CI"] = "true"
    environment["ORT_TELEMETRY_DISABLED"] = "1"
    # The runtime asks our own catalog on loopback; no proxy may stand in between.
    for name in ("NO_PROXY", "no_proxy"):
        known = environment.get(name, "")
        environment[name] = ",".join(filter(None, (known, "127.0.0.1", "localhost")))
    environment.update(settings.environment)
    return environment


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0


def _rotate(log_file: Path) -> None:
    with contextlib.suppress(OSError):
        if log_file.stat().st_size > LOG_LIMIT_BYTES:
            log_file.replace(log_file.with_name(log_file.name + ".1"))
