"""`load X`: into a service that stays; the embedded runtime ends with the command."""

from __future__ import annotations

from tui.cli.describe import load_values
from tui.cli.execute import Context, find
from tui.formats import format_bytes, format_duration
from tui.foundry.backend import Backend
from tui.foundry.errors import Unsupported


async def run(context: Context) -> int:
    """Bring a cached model into memory."""
    async with context.backend() as backend:
        refuse_without_service(backend)
        model, variant = await find(backend, context.arguments.model)
        result = await backend.load(variant.id)
        await context.remember_load(backend.info, result, model.context_tokens)
        memory = f", {format_bytes(result.resident_bytes)}" if result.resident_bytes else ""
        took = f"loaded in {format_duration(result.load_s)}{memory}"
        text = f"{variant.id} {'is loaded already' if result.already_loaded else took}"
        context.output.result(load_values(result), text)
    return 0


def refuse_without_service(backend: Backend) -> None:
    """Raise `Unsupported` for a backend whose models leave memory when the command ends."""
    if backend.info.kind == "runtime":
        raise Unsupported(
            "The embedded runtime ends with this command, and the model with it.",
            "Use `foundry-tui run X`, which stays and serves, or the screen.",
        )
