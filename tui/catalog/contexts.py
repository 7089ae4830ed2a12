"""How long a context may be: what is advertised, and who says so."""

from __future__ import annotations

from typing import NamedTuple

from tui.catalog.families import family_of
from tui.catalog.kv_cache import KvShape
from tui.foundry.types import Model, Variant


class Advertised(NamedTuple):
    """The longest context by somebody's word."""

    tokens: int | None
    source: str
    """Whose word it is; '' where nobody says anything."""

    @property
    def certain(self) -> bool:
        """Whether it is said of this very build, not of the model that it was made from."""
        return self.source in ("", "catalog", "genai_config.json")


def advertised_context(
    model: Model, variant: Variant | None, kv: KvShape | None = None
) -> Advertised:
    """Return the longest context: by the files on disk, else the backend, else the family.

    Args:
        model: The model.
        variant: Its variant; None where only the alias is known.
        kv: What the variant's own files say.
    """
    if kv is not None and kv.context_tokens is not None:
        return Advertised(kv.context_tokens, kv.source)
    if model.context_tokens is not None:
        return Advertised(model.context_tokens, "catalog")
    family = family_of(model.alias, variant.id if variant else "")
    if family is not None:
        return Advertised(family.shape.context_tokens, family.source)
    return Advertised(None, "")
