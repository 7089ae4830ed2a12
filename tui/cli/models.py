"""`models [list] [QUERY]`, `models compare A B`, `models info X`, `models probe X`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tui.catalog.about import Fact, about, sum_lines
from tui.catalog.compare import compare
from tui.catalog.context_probe import probe_context
from tui.catalog.families import reasons
from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS
from tui.catalog.inputs import FitInputs
from tui.catalog.last_good import EMPTY, KeptCatalog, LastGood
from tui.catalog.ready import make_ready
from tui.catalog.registry import load_registry_or_empty
from tui.catalog.resolve import find_variant
from tui.catalog.rows import CatalogView
from tui.catalog.snapshot import out_of_reach, with_snapshot
from tui.catalog.sorting import SortKey
from tui.catalog.usable_context import UsableContexts
from tui.catalog.versions import newer_than, newest_versions
from tui.cli.describe import backend_values, model_values, state_of, truth_values, variant_values
from tui.cli.execute import Context
from tui.cli.fits import Fits, fit_inputs, judge_all
from tui.cli.output import UsageError, facts, table
from tui.database import Database, DatabaseError
from tui.formats import UNKNOWN, format_age, format_bytes, format_context
from tui.foundry.backend import Backend, DescribesModels
from tui.foundry.errors import BackendUnavailable, FoundryError
from tui.foundry.types import Model, Variant


async def run(context: Context) -> int:
    """List the models, compare some, tell about one, or probe its context."""
    actions = {"info": _info, "compare": _compare, "probe": _probe}
    action = actions.get(context.arguments.action)
    last = LastGood(context.session.paths.catalog_cache)
    try:
        async with context.backend() as backend:
            listed, info = await backend.models(), backend.info
            if not listed and (kept := last.find(info.kind, info.endpoint)):
                return await _kept(context, kept, EMPTY)
            await asyncio.to_thread(last.keep, info.kind, info.endpoint, listed)
            models = with_snapshot(listed, info.kind)
            if action is None:
                values, text = await _list(context, backend, models)
            else:
                values, text = await action(context, backend, models)
            context.output.result({"backend": backend_values(backend.info), **values}, text)
        return 0
    except BackendUnavailable as error:
        target = context.session.target
        kept = last.find(target.kind, target.endpoint_url)
        if action is not None or kept is None:
            raise
        return await _kept(context, kept, error)


async def _kept(context: Context, kept: KeptCatalog, error: FoundryError) -> int:
    """List what was there last, say how old it is and why; the exit code says that it is old."""
    age = format_age(time.time() - (kept.saved_at or 0.0))
    context.output.warning(f"This is the catalog as it was {age}. {error.message} {error.hint}")
    values, text = await _list(context, None, kept.models)
    stale = {"saved_at": _moment(kept.saved_at), "reason": error.message, "hint": error.hint}
    context.output.result({"backend": None, "stale": stale, **values}, text)
    return error.exit_code


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(timespec="seconds")


async def _list(
    context: Context, backend: Backend | None, models: tuple[Model, ...]
) -> tuple[dict[str, Any], str]:
    arguments = context.arguments
    tokens = getattr(arguments, "context", None) or DEFAULT_CONTEXT_TOKENS
    query = " ".join(getattr(arguments, "query", ()))
    sort: SortKey = getattr(arguments, "sort", "state")
    reverse: bool = getattr(arguments, "reverse", False)
    ids = [one.id for model in models for one in model.variants if one.cached]
    inputs = await fit_inputs(context.session, backend, tokens, ids)
    if query or sort != "state" or reverse:
        models = _chosen(models, inputs, query, sort, reverse=reverse)
        if not models:
            return {"models": []}, f"Nothing matches '{query}'."
    fits = judge_all(backend, models, inputs)
    if backend is not None:
        context.output.hint(f"Backend: {backend.info.kind} ({backend.info.reason})")
    return {"models": [model_values(one, fits) for one in models]}, _list_text(models, fits, inputs)


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
    inputs = await fit_inputs(context.session, backend, variant_ids=ids)
    measured = inputs.figures
    registry = await asyncio.to_thread(load_registry_or_empty, context.session.registry_path)
    lines = compare(pairs, inputs, registry)
    fits = judge_all(backend, [model for model, _ in pairs], inputs)
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
    ids = [one.id for one in model.variants]
    inputs = await fit_inputs(context.session, backend, variant_ids=ids)
    fits = judge_all(backend, [model], inputs)
    registry = await asyncio.to_thread(load_registry_or_empty, context.session.registry_path)
    entry = registry.entry_for(model)
    newer = newer_than(variant, newest_versions(models))
    values: dict[str, Any] = {
        "model": model_values(model, fits),
        "variant": {
            "id": variant.id,
            **truth_values(model, variant, inputs),
            "measured": inputs.figures[variant.id].as_dict()
            if variant.id in inputs.figures
            else None,
            "registry": entry.as_dict() if entry else None,
            "newer": newer.id if newer else None,
        },
    }
    shown = about(model, variant, inputs, entry, newer)
    text = _info_text(model, variant, fits, shown, inputs)
    if isinstance(backend, DescribesModels) and not model.as_of:
        said = await backend.describe(variant.id)
        values["foundry_says"] = said
        text += f"\n\nfoundry says:\n{said}"
    return values, text


async def _probe(
    context: Context, backend: Backend, models: tuple[Model, ...]
) -> tuple[dict[str, Any], str]:
    """Find out how long a context a model really takes; it is loaded first."""
    model, variant = find_variant(models, context.arguments.model)
    if model.as_of:
        raise out_of_reach(model)
    progress = context.on_progress(variant.id)
    loaded = await make_ready(backend, variant, progress)
    await context.remember_load(backend.info, loaded, model.context_tokens)
    inputs = await fit_inputs(context.session, backend)
    told = inputs.context_of(model, variant)
    found = await probe_context(backend, variant.id, told.tokens, progress)
    try:
        database = Database(context.session.paths.database)
        await asyncio.to_thread(UsableContexts(database).keep, found)
    except DatabaseError as error:
        context.output.warning(f"What was found is not kept: {error.message}")
    values = {
        "variant": variant.id,
        "advertised_tokens": told.tokens,
        "advertised_source": told.source or None,
        "usable_tokens": found.tokens,
        "exact": found.exact,
        "how": found.how,
        "probed_at": found.probed_at,
    }
    least = "" if found.exact else "at least "
    advertised = f"{told.tokens:,} ({told.source})" if told.tokens else "not told"
    text = f"{variant.id} takes {least}{found.tokens:,} tokens: {found.how}.\n"
    return values, f"{text}Advertised: {advertised}."


def _list_text(models: tuple[Model, ...], fits: Fits, inputs: FitInputs) -> str:
    if not models:
        return "No models here. `foundry-tui doctor` says what this machine has."
    rows = [
        [
            model.alias,
            variant.id,
            str(variant.device),
            format_bytes(variant.size_bytes),
            format_context(inputs.context_of(model, variant).tokens),
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


def _info_text(
    model: Model,
    variant: Variant,
    fits: Fits,
    shown: tuple[Fact, ...],
    inputs: FitInputs,
) -> str:
    tools = {True: "yes", False: "no", None: "not told"}[model.supports_tools]
    reasoning, source = reasons(model, variant)
    reasoned = {True: f"yes ({source})", False: f"no ({source})", None: "not told"}[reasoning]
    rows = [
        ("Alias", model.alias),
        ("Name", model.display_name or model.alias),
        ("Publisher", model.publisher or UNKNOWN),
        ("Licence", model.license or UNKNOWN),
        ("Task", model.task or UNKNOWN),
        ("Tools", tools),
        ("Reasoning", reasoned),
        ("About", model.description or UNKNOWN),
    ]
    if model.as_of:
        rows.append(("Known", f"from the catalog of {model.as_of}; getting it needs a network"))
    if model.demo:
        rows.append(("Demo", "ships with this program"))
    variants = [
        [
            one.id,
            str(one.device),
            one.execution_provider or UNKNOWN,
            format_bytes(one.size_bytes),
            _verdict(fits, one.id),
            state_of(one),
        ]
        for one in model.variants
    ]
    headings = ("VARIANT", "DEVICE", "PROVIDER", "SIZE", "FIT", "STATE")
    judged = variant.id in fits
    known = [(one.label, one.value) for one in shown if judged or one.label != "Fit"]
    parts = [facts(rows), table(headings, variants, right=(3,)), f"{variant.id}:\n{facts(known)}"]
    if judged:
        summed = [
            [one.label, format_bytes(one.size_bytes), one.note]
            for one in sum_lines(inputs.judge(model, variant))
        ]
        parts.append(table(("FIT", "BYTES", "FROM"), summed, right=(1,)))
    return "\n\n".join(parts)


def _verdict(fits: Fits, variant_id: str) -> str:
    fit = fits.get(variant_id)
    if not fit:
        return UNKNOWN
    missing = fit["provider_missing"]
    return f"no {missing}" if missing else str(fit["verdict"])
