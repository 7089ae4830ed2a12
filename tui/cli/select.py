"""`select --task T`."""

from __future__ import annotations

from typing import Any

from tui.catalog.registry import load_registry
from tui.catalog.selection import Candidate, select
from tui.cli.execute import Context
from tui.cli.output import table
from tui.foundry.errors import NotFound


async def run(context: Context) -> int:
    """Choose the registry's model for a task by the course's rule; needs no backend."""
    import psutil

    path = context.session.registry_path
    registry = load_registry(path)
    if not registry.entries:
        raise NotFound(
            f"The registry {path} has no entries.", "Name another one with --models-file FILE."
        )
    total_bytes = psutil.virtual_memory().total
    selection = select(registry.entries, context.arguments.task, total_bytes)
    if not selection.candidates:
        raise NotFound(selection.reason, "Take one of these, or add an entry to the registry.")
    choice = selection.choice
    values: dict[str, Any] = {
        "task": context.arguments.task,
        "choice": choice.as_dict() if choice else None,
        "reason": selection.reason,
        "ram_total_bytes": total_bytes,
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
