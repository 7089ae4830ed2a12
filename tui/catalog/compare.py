"""Variants side by side: every property, and which of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.catalog.families import reasons
from tui.catalog.inputs import FitInputs
from tui.catalog.measured import Measured
from tui.catalog.providers import short_name
from tui.catalog.ratings import rating_of
from tui.catalog.registry import Registry
from tui.formats import UNKNOWN, format_bytes, format_context, format_count, format_duration
from tui.foundry.ids import find_by_id
from tui.foundry.types import Model, Variant
from tui.system.memory_records import record_of

Pairs = Sequence[tuple[Model, Variant]]
_YES_NO = {True: "yes", False: "no", None: UNKNOWN}


@dataclass(frozen=True, slots=True)
class CompareLine:
    """One property of all variants. Text in it comes from outside: clean it before it is drawn."""

    label: str
    values: tuple[str, ...]
    differs: bool
    best: int | None = None
    """Which is best, where that can be said of a number and one is better than all others."""


def compare(pairs: Pairs, inputs: FitInputs, registry: Registry) -> tuple[CompareLine, ...]:
    """Return one line for each property.

    Args:
        pairs: Two or more variants with their models.
        inputs: What verdicts are made from, and what was measured here.
        registry: The team's list.
    """
    return (
        *_said(pairs),
        *_here(pairs, inputs),
        *_measured(pairs, inputs, registry),
    )


def _said(pairs: Pairs) -> tuple[CompareLine, ...]:
    """Compare what the catalog says."""
    sizes = [variant.size_bytes for _, variant in pairs]
    return (
        _line("Model", [model.alias for model, _ in pairs]),
        _line("Publisher", [model.publisher for model, _ in pairs]),
        _line("Licence", [model.license for model, _ in pairs]),
        _line("Task", [model.task for model, _ in pairs]),
        _line("Tools", [_YES_NO[model.supports_tools] for model, _ in pairs]),
        _line("Reasoning", [_YES_NO[reasons(*pair)[0]] for pair in pairs]),
        _line("Device", [str(variant.device) for _, variant in pairs]),
        _line("Asks for", [short_name(variant.execution_provider) for _, variant in pairs]),
        _numbers("Size", sizes, [format_bytes(one) for one in sizes]),
    )


def _here(pairs: Pairs, inputs: FitInputs) -> tuple[CompareLine, ...]:
    """Compare what this machine makes of it."""
    fits = [inputs.judge(model, variant) for model, variant in pairs]
    needs = [fit.need_bytes for fit in fits]
    contexts = [inputs.context_of(model, variant).tokens for model, variant in pairs]
    probed = [find_by_id(inputs.usable, variant.id) for _, variant in pairs]
    usable = [one.tokens if one else None for one in probed]
    truths = [inputs.truth(variant) for _, variant in pairs]
    return (
        _line("Registered", [_YES_NO[one.registered] for one in truths]),
        _line("Runs on", [one.runs_on for one in truths]),
        _line("State", [_state(model, variant) for model, variant in pairs]),
        _numbers("Context", contexts, [format_context(one) for one in contexts], most=True),
        _numbers("Usable", usable, [format_count(one) for one in usable], most=True),
        _numbers("Needs", needs, [format_bytes(one) for one in needs]),
        _line("Fit", [fit.verdict for fit in fits]),
        _line("Fit by", [fit.source for fit in fits]),
    )


def _measured(pairs: Pairs, inputs: FitInputs, registry: Registry) -> tuple[CompareLine, ...]:
    """Compare what was measured and rated."""
    seen = [inputs.figures.get(variant.id) or Measured(variant.id) for _, variant in pairs]
    took = [
        one.resident_bytes or (record.resident_bytes if record else None)
        for one in seen
        for record in [record_of(inputs.measured, one.variant_id)]
    ]
    ratings = [
        rating_of(one, registry.entry_for(model)).rating
        for one, (model, _) in zip(seen, pairs, strict=True)
    ]
    return (
        _numbers("TTFT", [one.ttft_s for one in seen], [_time(one.ttft_s) for one in seen]),
        _numbers("Decode", [one.decode_tok_s for one in seen],
                 [_rate(one.decode_tok_s) for one in seen], most=True),
        _numbers("E2E", [one.e2e_s for one in seen], [_time(one.e2e_s) for one in seen]),
        _numbers("Load", [one.load_s for one in seen], [_time(one.load_s) for one in seen]),
        _numbers("Memory", took, [format_bytes(one) for one in took]),
        _numbers("Rating", ratings,
                 [UNKNOWN if one is None else f"{one:.1f}" for one in ratings], most=True),
        _line("Measured", [one.measured_at[:10] for one in seen]),
    )  # fmt: skip


def _line(label: str, values: Sequence[str]) -> CompareLine:
    shown = tuple(value or UNKNOWN for value in values)
    return CompareLine(label, shown, len(set(shown)) > 1)


def _numbers(
    label: str, numbers: Sequence[float | None], shown: Sequence[str], *, most: bool = False
) -> CompareLine:
    known = [(number, place) for place, number in enumerate(numbers) if number is not None]
    best = None
    if len(known) == len(numbers) > 1:
        ordered = sorted(known, reverse=most)
        best = ordered[0][1] if ordered[0][0] != ordered[1][0] else None
    return CompareLine(label, tuple(shown), len(set(shown)) > 1, best)


def _state(model: Model, variant: Variant) -> str:
    if model.as_of:
        return "offline"
    return "loaded" if variant.loaded else "cached" if variant.cached else "catalog"


def _time(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else format_duration(seconds)


def _rate(tokens_s: float | None) -> str:
    return UNKNOWN if tokens_s is None else f"{tokens_s:,.0f} tok/s"
