"""`models [list]`, `models info X`."""

from __future__ import annotations

from typing import Any

from tui.catalog.resolve import find_variant
from tui.catalog.snapshot import with_snapshot
from tui.cli.describe import backend_values, model_values, state_of
from tui.cli.execute import Context
from tui.cli.fits import Fits, judge_all
from tui.cli.output import facts, table
from tui.formats import UNKNOWN, format_bytes, format_context
from tui.foundry.backend import DescribesModels
from tui.foundry.types import Model, Variant


async def run(context: Context) -> int:
    """List the models, or tell about one."""
    async with context.backend() as backend:
        if context.arguments.action == "info":
            listed = with_snapshot(await backend.models(), backend.info.kind)
            model, variant = find_variant(listed, context.arguments.model)
            fits = await judge_all(context.session, backend, [model])
            values: dict[str, Any] = {"model": model_values(model, fits)}
            text = _info_text(model, fits)
            if isinstance(backend, DescribesModels) and not model.as_of:
                said = await backend.describe(variant.id)
                values["foundry_says"] = said
                text += f"\n\nfoundry says:\n{said}"
        else:
            models = with_snapshot(await backend.models(), backend.info.kind)
            fits = await judge_all(context.session, backend, models)
            values = {"models": [model_values(model, fits) for model in models]}
            text = _list_text(models, fits)
            context.output.hint(f"Backend: {backend.info.kind} ({backend.info.reason})")
        context.output.result({"backend": backend_values(backend.info), **values}, text)
    return 0


def _list_text(models: tuple[Model, ...], fits: Fits) -> str:
    if not models:
        return "No models here. `foundry-tui doctor` says what this machine has."
    rows = [
        [
            model.alias,
            variant.id,
            str(variant.device),
            format_bytes(variant.size_bytes),
            format_context(model.context_tokens),
            model.task or UNKNOWN,
            _verdict(fits, variant.id),
            _state(model, variant),
        ]
        for model in models
        for variant in model.variants
    ]
    headings = ("ALIAS", "VARIANT", "DEVICE", "SIZE", "CONTEXT", "TASK", "FIT", "STATE")
    return table(headings, rows, right=(3, 4))


def _state(model: Model, variant: Variant) -> str:
    if model.as_of:
        return f"offline, as of {model.as_of}"
    return f"{state_of(variant)}, demo" if model.demo else state_of(variant)


def _info_text(model: Model, fits: Fits) -> str:
    tools = {True: "yes", False: "no", None: "not known"}[model.supports_tools]
    rows = [
        ("Alias", model.alias),
        ("Name", model.display_name or model.alias),
        ("Publisher", model.publisher or UNKNOWN),
        ("License", model.license or UNKNOWN),
        ("Task", model.task or UNKNOWN),
        ("Context", f"{format_context(model.context_tokens)} tokens"),
        ("Tools", tools),
        ("About", model.description or UNKNOWN),
    ]
    if model.as_of:
        rows.append(("Known", f"from the catalog of {model.as_of}; getting it needs a network"))
    if model.demo:
        rows.append(("Demo", "ships with this program"))
    variants = [
        [
            variant.id,
            str(variant.device),
            variant.execution_provider or UNKNOWN,
            format_bytes(variant.size_bytes),
            _verdict(fits, variant.id),
            state_of(variant),
        ]
        for variant in model.variants
    ]
    headings = ("VARIANT", "DEVICE", "PROVIDER", "SIZE", "FIT", "STATE")
    reasons = [fit["reason"] for fit in fits.values() if fit.get("reason")]
    why = f"\n\nFit: {reasons[0]}" if reasons else ""
    return f"{facts(rows)}\n\n{table(headings, variants, right=(3,))}{why}"


def _verdict(fits: Fits, variant_id: str) -> str:
    fit = fits.get(variant_id)
    return str(fit["verdict"]) if fit else UNKNOWN
