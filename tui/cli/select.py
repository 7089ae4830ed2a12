"""`select --task T [--by RULE] [--ram-gb N]`."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from tui.bench.measured import measured_by_entry
from tui.catalog.registry import load_registry
from tui.catalog.selection import GIB, Candidate, select, select_by
from tui.cli.execute import Context
from tui.cli.output import table
from tui.database import Database
from tui.foundry.errors import NotFound


async def run(context: Context) -> int:
    """Choose the registry's model for a task, by the course's rule or another; no backend."""
    import psutil

    path = context.session.registry_path
    registry = load_registry(path)
    if not registry.entries:
        raise NotFound(
            f"The registry {path} has no entries.", "Name another one with --models-file FILE."
        )
    arguments = context.arguments
    total_bytes = psutil.virtual_memory().total
    if arguments.ram_gb is not None:
        # Upwards: cut down, 15.6 GiB would fall short of an entry that asks for 15.6.
        total_bytes = math.ceil(arguments.ram_gb * GIB)
    if arguments.by is None:
        selection = select(registry.entries, arguments.task, total_bytes)
    else:
        names = [entry.name for entry in registry.entries]
        database = Database(context.session.paths.database)
        measured = await asyncio.to_thread(measured_by_entry, database, names)
        selection = select_by(registry.entries, arguments.task, total_bytes, arguments.by, measured)
    if not selection.candidates:
        raise NotFound(selection.reason, "Take one of these, or add an entry to the registry.")
    choice = selection.choice
    values: dict[str, Any] = {
        "task": context.arguments.task,
        "choice": choice.as_dict() if choice else None,
        "reason": selection.reason,
        "ram_total_bytes": total_bytes,
        "rule": arguments.by or "course",
        "candidates": [
            {**one.entry.as_dict(), "viable": one.viable, "why": one.why}
            for one in selection.candidates
        ],
    }
    name = choice.name if choice else "none"
    context.output.result(values, f"{name}\n{selection.reason}\n\n{_table(selection.candidates)}")
    return 0 if choice else 4


def _table(candidates: tuple[Candidate, ...]) -> str:
    rows = [
        [one.entry.name, "yes" if one.viable else "no", one.why, one.entry.notes]
        for one in candidates
    ]
    return table(("CANDIDATE", "FITS", "WHY", "NOTES"), rows)
