"""`run X [--once] [--verbose]`."""

from __future__ import annotations

import asyncio

from tui.catalog.ready import make_ready
from tui.cli.describe import backend_values, load_values
from tui.cli.execute import Context, find
from tui.formats import format_bytes, format_duration
from tui.foundry.types import LoadResult


async def run(context: Context) -> int:
    """Download if needed, load, print the endpoint; the embedded runtime stays until ctrl+c."""
    async with context.backend() as backend:
        model, variant = await find(backend, context.arguments.model)
        progress = context.on_progress(variant.id, lines=context.arguments.verbose)
        result = await make_ready(backend, variant, progress)
        await context.remember_load(backend.info, result, model.context_tokens)
        endpoint = backend.info.endpoint
        values = {
            **load_values(result),
            "base_url": f"{endpoint}/v1" if endpoint else None,
            "backend": backend_values(backend.info),
        }
        context.output.result(values, _text(result, endpoint))
        if context.arguments.once or backend.info.kind != "runtime":
            return 0  # a service of its own goes on without us
        backend.on_change(context.output.warning)
        context.output.hint("Serving until ctrl+c.")
        await asyncio.Event().wait()
    return 0


def _text(result: LoadResult, endpoint: str | None) -> str:
    if result.already_loaded:
        lines = [f"{result.variant_id} is ready."]
    else:
        took = format_duration(result.load_s)
        memory = format_bytes(result.resident_bytes) if result.resident_bytes is not None else ""
        lines = [f"{result.variant_id} loaded in {took}{f', {memory} of memory' if memory else ''}"]
    if endpoint:
        lines.append(f"Endpoint: {endpoint}/v1")
        lines.append(f"Model:    {result.variant_id}")
    return "\n".join(lines)
