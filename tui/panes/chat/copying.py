"""Copies an answer, or a block of code in it, or saves that to a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.widget import Widget

from tui.chat.clipboard import copy
from tui.chat.code_blocks import code_blocks
from tui.chat.files import free_path, write_file
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text


async def offer(owner: Widget, what: str, text: str) -> None:
    """Copy a text; where code stands in it, ask first which part, and whether to save it.

    Args:
        owner: Says how it went; its worker waits here while a dialog is open.
        what: What it is: `The answer`.
        text: As it came.
    """
    if not (blocks := code_blocks(text)):
        await copy_text(owner, what, clean_text(text))
        return
    from tui.panes.chat.copy_dialog import CopyDialog

    if (chosen := await owner.app.push_screen_wait(CopyDialog(text, blocks))) is None:
        return
    what_to_do, piece = chosen
    if what_to_do == "copy":
        await copy_text(owner, piece.name, piece.text)
    else:
        await _save(owner, piece.name, piece.text, piece.file_name)


async def copy_text(owner: Widget, what: str, text: str) -> None:
    """Copy a text, and say where it went."""

    def write(characters: str) -> None:
        if owner.app._driver is not None:
            owner.app._driver.write(characters)

    try:
        message = await copy(what, text, owner.app.copy_to_clipboard, write, os.environ)
    except FoundryError as error:
        say_failure(owner, error)
    else:
        owner.notify(message, markup=False, timeout=8)


async def _save(owner: Widget, what: str, text: str, name: str) -> None:
    from tui.widgets.dialogs.ask import AskDialog

    suggested = await asyncio.to_thread(free_path, Path(name))
    dialog = AskDialog(
        f"Save {what.lower()}",
        "Nothing is overwritten: a name that is taken is refused.",
        f"File in {Path.cwd()}",
        str(suggested),
    )
    if typed := await owner.app.push_screen_wait(dialog):
        try:
            path = await asyncio.to_thread(write_file, Path(typed), text)
        except FoundryError as error:
            say_failure(owner, error)
        else:
            owner.notify(f"Written: {path}", markup=False)


def say_failure(owner: Widget, error: FoundryError) -> None:
    """Show an error with its hint."""
    owner.notify(f"{error.message}\n{error.hint}".strip(), severity="error", markup=False)
