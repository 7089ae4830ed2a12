"""`import DIR --name N`."""

from __future__ import annotations

from tui.cli.execute import Context
from tui.foundry.errors import InvalidModelFolder


async def run(context: Context) -> int:
    """Add the user's own model directory."""
    folder = context.arguments.folder.expanduser().absolute()
    if not folder.is_dir():
        raise InvalidModelFolder(f"{folder} is no directory.", "Name the directory of the model.")
    async with context.backend() as backend:
        variant_id = await backend.import_model(folder, context.arguments.name)
    context.output.result({"variant": variant_id}, f"Imported as {variant_id}.")
    context.output.hint(f"Talk to it: foundry-tui chat {context.arguments.name} 'Hello'")
    return 0
