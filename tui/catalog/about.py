"""All that is known about one variant, as labelled lines; screen and command say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.catalog.families import reasons
from tui.catalog.fit import Fit, Verdict
from tui.catalog.inputs import FitInputs
from tui.catalog.measured import Measured
from tui.catalog.providers import short_name
from tui.catalog.ratings import rating_of
from tui.catalog.registry import RegistryEntry
from tui.catalog.usable_context import UsableContext
from tui.formats import UNKNOWN, format_bytes, format_context, format_duration, format_speed
from tui.foundry.ids import find_by_id, split_version
from tui.foundry.types import Model, Variant

Tone = Literal["", "muted", "good", "warn", "bad"]
TONES: dict[Verdict, Tone] = {"fits": "good", "tight": "warn", "too big": "bad", "unknown": ""}
NOT_MEASURED = "nothing yet: the benchmark (b) does"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. Text in it comes from outside: clean it before it is drawn."""

    label: str
    value: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class SumLine:
    """One line of the sum behind a verdict, or of what it is held against."""

    label: str
    size_bytes: int | None
    note: str
    tone: Tone = ""


def summary_text(model: Model, variant: Variant | None) -> str:
    """Return what the catalog says in a few words: publisher, licence, task, what it can."""
    reasoning = reasons(model, variant)[0] if variant else model.supports_reasoning
    words = [
        model.display_name if model.display_name != model.alias else "",
        model.publisher,
        model.license,
        model.task,
        "tools" if model.supports_tools else "",
        "reasons" if reasoning else "",
    ]
    return " · ".join(word for word in words if word)


def about(
    model: Model,
    variant: Variant,
    inputs: FitInputs,
    entry: RegistryEntry | None = None,
    newer: Variant | None = None,
) -> tuple[Fact, ...]:
    """Return the facts about a variant but for the sum, what matters most first.

    Args:
        model: Its model.
        variant: The variant.
        inputs: What verdicts are made from, and what was measured.
        entry: What the registry says.
        newer: A newer version that is out.
    """
    fit = inputs.judge(model, variant)
    truth = inputs.truth(variant)
    facts = [Fact("Fit", f"{fit.verdict.capitalize()}: {fit.reason}", TONES[fit.verdict])]
    if truth.warning:
        facts.insert(0, Fact("Attention", truth.warning, "bad" if variant.loaded else "warn"))
    facts += [
        Fact("Runs on", _runs_on(variant, inputs)),
        Fact("Context", _contexts(model, variant, inputs)),
        Fact("Measured", measured_text(inputs.figures.get(variant.id), entry)),
    ]
    if entry is not None:
        notes = f", {entry.notes}" if entry.notes else ""
        ram = f"min {entry.min_ram_gb:g} GiB RAM"
        facts.append(Fact("Registry", f"{entry.task}, {ram}{notes}"))
    if newer is not None:
        version = split_version(newer.id)[1]
        facts.append(Fact("Update", f"version {version} is out", "warn"))
    return tuple(facts)


def sum_lines(fit: Fit) -> tuple[SumLine, ...]:
    """Return the sum line by line, then what it is held against."""
    lines = [SumLine(part.label, part.size_bytes, part.source) for part in fit.parts]
    if fit.parts:
        total = sum(part.size_bytes for part in fit.parts)
        lines.append(SumLine("sum", total, f"held against {fit.pool}"))
    now: Verdict = fit.verdict if fit.source != "loaded" else "fits"
    lines.append(SumLine("free now", fit.available_bytes, now, TONES[now]))
    lines.append(SumLine("in total", fit.total_bytes, fit.in_total, TONES[fit.in_total]))
    if fit.device_note:
        lines.append(SumLine("device", None, fit.device_note, "muted"))
    if fit.download_bytes is not None:
        room = fit.disk_free_bytes
        enough = room is None or fit.download_bytes <= room
        note = f"to fetch, of {format_bytes(room)} free"
        lines.append(SumLine("disk", fit.download_bytes, note, "" if enough else "bad"))
    return tuple(lines)


def measured_text(measured: Measured | None, entry: RegistryEntry | None) -> str:
    """Return speed, memory and rating in one line, or what to do to have them."""
    rating, source = rating_of(measured, entry)
    rated = [] if rating is None else [f"rated {rating:.1f} of 5 ({source})"]
    if measured is None:
        return " · ".join(rated) or NOT_MEASURED
    shown = [
        f"TTFT {format_duration(measured.ttft_s)}" if measured.ttft_s is not None else "",
        format_speed(measured.decode_tok_s) if measured.decode_tok_s is not None else "",
        f"load {format_duration(measured.load_s)}" if measured.load_s is not None else "",
        format_bytes(measured.resident_bytes) if measured.resident_bytes else "",
        *rated,
        measured.measured_at[:10],
    ]
    return " · ".join(one for one in shown if one)


def usable_text(found: UsableContext | None) -> str:
    """Return what a probe found, or that there was none."""
    if found is None:
        return "usable: not probed (p)"
    least = "" if found.exact else "at least "
    return f"usable: {least}{found.tokens:,} (probed {found.probed_at[:10]}, {found.how})"


def _contexts(model: Model, variant: Variant, inputs: FitInputs) -> str:
    tokens, source = inputs.context_of(model, variant)
    told = f"advertised: {format_context(tokens)} ({source})" if tokens else "advertised: not told"
    return f"{told} · {usable_text(find_by_id(inputs.usable, variant.id))}"


def _runs_on(variant: Variant, inputs: FitInputs) -> str:
    truth = inputs.truth(variant)
    has = ", ".join(short_name(one) for one in inputs.providers) or "not told by the backend"
    asks = f"{variant.device}, asks for {truth.asks or UNKNOWN} · registered here: {has}"
    return f"{asks} · in truth: {truth.runs_on}" if truth.runs_on else asks
