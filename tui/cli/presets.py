"""`presets list|save|rm`: named parameters for conversations; needs no backend."""

from __future__ import annotations

from argparse import Namespace

from tui.chat.parameters import Parameters
from tui.chat.presets import LONGEST_NAME, SHIPPED, PresetStore
from tui.cli.execute import Context
from tui.cli.output import UsageError, table
from tui.cli.parameters import check_parameters, with_arguments
from tui.database import Database
from tui.foundry.errors import NotFound
from tui.foundry.text import clean_text


def prepare(arguments: Namespace) -> None:
    """Check what is to be saved. Raises `UsageError`."""
    if arguments.action == "save":
        check_parameters(arguments)
        if not 0 < len(arguments.name.strip()) <= LONGEST_NAME:
            raise UsageError(f"A name has 1 to {LONGEST_NAME} characters.", "Take another.")


async def run(context: Context) -> int:
    """Look after the presets."""
    arguments, output = context.arguments, context.output
    database = Database(context.session.paths.database)
    store = PresetStore(database)
    try:
        if arguments.action == "save":
            parameters = with_arguments(Parameters(), arguments)
            name = arguments.name.strip()
            store.save(name, parameters)
            values = {"name": name, "parameters": parameters.as_record()}
            output.result(values, f"Saved: foundry-tui chat MODEL --preset '{_shown(name)}' ...")
        elif arguments.action == "rm":
            if not store.delete(arguments.name):
                hint = "Those that ship stay." if arguments.name in SHIPPED else "See `presets`."
                raise NotFound(f"There is no preset of yours named '{arguments.name}'.", hint)
            output.result({"deleted": arguments.name}, f"Deleted: {_shown(arguments.name)}")
        else:
            _list(context, store.all())
    finally:
        database.close()
    return 0


def _list(context: Context, presets: dict[str, Parameters]) -> None:
    values = [
        {"name": name, "ships": SHIPPED.get(name) == one, "parameters": one.as_record()}
        for name, one in presets.items()
    ]
    rows = [[name, one.summary() or "all left to the server"] for name, one in presets.items()]
    context.output.result({"presets": values}, table(("NAME", "SETS"), rows))


def _shown(name: str) -> str:
    return clean_text(name, False)
