"""Variants side by side: every property, and which of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.catalog.measured import Measured
from tui.catalog.rows import FitInputs
from tui.formats import UNKNOWN, format_bytes, format_context, format_duration
from tui.foundry.types import Model, Variant


@dataclass(frozen=True, slots=True)
class CompareLine:
    """One property of all variants. Text in it comes from outside: clean it before it is drawn."""

    label: str
    values: tuple[str, ...]
    differs: bool
    best: int | None = None
    """Which is best, where that can be said of a number and one is better than all others."""


def compare(
    pairs: Sequence[tuple[Model, Variant]],
    inputs: FitInputs,
    measured: Mapping[str, Measured],
) -> tuple[CompareLine, ...]:
    """Return one line for each property.

    Args:
        pairs: Two or more variants with their models.
        inputs: What the fit verdicts are made from.
        measured: What was measured here, by variant id.
    """
    fits = [inputs.judge(model, variant) for model, variant in pairs]
    seen = [measured.get(variant.id, Measured(variant.id)) for _, variant in pairs]
    tools = {True: "yes", False: "no", None: UNKNOWN}
    sizes = [variant.size_bytes for _, variant in pairs]
    needs = [fit.need_bytes for fit in fits]
    contexts = [model.context_tokens for model, _ in pairs]
    return (
        _line("Model", [model.alias for model, _ in pairs]),
        _line("Publisher", [model.publisher for model, _ in pairs]),
        _line("Licence", [model.license for model, _ in pairs]),
        _line("Task", [model.task for model, _ in pairs]),
        _line("Tools", [tools[model.supports_tools] for model, _ in pairs]),
        _line("Device", [str(variant.device) for _, variant in pairs]),
        _line("Provider", [variant.execution_provider for _, variant in pairs]),
        _line("State", [_state(model, variant) for model, variant in pairs]),
        _numbers("Context", contexts, [format_context(one) for one in contexts], most=True),
        _numbers("Size", sizes, [format_bytes(one) for one in sizes]),
        _numbers("Needs", needs, [format_bytes(one) for one in needs]),
        _line("Fit", [fit.verdict for fit in fits]),
        _line("From", [fit.source for fit in fits]),
        _numbers("TTFT", [one.ttft_s for one in seen], [_time(one.ttft_s) for one in seen]),
        _numbers("Decode", [one.decode_tok_s for one in seen],
                 [_rate(one.decode_tok_s) for one in seen], most=True),
        _numbers("E2E", [one.e2e_s for one in seen], [_time(one.e2e_s) for one in seen]),
        _numbers("Load", [one.load_s for one in seen], [_time(one.load_s) for one in seen]),
        _numbers("Memory", [one.resident_bytes for one in seen],
                 [format_bytes(one.resident_bytes) for one in seen]),
        _numbers("Rating", [one.rating for one in seen],
                 [UNKNOWN if one.rating is None else f"{one.rating:.1f}" for one in seen],
                 most=True),
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
