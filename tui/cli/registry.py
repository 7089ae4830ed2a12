"""`registry list`."""

from __future__ import annotations

from tui.catalog.registry import load_registry
from tui.cli.execute import Context
from tui.cli.output import table
from tui.foundry.errors import NotFound


async def run(context: Context) -> int:
    """List the team's registry; needs no backend."""
    path = context.session.registry_path
    if not path.exists():
        raise NotFound(
            f"There is no registry at {path}.",
            "Write a models.json there, or name one with --models-file FILE.",
        )
    registry = load_registry(path)
    values = {
        "path": str(path),
        "entries": [entry.as_dict() for entry in registry.entries],
        "not_understood": [
            {"index": bad.index, "reason": bad.reason} for bad in registry.not_understood
        ],
    }
    rows = [[e.name, e.task, f"{e.min_ram_gb:g}", e.notes] for e in registry.entries]
    text = table(("NAME", "TASK", "MIN RAM GiB", "NOTES"), rows, right=(2,))
    context.output.result(values, text if rows else f"{path} has no entries.")
    return 0
