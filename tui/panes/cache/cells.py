"""How the cache pane writes a row, its details and the sums."""

from __future__ import annotations

import os
from pathlib import Path

from textual.content import Content

from tui.cache.entries import CacheRow, last_used, summarize
from tui.formats import UNKNOWN, format_age, format_bytes
from tui.foundry.ids import split_version
from tui.foundry.text import clean_text
from tui.foundry.types import Capability
from tui.store import State
from tui.widgets.table import Cell, Column, Row, Tone

COLUMNS = (
    Column(" ", 2),
    Column("VARIANT", 14, flexible=True, keep_end=True),
    Column("VERSION", 7, from_width=60),
    Column("SIZE", 7, align="right"),
    Column("LAST USED", 11, align="right", from_width=56),
    Column("STATE", 9),
    Column("ORIGIN", 8, from_width=70),
)
_GLYPHS = {"loaded": "●", "cached": "○", "partial": "!", "orphan": "!"}
_TONES: dict[str, Tone] = {
    "loaded": "good",
    "cached": "accent",
    "partial": "warn",
    "orphan": "warn",
}


def table_row(row: CacheRow, now_s: float, *, marked: bool) -> Row:
    """Return a row of the table."""
    tone = _TONES[row.state]
    return Row(
        row.key,
        (
            Cell(f"{'*' if marked else ' '}{_GLYPHS[row.state]}", tone),
            Cell(clean_text(row.label, False)),
            Cell(_version(row), "accent" if row.newer_id else "muted"),
            Cell(format_bytes(row.size_bytes)),
            Cell(last_used(row, now_s), "muted"),
            Cell(row.state if row.share is None else f"part {row.share:.0%}", tone),
            Cell(row.origin, "warn" if row.origin == "foreign" else "muted"),
        ),
    )


def details(row: CacheRow, state: State, now_s: float) -> Content:
    """Return what is known about a row, for the panel."""
    damaged = any(one.path == row.entry.path for one in state.cache_damage)
    lines = [
        Content.styled(clean_text(row.entry.variant_id or row.label, False), "b $primary"),
        *(Content.styled(text, "$accent") for text in version_lines(row)),
        Content(clean_text(row.note, False)),
    ]
    if damaged:
        lines.append(Content.styled("Not as it was: the doctor (d) says more.", "$text-error"))
    lines.append(Content.styled(clean_text(str(row.entry.path), False), "$foreground-muted"))
    facts = [f"frees {format_bytes(row.frees_bytes)}"]
    if row.entry.modified_at:
        facts.append(f"changed {format_age(now_s - row.entry.modified_at)}")
    if (checked := state.cache_notes.checked_at_s.get(str(row.entry.path))) is not None:
        facts.append(f"checksums {format_age(now_s - checked)}")
    lines.append(Content.styled(" · ".join(facts), "$foreground-muted"))
    return Content("\n").join(lines)


def version_lines(row: CacheRow) -> list[str]:
    """Say what there is to do about versions."""
    said: list[str] = []
    if row.newer_id:
        said.append(
            f"Version {split_version(row.newer_id)[1]} is out: U gets it and keeps this one."
        )
    if row.replaced_by:
        newer = split_version(row.replaced_by)[1]
        worked = "has worked: C cleans" if row.replacement_worked else "has not been loaded yet"
        said.append(f"Version {newer} is on disk and {worked}.")
    if row.goes_back_to:
        said.append(f"Version {split_version(row.goes_back_to)[1]} was kept: b goes back to it.")
    return said


def summary(state: State, width: int) -> str:
    """Return the sums and the place, in one line that fits."""
    if state.cache is None:
        return ""
    sums = summarize(state.cache)
    leftovers = f" · {format_bytes(sums.leftover_bytes)} left over" if sums.leftover_bytes else ""
    plural = "" if sums.variants == 1 else "s"
    text = (
        f"{sums.variants} variant{plural} · {format_bytes(sums.total_bytes)}{leftovers} · "
        f"{format_bytes(sums.free_bytes)} free"
    )
    return f"{text}   {short_path(state.cache.location, max(12, width - len(text) - 5))}"


def short_path(path: Path, width: int) -> str:
    """Return a path that fits: `~` for the home directory, and its end rather than its start."""
    text = clean_text(str(path), False)
    home = os.path.expanduser("~")
    if text == home or text.startswith(home + os.sep):
        text = f"~{text[len(home) :]}"
    return text if len(text) <= width else f"…{text[-(width - 1) :]}"


def empty_text(state: State) -> str:
    """Say why there are no rows, and what to do."""
    if state.connection == "connecting":
        return "Looking for Foundry Local …"
    if state.info is not None and not state.info.supports(Capability.CACHE):
        return f"No cache to show.\n{state.info.unavailable[Capability.CACHE]}"
    error = state.cache_error or state.connection_error
    if error is not None:
        return f"{error.message}\n{error.hint}\n\nR tries again"
    if state.cache is None:
        return "Looking at the disk …"
    return "Nothing is on disk yet.\nRun a model in the catalog (1), or import one with i."


def _version(row: CacheRow) -> str:
    if row.version is None:
        return UNKNOWN
    newer = f" ▲{split_version(row.newer_id)[1]}" if row.newer_id else ""
    return f"{row.version}{newer}"
