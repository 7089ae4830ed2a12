"""`models [list] [QUERY]`, `models compare A B`, `models info X`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from tui.bench.measured import latest_measured
from tui.catalog.compare import compare
from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS
from tui.catalog.resolve import find_variant
from tui.catalog.rows import CatalogView, FitInputs, SortKey
from tui.catalog.snapshot import with_snapshot
from tui.cli.describe import backend_values, model_values, state_of, variant_values
from tui.cli.execute import Context
from tui.cli.fits import Fits, fit_inputs, judge_all
from tui.cli.output import UsageError, facts, table
from tui.database import Database
from tui.formats import UNKNOWN, format_bytes, format_context
from tui.foundry.backend import Backend, DescribesModels
from tui.foundry.types import Model, Variant


async def run(context: Context) -> int:
    """List the models, compare some, or tell about one."""
    action = {"info": _info, "compare": _compare}.get(context.arguments.action, _list)
    async with context.backend() as backend:
        models = with_snapshot(await backend.models(), backend.info.kind)
        values, text = await action(context, backend, models)
        context.output.result({"backend": backend_values(backend.info), **values}, text)
    return 0


async def _list(
    context: Context, backend: Backend, models: tuple[Model, ...]
) -> tuple[dict[str, Any], str]:
    arguments = context.arguments
    tokens = getattr(arguments, "context", None) or DEFAULT_CONTEXT_TOKENS
    query = " ".join(getattr(arguments, "query", ()))
    sort: SortKey = getattr(arguments, "sort", "state")
    reverse: bool = getattr(arguments, "reverse", False)
    if query or sort != "state" or reverse:
        inputs = await fit_inputs(context.session, backend, tokens)
        models = _chosen(models, inputs, query, sort, reverse=reverse)
        if not models:
            return {"models": []}, f"Nothing matches '{query}'."
    fits = await judge_all(context.session, backend, models, tokens)
    context.output.hint(f"Backend: {backend.info.kind} ({backend.info.reason})")
    return {"models": [model_values(one, fits) for one in models]}, _list_text(models, fits)


def _chosen(
    models: tuple[Model, ...], inputs: FitInputs, query: str, sort: SortKey, *, reverse: bool
) -> tuple[Model, ...]:
    """Return the models that a query finds, with the variants that pass its filters, in order."""
    everything = {model.alias for model in models}
    rows = CatalogView(models).rows(
        inputs, expanded=everything, query=query, sort=sort, reverse=reverse
    )
    found: list[Model] = []
    for row in rows:
        if row.depth == 0 and row.model is not None:
            kept = (row.variant,) if row.variant and not row.expanded else ()
            found.append(replace(row.model, variants=kept))
        elif row.variant is not None:
            found[-1] = replace(found[-1], variants=(*found[-1].variants, row.variant))
    return tuple(found)


async def _compare(
    context: Context, backend: Backend, models: tuple[Model, ...]
) -> tuple[dict[str, Any], str]:
    names = context.arguments.models
    if len(names) < 2:
        raise UsageError("Two or more models are needed to compare.", "models compare A B")
    pairs = [find_variant(models, name) for name in names]
    ids = [variant.id for _, variant in pairs]
    measured = await asyncio.to_thread(
        latest_measured, Database(context.session.paths.database), ids
    )
    lines = compare(pairs, await fit_inputs(context.session, backend), measured)
    fits = await judge_all(context.session, backend, [model for model, _ in pairs])
    values = {
        "variants": [
            {
                "alias": model.alias,
                **variant_values(variant, model),
                "fit": fits.get(variant.id),
                "measured": measured[variant.id].as_dict() if variant.id in measured else None,
            }
            for model, variant in pairs
        ],
        "differs": [line.label for line in lines if line.differs],
    }
    rows = [
        [line.label, *(f"* {v}" if n == line.best else v for n, v in enumerate(line.values))]
        for line in lines
    ]
    return values, f"{table(('', *ids), rows)}\n\n* the best of it"


async def _info(
    context: Context, backend: Backend, models: tuple[Model, ...]
) -> tuple[dict[str, Any], str]:
    model, variant = find_variant(models, context.arguments.model)
    fits = await judge_all(context.session, backend, [model])
    values: dict[str, Any] = {"model": model_values(model, fits)}
    text = _info_text(model, fits)
    if isinstance(backend, DescribesModels) and not model.as_of:
        said = await backend.describe(variant.id)
        values["foundry_says"] = said
        text += f"\n\nfoundry says:\n{said}"
    return values, text


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
