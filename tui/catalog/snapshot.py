"""What the public catalog held at a date: to browse and judge before the first network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tui.foundry.errors import NotFound
from tui.foundry.ids import provider_of
from tui.foundry.types import BackendKind, Device, Model, Variant

FILE = Path(__file__).with_name("snapshot.json")
MIB = 1024 * 1024


@lru_cache(maxsize=1)
def snapshot() -> tuple[Model, ...]:
    """Return the models of the snapshot; none of them is on disk."""
    values = json.loads(FILE.read_text("utf-8"))
    as_of = str(values["as_of"])
    return tuple(
        Model(
            alias=row["alias"],
            variants=tuple(
                Variant(
                    id=variant_id,
                    alias=row["alias"],
                    device=Device(device),
                    execution_provider=provider or provider_of(variant_id),
                    size_bytes=size_mb * MIB,
                )
                for variant_id, device, provider, size_mb in row["variants"]
            ),
            license=row["license"],
            task=row["task"],
            supports_tools=row["tools"],
            as_of=as_of,
        )
        for row in values["models"]
    )


def with_snapshot(models: Sequence[Model], kind: BackendKind) -> tuple[Model, ...]:
    """Add the snapshot to what the embedded runtime lists while it knows no public catalog.

    Args:
        models: What the backend lists.
        kind: Of the backend; the others always list what they can give.
    """
    models = tuple(models)
    if kind != "runtime" or any(not (model.demo or model.local) for model in models):
        return models
    taken = {model.alias.casefold() for model in models}
    return (*models, *(model for model in snapshot() if model.alias.casefold() not in taken))


def out_of_reach(model: Model) -> NotFound:
    """Return the error for a wish that needs the catalog itself."""
    return NotFound(
        f"'{model.alias}' is known from the public catalog of {model.as_of}, which cannot be "
        "reached now.",
        "Connect to a network and refresh; until then, take a demo model or one of your own.",
    )
