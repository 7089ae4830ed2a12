"""The `foundry` command line as a source of models: where it is looked for.

`find` is the one place that `connect()` asks. It only looks so far: nothing is started, and the
binary is not driven.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from tui.foundry.backend import Backend

COMMAND = "foundry"


@dataclass(frozen=True, slots=True)
class Found:
    """What looking for the command line gave."""

    backend: Backend | None
    note: str
    """Why there is no backend, as part of a sentence for header and `doctor`; '' if there is
    nothing to say."""


async def find() -> Found:
    """Look for a `foundry` binary that proves to be Foundry Local's."""
    path = shutil.which(COMMAND)
    if path is None:
        return Found(None, "")
    return Found(None, f"foundry found at {path}, not driven yet")
