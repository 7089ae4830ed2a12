"""The team's own list of models, `models.json`, in the course's format.

A list of `{"name", "task", "min_ram_gb", "notes"}`. Unknown keys, their order, and entries that
are not understood stay in the file when it is written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.catalog.registry_text import place_of, spans
from tui.catalog.resolve import matches_name
from tui.foundry.errors import FoundryError
from tui.foundry.types import Model

KNOWN_KEYS = ("name", "task", "min_ram_gb", "notes")


class RegistryError(FoundryError):
    """The registry cannot be read or written; the file was left as it is.

    Args:
        message: What is wrong, with file, line and column.
        hint: What to do.
        line: First line is 1; None where the trouble is not in the text.
        column: First column is 1.
    """

    code = "registry_broken"

    def __init__(
        self, message: str, hint: str = "", line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, hint)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One model the team knows."""

    name: str
    task: str
    min_ram_gb: float
    """Least total memory of a machine, in GiB as the course's script counts it."""
    notes: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys that this program does not know, as they stand in the file; notes that are no text."""
    key_order: tuple[str, ...] = KNOWN_KEYS
    """All keys in the order of the file."""

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as it stands in the file."""
        known = {key: getattr(self, key) for key in KNOWN_KEYS if key not in self.extra}
        order = (*self.key_order, *(k for k in (*KNOWN_KEYS, *self.extra) if k != "notes"))
        if self.notes:
            order = (*order, "notes")
        values = {**self.extra, **known}
        return {key: values[key] for key in dict.fromkeys(order) if key in values}


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An entry that cannot be used but stays in the file."""

    index: int
    """Place in the file's list, from 0."""
    reason: str
    raw: Any
    line: int = 1
    """Where it begins in the file, from 1."""
    column: int = 1


@dataclass(frozen=True, slots=True)
class Registry:
    """What is in the file."""

    entries: tuple[RegistryEntry, ...] = ()
    path: Path | None = None
    problem: str | None = None
    """Why there are no or fewer entries than wished for, as a sentence; None when all is well."""
    not_understood: tuple[NotUnderstood, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the entries as they are written, each once, in the file's order."""
        return tuple(dict.fromkeys(entry.task for entry in self.entries))

    def entry_for(self, model: Model) -> RegistryEntry | None:
        """Return the first entry that means this model, or None."""
        return next((entry for entry in self.entries if matches_name(model, entry.name)), None)


def load_registry(path: Path) -> Registry:
    """Read the registry. A missing file gives an empty one with a note in `problem`.

    Raises:
        RegistryError: The file is no JSON, no list, or cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Registry(path=path, problem=f"There is no {path.name} here yet.")
    except OSError as error:
        raise RegistryError(
            f"{path} cannot be read: {error.strerror}.", "Check that it is a file you may read."
        ) from error
    items = _parse(path, data)
    text = data.decode("utf-8-sig")
    places = [place_of(text, start) for start, _ in spans(text)]
    entries: list[RegistryEntry] = []
    bad: list[NotUnderstood] = []
    problems: list[str] = []
    names: set[str] = set()
    for index, item in enumerate(items):
        if reason := trouble(item):
            bad.append(NotUnderstood(index, reason, item, *places[index]))
        else:
            entries.append(_entry(item))
            # Both are no reason for the course's rule to pass an entry over.
            reason = _repeated(item, names) or odd(item)
        if reason:
            line, column = places[index]
            problems.append(f"line {line}, column {column}, entry {index + 1}: {reason}")
    problem = None
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        problem = f"{path.name}, {problems[0]}{more}"
    return Registry(tuple(entries), path, problem, tuple(bad))


def load_registry_or_empty(path: Path) -> Registry:
    """Read the registry; one that cannot be read is empty and says why in `problem`."""
    try:
        return load_registry(path)
    except RegistryError as error:
        return Registry(path=path, problem=f"{error.message} {error.hint}".strip())


def _parse(path: Path, data: bytes) -> list[Any]:
    hint = "Mend that line; the file is not touched until it can be read."
    try:
        items = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise RegistryError(
            f"{path}, line {line}, column {column}: no UTF-8 text.", hint, line, column
        ) from error
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise RegistryError(
            f"{path}, line {error.lineno}, column {error.colno}: {what}.",
            hint,
            error.lineno,
            error.colno,
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of 5,000 digits
        raise RegistryError(f"{path} cannot be read: {error}.", hint) from error
    if not isinstance(items, list):
        raise RegistryError(
            f"{path}, line 1, column 1: a list of entries is expected.",
            'Write [ {"name": "phi-4-mini", "task": "chat", "min_ram_gb": 8, "notes": ""} ].',
            1,
            1,
        )
    return items


def trouble(item: Any) -> str | None:
    """Say why an entry cannot be used; None when it can."""
    if not isinstance(item, dict):
        return f"an object with name, task and min_ram_gb is expected, not {_short(item)}."
    for key in ("name", "task"):
        if key not in item:
            return f"'{key}' is missing."
        if not isinstance(item[key], str) or not item[key].strip():
            return f"'{key}' must be a text, not {_short(item[key])}."
    if "min_ram_gb" not in item:
        return "'min_ram_gb' is missing."
    ram = item["min_ram_gb"]
    is_number = isinstance(ram, int | float) and not isinstance(ram, bool)
    if not is_number or not -math.inf < ram < math.inf:
        return f"'min_ram_gb' must be a number of GiB, not {_short(ram)}."
    return None


def odd(item: Mapping[str, Any]) -> str | None:
    """Say what is wrong with an entry that can be used all the same; None when nothing is."""
    if item["min_ram_gb"] < 0:
        return f"'min_ram_gb' must not be below 0, as {_short(item['min_ram_gb'])} is."
    if not isinstance(item.get("notes", ""), str):
        return f"'notes' must be a text, not {_short(item['notes'])}."
    return None


def _repeated(item: Mapping[str, Any], names: set[str]) -> str | None:
    """Say that a name stood there before. Both entries count: the course's rule knows no names."""
    name = item["name"].strip().casefold()
    if name in names:
        return f"there is an entry named {_short(item['name'])} before it already."
    names.add(name)
    return None


def _entry(item: dict[str, Any]) -> RegistryEntry:
    return RegistryEntry(
        name=item["name"],
        task=item["task"],
        min_ram_gb=item["min_ram_gb"],
        notes=item.get("notes", "") if isinstance(item.get("notes", ""), str) else "",
        extra={
            key: value
            for key, value in item.items()
            if key not in KNOWN_KEYS or (key == "notes" and not isinstance(value, str))
        },
        key_order=tuple(item),
    )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
