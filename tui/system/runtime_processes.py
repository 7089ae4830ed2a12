"""Which processes hold and run the models: found once, and followed by their ids afterwards.

Looking for the owner of a port reads what every process has open. It is done off the event loop,
seldom, and only until it is found.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tui.system.sysfs import PROC, word

LISTENING = "0A"
LOOK_AGAIN_S = (5.0, 10.0, 20.0, 60.0)
"""Waits between looks for an owner that was not found, the last one from then on."""
LOOK_FOR_CHILDREN_S = 30.0
"""A server of models may start one process for each model."""
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


@dataclass(frozen=True, slots=True)
class Found:
    """The runtime's processes."""

    pids: tuple[int, ...] = ()
    """The one that serves first, then those that it started."""
    reason: str = ""
    """Why there is none; '' where there is, or where nobody has looked yet."""


class RuntimeFinder:
    """Finds the runtime's processes; `find` blocks for milliseconds: call it in a thread.

    Args:
        pid: The process that holds the models, where the backend says which.
        endpoint: Address of the server, to find the process that listens there.
        proc: Root of the proc file system.
    """

    def __init__(self, pid: int | None, endpoint: str | None, proc: Path = PROC) -> None:
        self._told = pid is not None
        self._pid = pid
        self._port = _port_here(endpoint)
        self._proc = proc
        self._looks = 0
        self._next_s = 0.0
        here = self._told or self._port is not None or not endpoint
        self.found = Found((pid,) if pid else (), "" if here else "it runs on another machine")

    def due(self, now_s: float) -> bool:
        """Tell whether it is time to look, first or again.

        Args:
            now_s: `time.perf_counter()`.
        """
        return not self._told and self._port is not None and now_s >= self._next_s

    def find(self, now_s: float) -> Found:
        """Look; returns what is known now, and keeps it in `found`."""
        port = self._port
        if port is None:
            return self.found
        if self._pid is None or not _alive(self._pid, self._proc):
            self._pid = owner_of(port, self._proc)
        if self._pid is None:
            wait_s = LOOK_AGAIN_S[min(self._looks, len(LOOK_AGAIN_S) - 1)]
            self._looks, self._next_s = self._looks + 1, now_s + wait_s
            self.found = Found(
                reason=f"the process behind port {port} is gone, or belongs to another user"
            )
        else:
            self._looks, self._next_s = 0, now_s + LOOK_FOR_CHILDREN_S
            self.found = Found((self._pid, *children_of(self._pid, self._proc)))
        return self.found

    def lost(self, now_s: float) -> None:
        """Note that a followed process has ended: looking again is due, a little later."""
        self._next_s = now_s + LOOK_AGAIN_S[0]


def owner_of(port: int, proc: Path = PROC) -> int | None:
    """Return the process that listens on a port of this machine; None where it is not told.

    Args:
        port: TCP port.
        proc: Root of the proc file system; where it is not there psutil is asked.
    """
    if not (proc / "net" / "tcp").exists():
        return _psutil_owner_of(port)
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    if not sockets:
        return None
    for pid in _pids(proc):
        folder = proc / str(pid) / "fd"
        try:
            names = os.listdir(folder)
        except OSError:  # another user's, or it has ended
            continue
        for name in names:
            with contextlib.suppress(OSError):  # closed meanwhile
                if os.readlink(folder / name) in sockets:
                    return pid
    return None


def runtimes_of_this_program(runtime_dir: Path, proc: Path = PROC) -> tuple[int, ...]:
    """Return the processes of the embedded runtimes that screens of this program have started.

    Each screen's runtime has a scratch directory that is named after the screen's process.

    Args:
        runtime_dir: Where these directories are.
        proc: Root of the proc file system.
    """
    try:
        names = {path.name.partition("-")[0] for path in runtime_dir.iterdir() if path.is_dir()}
    except OSError:
        return ()
    screens = sorted(int(name) for name in names if name.isdecimal())
    return tuple(
        child
        for screen in screens
        if screen != os.getpid() and _alive(screen, proc)
        for child in children_of(screen, proc)
    )


def children_of(pid: int, proc: Path = PROC) -> tuple[int, ...]:
    """Return the processes below one, nearest first.

    Most kernels keep a list of them; without it all processes are asked for their parents.
    """
    folder = proc / str(pid) / "task"
    if any(folder.glob("*/children")):
        return _listed_children(pid, proc, set())
    parents = {one: _parent(one, proc) for one in _pids(proc)}
    found, newest = [], [pid]
    while newest:
        newest = [one for one, parent in parents.items() if parent in newest and one not in found]
        found += newest
    return tuple(found)


def _listed_children(pid: int, proc: Path, seen: set[int]) -> tuple[int, ...]:
    seen.add(pid)
    # Each thread has a list of its own.
    texts = [word(path) or "" for path in (proc / str(pid) / "task").glob("*/children")]
    found = sorted({int(one) for text in texts for one in text.split()} - seen)
    return (*found, *(deep for one in found for deep in _listed_children(one, proc, seen)))


def _listening(port: int, proc: Path) -> Iterator[str]:
    for name in ("tcp", "tcp6"):
        for line in _lines(proc / "net" / name)[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == LISTENING:
                _, _, hexadecimal = fields[1].rpartition(":")
                if hexadecimal and int(hexadecimal, 16) == port:
                    yield fields[9]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError:
        return []


def _pids(proc: Path) -> list[int]:
    try:
        return [int(name) for name in os.listdir(proc) if name.isdecimal()]
    except OSError:
        return []


def _parent(pid: int, proc: Path) -> int | None:
    text = word(proc / str(pid) / "stat") or ""
    fields = text.rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 and fields[1].isdecimal() else None


def _alive(pid: int, proc: Path) -> bool:
    return not proc.is_dir() or (proc / str(pid)).exists()


def _psutil_owner_of(port: int) -> int | None:
    import psutil

    try:
        found = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS tells only root
        return None
    listening = (c for c in found if c.status == psutil.CONN_LISTEN and c.laddr.port == port)
    return next((one.pid for one in listening if one.pid), None)


def _port_here(endpoint: str | None) -> int | None:
    """Return the port of an address on this machine; None for another machine, or none."""
    if not endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    return port if host in LOOPBACK_HOSTS or host.startswith("127.") else None
