"""Chooses a model for a task, by the course's rule or by what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui.catalog.measured import Measured
from tui.catalog.registry import RegistryEntry
from tui.formats import format_bytes, format_duration
from tui.foundry.text import clean_text

GIB = 1024**3
Rule = Literal["accuracy", "latency", "memory", "balanced"]
RULES: tuple[Rule, ...] = ("accuracy", "latency", "memory")
"""What `balanced` weighs, as far as it was measured."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry for the task, and whether this machine can run it."""

    entry: RegistryEntry
    viable: bool
    why: str
    """Half a sentence with both numbers."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice and how it came about."""

    choice: RegistryEntry | None
    reason: str
    """A sentence."""
    candidates: tuple[Candidate, ...]
    """All entries for the task, in the registry's order."""


def select(entries: Iterable[RegistryEntry], task: str, total_ram_bytes: int) -> Selection:
    """Return the first entry for `task` whose `min_ram_gb` this machine's total memory reaches.

    The rule is the course's script to the letter: `total RAM / 1024**3 >= min_ram_gb`, tasks
    compared as they are written, first one wins.

    Args:
        entries: The registry's entries, in its order.
        task: `chat`, `code` ...
        total_ram_bytes: Memory of this machine in total, not what is free now.
    """
    entries = tuple(entries)
    total_gib = total_ram_bytes / GIB
    candidates = tuple(_candidate(entry, total_gib) for entry in entries if entry.task == task)
    choice = next((one.entry for one in candidates if one.viable), None)
    return Selection(choice, _reason(entries, task, choice, candidates, total_gib), candidates)


def select_by(
    entries: Iterable[RegistryEntry],
    task: str,
    total_ram_bytes: int,
    rule: Rule,
    measured: Mapping[str, Measured],
) -> Selection:
    """Return the best of the entries that this machine can hold, by what was measured on it.

    Args:
        entries: The registry's entries, in its order.
        task: `chat`, `code` ...
        total_ram_bytes: Memory of the machine in total.
        rule: 'latency' is the median time of a whole answer, 'memory' the growth at the load,
            'accuracy' the mean rating; 'balanced' is the mean of the places by each of these.
        measured: By the entry's name.

    Returns:
        The course's choice, with the reason, where nothing that the rule needs was measured.
    """
    course = select(entries, task, total_ram_bytes)
    viable = [one.entry for one in course.candidates if one.viable]
    rules = RULES if rule == "balanced" else (rule,)
    scores = {one: _places(viable, one, measured) for one in rules}
    scores = {one: places for one, places in scores.items() if places}
    known = [entry for entry in viable if all(entry.name in one for one in scores.values())]
    if not scores or not known:
        why = f"nothing was measured that tells about {rule}; the benchmark (5) does"
        return replace(course, reason=f"{course.reason} By the course's rule: {why}.")
    choice = min(known, key=lambda entry: sum(one[entry.name] for one in scores.values()))
    told = "; ".join(_told(choice, one, measured) for one in scores)
    left = [entry.name for entry in viable if entry not in known]
    beside = f" Not measured: {', '.join(left)}." if left else ""
    of = f"of {len(known)} that were measured" if len(known) > 1 else "the only one measured"
    return Selection(choice, f"Best by {rule}, {of}: {told}.{beside}", course.candidates)


def _places(
    entries: Sequence[RegistryEntry], rule: str, measured: Mapping[str, Measured]
) -> dict[str, int]:
    """Return the place of each entry that has a figure, from 0."""
    figures = {
        entry.name: figure
        for entry in entries
        if (figure := _figure(measured.get(entry.name), rule)) is not None
    }
    ordered = sorted(figures, key=lambda name: figures[name], reverse=rule == "accuracy")
    return {name: place for place, name in enumerate(ordered)}


def _figure(measured: Measured | None, rule: str) -> float | None:
    if measured is None:
        return None
    return {
        "latency": measured.e2e_s,
        "memory": measured.resident_bytes,
        "accuracy": measured.rating,
    }[rule]


def _told(entry: RegistryEntry, rule: str, measured: Mapping[str, Measured]) -> str:
    figure = _figure(measured[entry.name], rule)
    assert figure is not None
    return {
        "latency": f"an answer takes {format_duration(figure)}",
        "memory": f"its load takes {format_bytes(int(figure))}",
        "accuracy": f"it was rated {figure:.1f} of 5",
    }[rule]


def _candidate(entry: RegistryEntry, total_gib: float) -> Candidate:
    viable = total_gib >= entry.min_ram_gb
    # Two digits only where one would say '16 GiB, this machine has 16.0' of one that falls short.
    digits = 1 if abs(total_gib - entry.min_ram_gb) >= 0.05 else 2
    has = f"this machine has {total_gib:.{digits}f}"
    return Candidate(entry, viable, f"needs {entry.min_ram_gb:g} GiB, {has}")


def _reason(
    entries: tuple[RegistryEntry, ...],
    task: str,
    choice: RegistryEntry | None,
    candidates: tuple[Candidate, ...],
    total_gib: float,
) -> str:
    if choice is not None:
        why = next(one.why for one in candidates if one.entry is choice)
        return f"First of the entries for '{task}' that this machine can hold: {why}."
    if candidates:
        least = min(one.entry.min_ram_gb for one in candidates)
        return (
            f"No entry for '{task}' fits: the smallest needs {least:g} GiB, "
            f"this machine has {total_gib:.1f}."
        )
    if not entries:
        return "The registry has no entries."
    known = list(dict.fromkeys(entry.task for entry in entries))
    written = {one.strip().casefold(): one for one in known}
    near = written.get(task.strip().casefold())
    meant = f" Did you mean '{clean_text(near, False)}'?" if near else ""
    tasks = ", ".join(clean_text(one, False) for one in known)
    return f"No entry for the task '{clean_text(task, False)}'; the registry knows {tasks}.{meant}"
