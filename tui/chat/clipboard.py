"""Copies a text to the clipboard of whoever sits at the terminal, over SSH and in tmux too.

OSC 52 asks the terminal to take the text. Few terminals say whether they did, so the message tells
where it went and what may be in the way.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping

from tui.formats import format_bytes
from tui.foundry.errors import FoundryError

SURE_BYTES = 74_994
"""What all terminals with OSC 52 take: 100,000 bytes as base64."""
MOST_BYTES = 750_000
"""More is dropped by tmux, and by most terminals."""
TMUX_LIMIT_S = 2.0
_SCREEN_CHUNK = 240
"""GNU screen passes no longer string on in one piece."""


class TooLong(FoundryError):
    """No terminal would take as much."""

    code = "too_long"


async def copy(
    what: str,
    text: str,
    to_terminal: Callable[[str], None],
    write: Callable[[str], None],
    environment: Mapping[str, str],
) -> str:
    """Copy a text, and return a sentence or two that say where it went.

    Args:
        what: What it is, for that sentence: `The answer`.
        text: The text.
        to_terminal: Sends a text to the terminal by OSC 52.
        write: Writes characters to the terminal as they are.
        environment: Tells about tmux, screen and SSH.

    Raises:
        TooLong: It was not copied.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise TooLong(
            f"{what} is too long for a clipboard: {format_bytes(size)}, "
            f"terminals take {format_bytes(MOST_BYTES)} at most.",
            "Save it to a file instead.",
        )
    to_terminal(text)
    where = "the clipboard of your terminal (OSC 52)"
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        where = "the clipboard of the machine you sit at (OSC 52, through SSH)"
    sentences = [f"{what} went to {where}."]
    if environment.get("TMUX"):
        if await _load_into_tmux(text):
            sentences = [f"{what} went to tmux (prefix ] pastes it) and to {where}."]
            sentences.append("Not there? `tmux set -s set-clipboard on` lets it through.")
        else:
            write(_through_tmux(text))
            sentences.append("tmux lets it through only with `set -s set-clipboard on`.")
    elif environment.get("STY"):
        write(_through_screen(text))
        sentences.append("GNU screen lets it through only if the terminal behind it takes OSC 52.")
    if size > SURE_BYTES:
        sentences.append(
            f"It is {format_bytes(size)}; some terminals take no more than "
            f"{format_bytes(SURE_BYTES)}: if it is not there, save it to a file."
        )
    return " ".join(sentences)


async def _load_into_tmux(text: str) -> bool:
    """Hand the text to tmux itself, which also sends it to the terminal outside."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "load-buffer",
            "-w",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(TMUX_LIMIT_S):
            await process.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0


def _osc_52(text: str) -> str:
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    return f"\x1b]52;c;{encoded}\x07"


def _through_tmux(text: str) -> str:
    inner = _osc_52(text).replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{inner}\x1b\\"


def _through_screen(text: str) -> str:
    whole = _osc_52(text)
    pieces = (whole[at : at + _SCREEN_CHUNK] for at in range(0, len(whole), _SCREEN_CHUNK))
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
