"""Asks the person at the terminal."""

from __future__ import annotations

import asyncio
import sys

from tui.cli.output import UsageError


def somebody_is_there() -> bool:
    """Tell whether a person can be asked: input and messages are both at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def confirm(question: str, *, yes: bool) -> bool:
    """Ask a question that is answered by y or n; anything but y means no.

    Args:
        question: Without the question of y or n.
        yes: The command line said yes already.

    Raises:
        UsageError: Nobody is there to answer.
    """
    if yes:
        return True
    if not somebody_is_there():
        raise UsageError("This needs an answer, and nobody is there to ask.", "Give --yes.")
    return (await ask(f"{question} [y/N] ")).casefold() in ("y", "yes")


async def ask(prompt: str) -> str:
    """Write a prompt, and return the line that is typed; ctrl+c leaves at once."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    try:
        loop.add_reader(sys.stdin.fileno(), typed.set)
    except (NotImplementedError, OSError, ValueError):  # Windows, or no file behind it
        line: str = await asyncio.to_thread(sys.stdin.readline)
        return line.strip()
    try:
        await typed.wait()
    except asyncio.CancelledError:
        sys.stderr.write("\n")
        raise
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline().strip()
