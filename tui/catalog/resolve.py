"""Finds the variant that a person means by a name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from tui.foundry.errors import NotFound
from tui.foundry.ids import same_variant, split_version
from tui.foundry.text import clean_text
from tui.foundry.types import Device, Model, Variant

# `-generic-cpu`, `-cuda-gpu`, `-trtrtx-gpu`, `-cpu`: how variant names end in the catalog.
_DEVICE_SUFFIX = re.compile(r"(-[a-z0-9]+)?-(cpu|gpu|npu)$", re.IGNORECASE)
NEAR_MATCHES = 3


def find_variant(models: Iterable[Model], name: str) -> tuple[Model, Variant]:
    """Return the variant that `name` means, with its model.

    Args:
        models: The catalog.
        name: In any letter case, an alias, a variant id with or without version, or what is left
            of a variant id without device (`qwen2.5-7b-instruct`, as registries write it).

    Returns:
        Of several that fit: a loaded one, else one on disk, else one for the CPU, else the
        newest, else the first.

    Raises:
        NotFound: None fits; the hint names what is written much like it.
    """
    models = tuple(models)
    wanted = name.strip()
    for rule in (_by_alias, _by_id, _by_stem):
        found = [pair for model in models for pair in rule(model, wanted)]
        if found:
            return min(found, key=lambda pair: _preference(pair[1]))
    raise NotFound(f"No model '{clean_text(name, False)[:80]}' here.", _hint(models, wanted))


def prefer(variants: Iterable[Variant]) -> Variant | None:
    """Return the variant that `find_variant` takes of these; None of none."""
    return min(variants, key=_preference, default=None)


def matches_name(model: Model, name: str) -> bool:
    """Tell whether `name` means this model or one of its variants, by the rules of find_variant."""
    wanted = name.strip()
    if model.alias.casefold() == wanted.casefold():
        return True
    return any(
        same_variant(variant.id, wanted) or stem(variant.id) == wanted.casefold()
        for variant in model.variants
    )


def stem(variant_id: str) -> str:
    """Return a variant id without version and device, folded: what registries call a model."""
    return _DEVICE_SUFFIX.sub("", split_version(variant_id)[0]).casefold()


def variant_suffix(variant_id: str) -> str:
    """Return what tells a variant from others of its model, `generic-cpu:4`; all without such."""
    return variant_id[len(stem(variant_id)) :].lstrip("-") if _suffixed(variant_id) else variant_id


def _suffixed(variant_id: str) -> bool:
    return _DEVICE_SUFFIX.search(split_version(variant_id)[0]) is not None


def _by_alias(model: Model, wanted: str) -> list[tuple[Model, Variant]]:
    if model.alias.casefold() != wanted.casefold():
        return []
    return [(model, variant) for variant in model.variants]


def _by_id(model: Model, wanted: str) -> list[tuple[Model, Variant]]:
    return [(model, variant) for variant in model.variants if same_variant(variant.id, wanted)]


def _by_stem(model: Model, wanted: str) -> list[tuple[Model, Variant]]:
    folded = wanted.casefold()
    return [(model, variant) for variant in model.variants if stem(variant.id) == folded]


def _preference(variant: Variant) -> tuple[bool, bool, bool, int]:
    version = split_version(variant.id)[1]
    return (
        not variant.loaded,
        not variant.cached,
        variant.device is not Device.CPU,
        -(version or 0),
    )


def _hint(models: tuple[Model, ...], wanted: str) -> str:
    if not models:
        return "The catalog is empty; `foundry-tui doctor` says why."
    names: dict[str, str] = {}
    for model in models:
        names.setdefault(model.alias.casefold(), model.alias)
        for variant in model.variants:
            names.setdefault(variant.id.casefold(), variant.id)
    folded = wanted.casefold()
    near = difflib.get_close_matches(folded, names, NEAR_MATCHES, cutoff=0.6)
    if len(folded) >= 3:
        near += [one for one in names if folded in one and one not in near]
    shown = [clean_text(names[one], False) for one in near[:NEAR_MATCHES]]
    if shown:
        return f"Did you mean {' or '.join(shown)}?"
    return "`foundry-tui models` lists what there is."
