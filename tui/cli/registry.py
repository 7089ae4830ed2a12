"""`registry list|add|edit|remove|contribute|merge`; needs no backend."""

from __future__ import annotations

import asyncio
from typing import Any

from tui.bench.measured import measured_by_entry
from tui.catalog.registry import Registry, load_registry
from tui.catalog.registry_edit import Change, RegistryFile
from tui.cli.execute import Context
from tui.cli.output import table
from tui.database import Database
from tui.foundry.errors import NotFound


async def run(context: Context) -> int:
    """Show the team's registry, or change it."""
    action = context.arguments.action
    if action == "list":
        return _list(context)
    if action == "contribute":
        return await _contribute(context)
    if action == "merge":
        return _merge(context)
    file = RegistryFile(context.session.registry_path)
    if action == "remove":
        change = file.remove(context.arguments.name)
    elif action == "add":
        change = file.add({"name": context.arguments.name, **_given(context)})
    else:
        change = file.edit(context.arguments.name, _given(context))
    return _write(context, file, change)


def _given(context: Context) -> dict[str, Any]:
    """Return what the command line says about an entry."""
    arguments = context.arguments
    ram = arguments.min_ram_gb
    values = {
        "task": arguments.task,
        "min_ram_gb": int(ram) if ram is not None and ram == int(ram) else ram,
        "notes": arguments.notes,
    }
    return {key: value for key, value in values.items() if value is not None}


def _write(context: Context, file: RegistryFile, change: Change) -> int:
    registry = file.write(change)
    values = {"path": str(file.path), "diff": change.diff, "entries": _entries(registry)}
    context.output.result(values, change.diff or "Nothing changes.")
    return 0


def _offer(context: Context, file: RegistryFile, change: Change, said: dict[str, Any]) -> int:
    """Show a change, and write it where that was asked for."""
    written = bool(context.arguments.yes and change.diff)
    if written:
        file.write(change)
    values = {"path": str(file.path), "diff": change.diff, "written": written, **said}
    lines = [change.diff or "Nothing changes."]
    lines += [f"! {one}" for one in said.get("conflicts", ())]
    if change.diff:
        lines.append("Written." if written else "Not written yet: --yes does.")
    context.output.result(values, "\n".join(lines))
    return 0


async def _contribute(context: Context) -> int:
    file = RegistryFile(context.session.registry_path)
    name = context.arguments.name
    database = Database(context.session.paths.database)
    measured = (await asyncio.to_thread(measured_by_entry, database, [name])).get(name)
    if measured is None:
        raise NotFound(
            f"Nothing was measured of '{name}' on this machine.",
            f"Measure it: foundry-tui bench --models {name},OTHER",
        )
    change = file.contribute(name, measured)
    return _offer(context, file, change, {"measured": measured.as_dict()})


def _merge(context: Context) -> int:
    arguments = context.arguments
    for path in (arguments.file, arguments.base):
        if path is not None and not path.is_file():
            raise NotFound(f"There is no file {path}.", "Check the path.")
    file = RegistryFile(context.session.registry_path)
    base = RegistryFile(arguments.base) if arguments.base else None
    merged = file.merge(RegistryFile(arguments.file), base)
    said = {
        "added": list(merged.added),
        "changed": list(merged.changed),
        "removed": list(merged.removed),
        "conflicts": list(merged.conflicts),
    }
    return _offer(context, file, merged.change, said)


def _list(context: Context) -> int:
    path = context.session.registry_path
    if not path.exists():
        raise NotFound(
            f"There is no registry at {path}.",
            "Write a models.json there, or name one with --models-file FILE.",
        )
    registry = load_registry(path)
    values = {
        "path": str(path),
        "entries": _entries(registry),
        "not_understood": [
            {"index": bad.index, "line": bad.line, "column": bad.column, "reason": bad.reason}
            for bad in registry.not_understood
        ],
    }
    rows = [[e.name, e.task, f"{e.min_ram_gb:g}", e.notes] for e in registry.entries]
    text = table(("NAME", "TASK", "MIN RAM GiB", "NOTES"), rows, right=(2,))
    context.output.result(values, text if rows else f"{path} has no entries.")
    return 0


def _entries(registry: Registry) -> list[dict[str, Any]]:
    return [entry.as_dict() for entry in registry.entries]
