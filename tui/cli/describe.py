"""Backends, models and variants as `--json` values, under one set of names."""

from __future__ import annotations

from typing import Any

from tui.catalog.inputs import FitInputs
from tui.foundry.ids import find_by_id
from tui.foundry.types import BackendInfo, LoadResult, Model, Variant


def backend_values(info: BackendInfo) -> dict[str, Any]:
    """Return what tells one backend from another."""
    return {
        "kind": info.kind,
        "version": info.version,
        "generation": info.generation or None,
        "endpoint": info.endpoint,
        "reason": info.reason,
        "pid": info.pid,
        "providers": list(info.providers),
        "unavailable": {str(what): why for what, why in info.unavailable.items()},
    }


def model_values(model: Model, fits: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a model with its variants.

    Args:
        model: The model.
        fits: Fit verdict by variant id.
    """
    return {
        "alias": model.alias,
        "display_name": model.display_name,
        "task": model.task,
        "publisher": model.publisher,
        "license": model.license,
        "description": model.description,
        "context_tokens": model.context_tokens,
        "supports_tools": model.supports_tools,
        "supports_reasoning": model.supports_reasoning,
        "demo": model.demo,
        "as_of": model.as_of or None,
        "local": model.local,
        "cached": model.cached,
        "loaded": model.loaded,
        "variants": [
            {**variant_values(variant, model), "fit": fits.get(variant.id)}
            for variant in model.variants
        ],
    }


def variant_values(variant: Variant, model: Model) -> dict[str, Any]:
    """Return a variant."""
    return {
        "id": variant.id,
        "device": str(variant.device),
        "execution_provider": variant.execution_provider,
        "size_bytes": variant.size_bytes,
        "context_tokens": model.context_tokens,
        "cached": variant.cached,
        "loaded": variant.loaded,
    }


def truth_values(model: Model, variant: Variant, inputs: FitInputs) -> dict[str, Any]:
    """Return where a variant runs, and how long its context is in word and in truth."""
    truth = inputs.truth(variant)
    advertised = inputs.context_of(model, variant)
    usable = find_by_id(inputs.usable, variant.id)
    return {
        "asks_for": truth.asks or None,
        "provider_registered": truth.registered,
        "runs_on": truth.runs_on or None,
        "warning": truth.warning or None,
        "advertised_tokens": advertised.tokens,
        "advertised_source": advertised.source or None,
        "usable_tokens": usable.tokens if usable else None,
        "usable_exact": usable.exact if usable else None,
        "probed_at": usable.probed_at if usable else None,
    }


def load_values(result: LoadResult) -> dict[str, Any]:
    """Return what a load cost."""
    return {
        "variant": result.variant_id,
        "load_s": result.load_s,
        "resident_bytes": result.resident_bytes,
        "already_loaded": result.already_loaded,
    }


def state_of(variant: Variant) -> str:
    """Return `loaded`, `cached` or '' for a table."""
    return "loaded" if variant.loaded else "cached" if variant.cached else ""
