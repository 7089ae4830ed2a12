"""`compile SOURCE --name N --precision P --device D [--output DIR] [--dry-run]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tui.cache.compiling.compiler import compile_model
from tui.cache.compiling.plan import Plan, make_plan
from tui.cache.compiling.recipe import Recipe, find_source, shown
from tui.cache.folder_check import suggest_name
from tui.cli.execute import Context
from tui.formats import format_bytes, format_duration
from tui.paths import typed_path

_MARKS = {"error": "✗", "warning": "!", "info": "✓"}


async def run(context: Context) -> int:
    """Build a model with the ONNX Runtime GenAI model builder, and import it."""
    arguments, session = context.arguments, context.session
    recipe = _recipe(context)
    # Wrong words are refused before anything is started.
    recipe.check()
    async with context.backend() as backend:
        plan = await make_plan(recipe, backend)
        if arguments.dry_run:
            context.output.result(_plan_values(plan), _plan_text(plan))
            return 1 if plan.errors else 0
        if not context.output.as_json:
            context.output.note(_plan_text(plan))
        compiled = await compile_model(
            plan,
            backend,
            context.on_progress(recipe.name, lines=arguments.verbose),
            session.paths.compile_log,
            session.paths.compiled,
        )
    values = {
        "variant": compiled.variant_id,
        "size_bytes": compiled.size_bytes,
        "took_s": round(compiled.took_s, 3),
        "mended": list(compiled.mended),
        "command": list(plan.command),
    }
    line = (
        f"Compiled in {format_duration(compiled.took_s)}, {format_bytes(compiled.size_bytes)}, "
        f"and imported as {compiled.variant_id}."
    )
    context.output.result(values, "\n".join((line, *compiled.mended)))
    context.output.hint(f"Talk to it: foundry-tui chat {recipe.name} 'Hello'")
    return 0


def _recipe(context: Context) -> Recipe:
    arguments = context.arguments
    source = find_source(arguments.source)
    return Recipe(
        source,
        arguments.name or suggest_name(Path(source.text)),
        str(arguments.python or context.session.config.compile_python or sys.executable),
        arguments.precision,
        arguments.device,
        typed_path(str(arguments.output)) if arguments.output else None,
        tuple(arguments.extra),
    )


def _plan_values(plan: Plan) -> dict[str, Any]:
    needs = plan.needs
    return {
        "name": plan.recipe.name,
        "possible": not plan.errors,
        "command": list(plan.command),
        "command_line": shown(plan.command),
        "versions": dict(plan.toolchain.versions),
        "needs": None
        if needs is None
        else {
            "written_bytes": needs.written_bytes,
            "download_bytes": needs.download_bytes,
            "free_bytes": needs.free_bytes,
            "ram_bytes": needs.ram_bytes,
            "ram_available_bytes": needs.ram_available_bytes,
        },
        "findings": [
            {"severity": one.severity, "what": one.what, "mend": one.mend} for one in plan.findings
        ],
    }


def _plan_text(plan: Plan) -> str:
    findings = [f"{_MARKS[one.severity]} {one.what}. {one.mend}".rstrip() for one in plan.findings]
    return "\n".join((shown(plan.command), *findings))
