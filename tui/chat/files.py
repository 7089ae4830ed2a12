"""New files for what was said: exports and blocks of code. Nothing is overwritten unasked."""

from __future__ import annotations

import contextlib
import re
from itertools import chain, count
from pathlib import Path

from tui.atomic_file import write_atomically
from tui.chat.conversation import Conversation
from tui.foundry.errors import FoundryError

_NAME_LENGTH = 40


class FileError(FoundryError):
    """A file cannot be written."""

    code = "file"


def export_name(conversation: Conversation, ending: str) -> str:
    """Return a file name that tells which conversation it is: `chat-edge-ai-1f2e3d4c.md`."""
    words = re.sub(r"[^\w]+", "-", conversation.title.lower())[:_NAME_LENGTH].strip("-_")
    return "-".join(filter(None, ("chat", words, conversation.id[:8]))) + f".{ending}"


def free_path(path: Path) -> Path:
    """Return `path`, or where that is taken the first of `name-2`, `name-3` ... that is free."""
    names = chain([path], (path.with_stem(f"{path.stem}-{number}") for number in count(2)))
    return next(one for one in names if not one.exists() and not one.is_symlink())


def write_file(path: Path, text: str, *, replace: bool = False) -> Path:
    """Write a text.

    Args:
        path: Where to; `~` is the home directory, missing directories are made.
        text: What to write.
        replace: Whether a file that is there may be replaced.

    Returns:
        Where it was written, as a whole path.

    Raises:
        FileError: A file is there already, or it cannot be written.
    """
    taken = False
    try:
        path = path.expanduser().absolute()
        if path.is_dir():
            raise FileError(f"{path} is a directory.", "Name a file in it.")
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        if not replace:
            # Takes the name, in one step: nobody else's file of that name is lost.
            path.open("x").close()
            taken = True
        write_atomically(path, text)
    except FileExistsError:
        raise FileError(
            f"{path} is there already; it was left as it is.", "Choose another name."
        ) from None
    except (OSError, RuntimeError) as error:
        if taken:
            with contextlib.suppress(OSError):
                path.unlink()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileError(
            f"{path} cannot be written: {reason}.", "Choose another place, or make room there."
        ) from error
    return path
