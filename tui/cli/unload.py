"""`unload X`: from the memory of a service that stays."""

from __future__ import annotations

from tui.cli.execute import Context, find
from tui.cli.load import refuse_without_service
from tui.formats import format_bytes


async def run(context: Context) -> int:
    """Drop a model from memory."""
    async with context.backend() as backend:
        refuse_without_service(backend)
        _, variant = await find(backend, context.arguments.model)
        freed = await backend.unload(variant.id)
        gave = f", {format_bytes(freed)} given back" if freed else ""
        values = {"variant": variant.id, "freed_bytes": freed}
        context.output.result(values, f"{variant.id} unloaded{gave}")
    return 0
