"""The `foundry` command line as a source of models: where it is looked for.

`find` is the one place that `connect()` asks.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.foundry.commands.backend import FoundryBackend

COMMAND = "foundry"


@dataclass(frozen=True, slots=True)
class Found:
    """What looking for the command line gave."""

    backend: FoundryBackend | None
    """Not started yet."""
    note: str
    """Why there is no backend, as part of a sentence for header and `doctor`; '' if there is
    nothing to say."""


async def find(reason: str = "", sizes_file: Path | None = None) -> Found:
    """Look for a `foundry` binary that proves to be Foundry Local's.

    Args:
        reason: Why it is looked for, as a sentence; by default that it was found.
        sizes_file: Where the backend keeps the sizes of model directories; None keeps none.
    """
    path = shutil.which(COMMAND)
    if path is None:
        return Found(None, "")
    from tui.foundry.commands.backend import FoundryBackend
    from tui.foundry.commands.probe import identify
    from tui.foundry.commands.process import CommandLine

    command = CommandLine(path)
    identity = await identify(command)
    if isinstance(identity, str):
        return Found(None, f"foundry at {path} is not used: {identity}")
    why = reason or f"foundry was found at {path}"
    return Found(FoundryBackend(command, identity, why, sizes_file), "")
