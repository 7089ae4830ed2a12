"""The `foundry` command line as a source of models: where it is looked for.

`find` is the one place that `connect()` asks.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
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


async def find(reason: str = "") -> Found:
    """Look for a `foundry` binary that proves to be Foundry Local's.

    Args:
        reason: Why it is looked for, as a sentence; by default that it was found.
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
    return Found(FoundryBackend(command, identity, reason or f"foundry was found at {path}"), "")
