"""The orders that the catalog's list can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tui.catalog.rows import CatalogRow

SortKey = Literal[
    "state", "name", "size", "context", "needs", "fit", "speed", "device", "ep", "task", "license",
    "publisher", "tools", "registry",
]  # fmt: skip
SORT_KEYS: tuple[tuple[SortKey, str], ...] = (
    ("state", "in memory, on disk, the rest; or best match"),
    ("name", "by alias"),
    ("size", "smallest download first"),
    ("context", "longest context first"),
    ("needs", "least memory first"),
    ("fit", "fits, tight, too big"),
    ("speed", "fastest first, of those that were measured"),
    ("device", "by the device of the variant shown"),
    ("ep", "by the execution provider it asks for"),
    ("task", "by what it is made for"),
    ("license", "by licence"),
    ("publisher", "by publisher"),
    ("tools", "those that call tools first"),
    ("registry", "by what models.json says; the rest last"),
)
_FIT_ORDER = {"fits": 0, "tight": 1, "too big": 2}


def sort_value(row: CatalogRow, sort: SortKey) -> tuple[bool, float | str, str]:
    """Return what a row is sorted by: what is not known comes last, equals by alias."""
    number: float | None = None
    text = ""
    if sort == "size":
        number = row.size_bytes
    elif sort == "context":
        number = None if row.context_tokens is None else -row.context_tokens
    elif sort == "needs":
        fit = row.fit
        number = fit.need_bytes if fit else None
    elif sort == "fit":
        number = _FIT_ORDER.get(row.verdict) if row.verdict else None
    elif sort == "speed":
        speed = row.figures.decode_tok_s if row.figures else None
        number = None if speed is None else -speed
    elif sort == "tools":
        tools = row.model.supports_tools if row.model else None
        number = None if tools is None else float(not tools)
    elif sort == "registry":
        # As the column reads: the task, then the memory asked for.
        text = f"{row.entry.task.casefold()} {row.entry.min_ram_gb:09.2f}" if row.entry else ""
        return not text, text, row.alias.casefold()
    else:
        model = row.model
        text = {
            "name": row.alias,
            "device": str(row.variant.device) if row.variant else "",
            "task": model.task if model else "",
            "ep": row.variant.execution_provider if row.variant else "",
            "license": model.license if model else "",
            "publisher": model.publisher if model else "",
        }.get(sort, "").casefold()
        return not text, text, row.alias.casefold()
    return number is None, number or 0.0, row.alias.casefold()
