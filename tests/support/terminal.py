"""A real pseudo-terminal around a program: keys in, screen out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
# Attributes that a program leaves broken when it does not restore them.
MODES = {
    "alternate screen": ("\x1b[?1049h", "\x1b[?1049l"),
    "hidden cursor": ("\x1b[?25l", "\x1b[?25h"),
    "mouse tracking": ("\x1b[?1000h", "\x1b[?1000l"),
    "bracketed paste": ("\x1b[?2004h", "\x1b[?2004l"),
}


class Terminal:
    """Runs a command in a pseudo-terminal; use as a context manager.

    Args:
        command: Argument vector.
        columns: Width in cells.
        lines: Height in cells.
        environment: The child's whole environment.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        lines: int = 40,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.output = bytearray()
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.termios_before = termios.tcgetattr(slave)
        self.started_s = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**(environment or os.environ), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            close_fds=True,
            cwd=(environment or os.environ).get("PWD"),
        )
        self._slave = slave

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        os.close(self._slave)
        os.close(self._master)

    def read(self, wait_s: float = 0.05) -> bool:
        """Take in what the program has printed; tells whether there was anything."""
        ready, _, _ = select.select([self._master], [], [], wait_s)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.output += data
        self._stream.feed(data)
        return bool(data)

    @property
    def text(self) -> str:
        """The characters on the screen."""
        return "\n".join(self._screen.display)

    def wait_for(self, condition: str | Callable[[str], bool], limit_s: float = 20.0) -> str:
        """Read until the text or condition is on the screen; returns the screen's text."""
        deadline = time.monotonic() + limit_s
        holds = condition if callable(condition) else lambda text: condition in text
        while not holds(self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {limit_s} s for {condition!r}; screen:\n{self.text}")
            if not self.read() and self.process.poll() is not None:
                self.read()
                if holds(self.text):
                    break
                raise AssertionError(
                    f"ended with {self.process.returncode} before {condition!r}:\n{self.text}"
                )
        return self.text

    def settle(self, quiet_s: float = 0.3, limit_s: float = 10.0) -> None:
        """Read until nothing has come for a while.

        Needed after `escape`: a key that follows at once makes it the other key with alt.
        """
        deadline = time.monotonic() + limit_s
        while self.read(quiet_s):
            if time.monotonic() > deadline:
                raise AssertionError(f"not quiet within {limit_s} s; screen:\n{self.text}")

    def press(self, *keys: str) -> None:
        """Press keys by name, or type single characters."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Change the terminal's size; the program is told."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.killpg(self.process.pid, signal.SIGWINCH)

    def wait_for_end(self, limit_s: float = 15.0) -> int:
        """Read until the program has ended; returns its exit code."""
        deadline = time.monotonic() + limit_s
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still runs after {limit_s} s; screen:\n{self.text}")
            self.read(0.02)
        while self.read(0.02):
            pass
        return self.process.returncode

    def left_broken(self) -> list[str]:
        """Name what the ended program left switched on in the terminal."""
        text = self.output.decode("utf-8", "replace")
        broken = [name for name, (on, off) in MODES.items() if text.rfind(on) > text.rfind(off)]
        if termios.tcgetattr(self._slave) != self.termios_before:
            broken.append("termios")
        return broken
