"""`download X`."""

from __future__ import annotations

from tui.cli.execute import Context, find
from tui.formats import format_bytes
from tui.foundry.types import Capability


async def run(context: Context) -> int:
    """Fetch a model into the cache."""
    async with context.backend() as backend:
        _, variant = await find(backend, context.arguments.model)
        values = {"variant": variant.id, "size_bytes": variant.size_bytes}
        # A server whose disk is not ours lists what it serves: that it cannot download is said.
        if variant.cached and backend.info.supports(Capability.DOWNLOAD):
            context.output.result(
                {**values, "already_cached": True}, f"{variant.id} is on disk already."
            )
            return 0
        await backend.download(variant.id, context.on_progress(variant.id))
        size = f" ({format_bytes(variant.size_bytes)})" if variant.size_bytes else ""
        context.output.result({**values, "already_cached": False}, f"Got {variant.id}{size}.")
    return 0
