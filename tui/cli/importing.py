"""`import DIR|FILE --name N`."""

from __future__ import annotations

from tui.cache.importing import import_from
from tui.cli.execute import Context


async def run(context: Context) -> int:
    """Add the user's own model: a directory, a bundle, or an archive of a directory."""
    source = context.arguments.folder.expanduser().absolute()
    name, unpacked = context.arguments.name, context.session.paths.unpacked
    async with context.backend() as backend:
        variant_id = await import_from(backend, source, name, unpacked)
    context.output.result({"variant": variant_id}, f"Imported as {variant_id}.")
    context.output.hint(f"Talk to it: foundry-tui chat {name} 'Hello'")
    return 0
