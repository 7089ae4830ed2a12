"""Joins what command line and service tell about models into the rows of one list. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tui.foundry.ids import provider_of, same_variant
from tui.foundry.listing import Listed, models_from_rows
from tui.foundry.text import clean_text
from tui.foundry.types import Model

NOT_UNDERSTOOD = "not understood"
"""Task of an entry that stands for a printed line which could not be read."""


def models_of(
    rows: Iterable[Mapping[str, Any]],
    *,
    cached: Sequence[Listed] | None = None,
    loaded: Sequence[Listed] = (),
    not_understood: Sequence[str] = (),
) -> tuple[Model, ...]:
    """Return the models with their marks.

    Args:
        rows: One for each variant, as `models_from_rows` reads them.
        cached: What is on disk; None where the rows tell.
        loaded: What is in memory.
        not_understood: Lines that are kept as entries of their own.
    """
    marked = [dict(row) for row in rows]
    for entry in cached or ():
        _mark(marked, entry, "cached")
    for entry in loaded:
        _mark(marked, entry, "loaded")
    for row in marked:
        row["cached"] = row["cached"] or row["loaded"]  # nothing is loaded from elsewhere
    lost = (Listed(id=line[:200], task=NOT_UNDERSTOOD) for line in dict.fromkeys(not_understood))
    return models_from_rows([*marked, *(one.as_row() for one in lost)])


def rows_of(
    entries: Iterable[Listed], tools: Mapping[str, bool] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a list that a command printed.

    Args:
        entries: What was read.
        tools: Whether an alias supports tool calling, from a list that tells it.
    """
    tools = tools or {}
    rows = []
    for entry in entries:
        if entry.supports_tools is None and entry.alias in tools:
            entry = replace(entry, supports_tools=tools[entry.alias])
        rows.append(entry.as_row())
    return rows


def rows_of_service(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of `/foundry/list`; an item without a name is left out."""
    rows = []
    for item in items:
        folded = {str(key).lower(): value for key, value in item.items()}
        name = folded.get("name") or folded.get("id")
        if not isinstance(name, str) or not _is_clean(name):
            continue
        runtime = folded.get("runtime")
        runtime = runtime if isinstance(runtime, Mapping) else {}
        size_mb = folded.get("filesizemb")
        sized = isinstance(size_mb, int | float) and not isinstance(size_mb, bool)
        tools = folded.get("supportstoolcalling")
        reasons = folded.get("supportsreasoning")
        rows.append(
            {
                **Listed(id=name).as_row(),
                "alias": _text(folded.get("alias")) or name,
                "display_name": _text(folded.get("displayname")),
                "publisher": _text(folded.get("publisher")),
                "license": _text(folded.get("license")),
                "task": _text(folded.get("task")),
                "supports_tools": tools if isinstance(tools, bool) else None,
                "supports_reasoning": reasons if isinstance(reasons, bool) else None,
                "device": _text(runtime.get("deviceType") or runtime.get("devicetype")),
                "execution_provider": _text(
                    runtime.get("executionProvider") or runtime.get("executionprovider")
                )
                or provider_of(name),
                "size_bytes": int(float(str(size_mb)) * 1024 * 1024) if sized else None,
            }
        )
    return rows


def listed(ids: Iterable[str]) -> list[Listed]:
    """Return ids as entries; nothing else is known of them."""
    return [Listed(id=one, known=False) for one in ids]


def _mark(rows: list[dict[str, Any]], entry: Listed, what: str) -> None:
    matches = [row for row in rows if same_variant(row["id"], entry.id)]
    exact = [row for row in matches if row["id"].casefold() == entry.id.casefold()]
    for row in exact or matches[:1]:
        row[what] = True
        return
    # The user's own model, or one that left the catalog: it is there all the same.
    rows.append({**replace(entry, known=False).as_row(), what: True})


def _text(value: object) -> str:
    return clean_text(value, keep_newlines=False) if isinstance(value, str) else ""


def _is_clean(name: str) -> bool:
    return bool(name) and clean_text(name, keep_newlines=False) == name
