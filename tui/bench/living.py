"""Which process makes a run, and whether it is still there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tui.system.readings import ProcessGone, read_process

KEY = "process"
MEASURING_SINCE = "measuring_since"


def own_mark() -> dict[str, Any]:
    """Return what identifies this process, for the context of a run."""
    return {"pid": os.getpid(), "started": _started(os.getpid())}


def living_pid(context: Mapping[str, Any]) -> int | None:
    """Return the process that makes a run now; None where it has ended.

    A number may have gone on to another process: only the time of its start tells them apart.
    """
    mark = context.get(KEY)
    if not isinstance(mark, Mapping) or not isinstance(pid := mark.get("pid"), int):
        return None
    started = _started(pid)
    return pid if started is not None and started == mark.get("started") else None


def _started(pid: int) -> float | None:
    try:
        reading = read_process(pid)
    except ProcessGone:
        return None
    return reading.started if reading is not None else None
