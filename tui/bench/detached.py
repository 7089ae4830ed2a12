"""Runs in a process of their own, which outlive the terminal and the SSH line they came from.

What such a run measures stands in the database, as with any other run; beside it there are a log
and a small file that says how far it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.bench.events import BenchEvent, RequestFinished, RunFinished, RunStarted, TimeLeft
from tui.bench.living import MEASURING_SINCE, living_pid
from tui.bench.recorder import Recorder
from tui.bench.summary import graded
from tui.foundry.errors import FoundryError, NotFound
from tui.foundry.text import clean_text

POLL_EVERY_S = 0.25
START_LIMIT_S = 60.0
STOP_LIMIT_S = 20.0
STATUS_EVERY_S = 0.5
LOG_TAIL_BYTES = 2000


class DetachError(FoundryError):
    """A run cannot be started in a process of its own."""

    code = "detach"


@dataclass(frozen=True, slots=True)
class Running:
    """A run that a process is making now."""

    run_id: str
    pid: int


def running(recorder: Recorder) -> tuple[Running, ...]:
    """Return the runs that are being made on this machine now, the newest first. Blocks."""
    found = []
    for run_id, context in recorder.open_runs():
        if (pid := living_pid(context)) is not None:
            found.append(Running(run_id, pid))
    return tuple(found)


def log_path(folder: Path, run_id: str) -> Path:
    """Return where a detached run writes what a person would have seen."""
    return folder / f"{run_id}.log"


def launch(arguments: Sequence[str], run_id: str, folder: Path, recorder: Recorder) -> int:
    """Start this program once more, without a terminal, and wait until its run has begun. Blocks.

    Args:
        arguments: Its command line, without the program's name.
        run_id: What the run will be called.
        folder: Where log and status are kept.
        recorder: Where the run will appear.

    Returns:
        The number of the process.

    Raises:
        DetachError: It cannot be started, or ended before its run began; the message holds what
            it said.
    """
    process = _start(arguments, run_id, folder)
    # Whoever started it takes note of its end, or it would stay in the list of processes.
    threading.Thread(target=process.wait, daemon=True).start()
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s and not recorder.making(run_id, process.pid):
        if process.returncode is not None and not recorder.making(run_id, process.pid):
            said = clean_text(_log_tail(folder, run_id))
            raise DetachError(
                f"The run ended before it began. {said}".strip(),
                f"Log: {log_path(folder, run_id)}",
            )
        time.sleep(POLL_EVERY_S)
    return process.pid


def _start(arguments: Sequence[str], run_id: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start the program in a session of its own, which no terminal's end reaches."""
    command = [sys.executable, "-m", "tui", *arguments]
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        options = {"creationflags": flags}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with log_path(folder, run_id).open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options
            )
    except OSError as error:
        raise DetachError(
            f"The run cannot be started by itself: {error.strerror or error}.",
            "Run it here, inside tmux or with nohup.",
        ) from error


def _log_tail(folder: Path, run_id: str) -> str:
    """Return the last lines of a run's log; '' where there is none."""
    try:
        data = log_path(folder, run_id).read_bytes()[-LOG_TAIL_BYTES:]
    except OSError:
        return ""
    return data.decode("utf-8", errors="replace").strip()


def stop(recorder: Recorder, run_id: str) -> bool:
    """Ask the process that makes a run to stop, and wait for it; what it measured is kept. Blocks.

    Returns:
        Whether it has ended.

    Raises:
        NotFound: No process makes this run.
    """
    found = next((one for one in running(recorder) if one.run_id == run_id), None)
    if found is None:
        raise NotFound(f"The run {run_id} is not going on.", "`foundry-tui bench runs` lists them.")
    with contextlib.suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGTERM)
    deadline_s = time.monotonic() + STOP_LIMIT_S
    while time.monotonic() < deadline_s:
        if not any(one.run_id == run_id for one in running(recorder)):
            return True
        time.sleep(POLL_EVERY_S)
    return False


class StatusFile:
    """Says how far a run is, for whoever looks from outside.

    Args:
        folder: Where it is kept.
        run_id: Which run.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path = folder / f"{run_id}.json"
        self._written_s = -STATUS_EVERY_S

    def take(self, event: BenchEvent) -> None:
        """Write down what matters, twice a second at most; a full disk is no reason to stop."""
        if isinstance(event, RunFinished):
            self._write({"state": "stopped" if event.stopped else "finished"})
        elif isinstance(event, TimeLeft):
            now_s = time.monotonic()
            if now_s - self._written_s >= STATUS_EVERY_S:
                self._written_s = now_s
                values = {"done": event.done, "total": event.total, "left_s": event.left_s}
                self._write({"state": "measuring", **values})

    def read(self) -> TimeLeft | None:
        """Return how far the run is; None before it measures."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            values = json.loads(self._path.read_text("utf-8"))
            return TimeLeft(int(values["done"]), int(values["total"]), values["left_s"])
        return None

    def _write(self, values: dict[str, Any]) -> None:
        # Without the pains of an atomic write: half a status is read as none.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps({"pid": os.getpid(), **values}), "utf-8")


class Follower:
    """Tells of a run that another process makes, with the same events as if it were made here.

    Args:
        recorder: Where the run is kept.
        folder: Where status files are kept.
        run_id: Which run.
    """

    def __init__(self, recorder: Recorder, folder: Path, run_id: str) -> None:
        self._recorder = recorder
        self._status = StatusFile(folder, run_id)
        self._run_id = run_id
        self._last_row = 0
        self._time: TimeLeft | None = None
        self._since: str | None = None
        self._begun = False
        self.ended = False

    def poll(self) -> tuple[BenchEvent, ...]:
        """Return what is new; at the end one `RunFinished`. Blocks: call it off the event loop.

        `RunStarted` comes again when measuring begins, as requests that were left half done by an
        interruption are taken out then.

        Raises:
            NotFound: There is no such run.
        """
        if self.ended:
            return ()
        finished, context = self._recorder.state(self._run_id)
        alive = not finished and living_pid(context) is not None
        since = context.get(MEASURING_SINCE)
        restarted = not self._begun or since != self._since
        if restarted:
            self._begun, self._since, self._last_row = True, since, 0
        new, self._last_row = self._recorder.requests_after(self._run_id, self._last_row)
        events: list[BenchEvent] = []
        if restarted:
            events.append(RunStarted(self._run_id, self._recorder.load(self._run_id).plan, new))
        else:
            events += [RequestFinished(one) for one in new]
        time_left = self._status.read()
        if time_left is not None and time_left != self._time:
            self._time = time_left
            events.append(time_left)
        if not alive:
            self.ended = True
            summary = graded(self._recorder.load(self._run_id))
            events.append(RunFinished(summary, stopped=not finished))
        return tuple(events)
