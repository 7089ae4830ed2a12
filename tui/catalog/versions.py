"""Whether a newer version of what is on disk is out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.foundry.ids import split_version
from tui.foundry.types import Model, Variant


def newest_versions(models: Iterable[Model]) -> dict[str, Variant]:
    """Return the newest variant of each name, folded and without its version."""
    newest: dict[str, tuple[int, Variant]] = {}
    for model in models:
        for variant in model.variants:
            name, version = split_version(variant.id.casefold())
            if version is not None and version > newest.get(name, (-1, variant))[0]:
                newest[name] = (version, variant)
    return {name: variant for name, (_, variant) in newest.items()}


def newer_than(variant: Variant, newest: Mapping[str, Variant]) -> Variant | None:
    """Return the newer version of a variant on disk that is not on disk itself, or None."""
    name, version = split_version(variant.id.casefold())
    found = newest.get(name)
    if not variant.cached or version is None or found is None or found.cached:
        return None
    return found if (split_version(found.id)[1] or 0) > version else None
