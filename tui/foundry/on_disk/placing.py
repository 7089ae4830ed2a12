"""Brings the files of a model into a directory: by links, by hard links, or as copies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tui.foundry.types import ImportWay


def place(source: Path, target: Path, way: ImportWay) -> None:
    """Bring one file, or a directory in a model, to `target`. Raises `OSError`.

    Args:
        source: What is in the user's directory; it is read, never written.
        target: A name that is free.
        way: `link`: follows the original. `register`: the same data under a second name (a hard
            link), which stays when the original directory is moved or deleted.
    """
    if way == "register":
        _register(source, target)
    else:
        _link(source, target)


def _register(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_hard_link)
    else:
        _hard_link(source, target)


def _hard_link(source: str | Path, target: str | Path) -> None:
    # A link to a link would go stale with the first one.
    os.link(os.path.realpath(source), target)


def _link(source: Path, target: Path) -> None:
    """Link; where links need rights that the user lacks (Windows), hard link, else copy."""
    try:
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
        return
    except (OSError, NotImplementedError):
        if os.name == "posix":
            raise
    try:
        _register(source, target)
    except OSError:
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
