"""Adds, changes, removes and merges entries of `models.json`, on the text as it stands there."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.atomic_file import write_atomically
from tui.catalog.measured import Measured
from tui.catalog.registry import KNOWN_KEYS, Registry, RegistryError, load_registry, odd, trouble
from tui.catalog.registry_text import appended, place_of, removed, replaced, spans

TASKS = (
    "chat", "code", "reasoning", "summarization", "extraction", "translation", "embeddings",
    "speech", "vision", "tools",
)  # fmt: skip
"""Tasks that an entry may be for; a file that uses others already may go on using them."""
MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the file that was not written yet."""

    before: str
    after: str

    @property
    def diff(self) -> str:
        """What would change, line by line."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), "now", "then", lineterm="", n=1
        )
        return "\n".join(list(lines)[2:])


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge gives."""

    change: Change
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    conflicts: tuple[str, ...]
    """Where both sides say different things: ours stays, each as a sentence."""


class RegistryFile:
    """One reading of the file, and the changes that are made on it.

    Args:
        path: Where it is; it need not be there yet.

    Raises:
        RegistryError: The file is broken; it is never overwritten.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.registry: Registry = load_registry(path)
        self._data = _bytes(path)
        self.text = self._data.decode("utf-8-sig") if self._data is not None else "[]\n"
        self._items: list[Any] = json.loads(self.text)

    def add(self, entry: Mapping[str, Any]) -> Change:
        """Return the change that adds an entry. Raises `RegistryError` for one that is wrong."""
        self._check(entry, None)
        return Change(self.text, appended(self.text, _ordered(entry)))

    def edit(self, name: str, values: Mapping[str, Any]) -> Change:
        """Return the change that gives an entry other values; its other keys stay."""
        index = self._index(name)
        entry = {**self._items[index], **values}
        self._check(entry, index)
        return Change(self.text, replaced(self.text, index, entry))

    def remove(self, name: str) -> Change:
        """Return the change that removes an entry."""
        return Change(self.text, removed(self.text, self._index(name)))

    def contribute(self, name: str, measured: Measured) -> Change:
        """Return the change that puts what was measured into an entry's object `measured`."""
        index = self._index(name)
        old = self._items[index].get(MEASURED)
        values = {**(old if isinstance(old, dict) else {}), **measured.as_dict()}
        return self.edit(name, {MEASURED: values})

    def contribute_all(self, measured: Mapping[str, Measured]) -> Change:
        """Return the change that puts what was measured into several entries, by their names."""
        text = self.text
        for name, one in measured.items():
            change = self.contribute(name, one)
            index = self._index(name)
            text = replaced(text, index, json.loads(change.after)[index])
        return Change(self.text, text)

    def merge(self, theirs: RegistryFile, base: RegistryFile | None = None) -> Merged:
        """Return what a colleague's file brings; with the common ancestor also what it takes away.

        Of a key that both changed to different values ours stays, and a conflict is told.
        """
        text = self.text
        mine, other = _by_name(self._items), _by_name(theirs._items)
        old = _by_name(base._items) if base is not None else {}
        added, changed, gone, conflicts = [], [], [], []
        for key, entry in other.items():
            name = str(entry["name"])
            if key in mine:
                merged, told = _merged(mine[key], entry, old.get(key), base is not None)
                conflicts += [f"'{name}': {one}" for one in told]
                if merged != mine[key]:
                    changed.append(name)
                    text = replaced(text, _index_in(text, key), merged)
            elif key in old and old[key] == entry:
                continue  # we removed it, and they left it as it was
            else:
                added.append(name)
                text = appended(text, entry)
        for key, entry in mine.items() if base is not None else ():
            if key in other or key not in old:
                continue
            if old[key] == entry:
                gone.append(str(entry["name"]))
                text = removed(text, _index_in(text, key))
            else:
                conflicts.append(f"'{entry['name']}': they removed it, we changed it; it stays.")
        return Merged(
            Change(self.text, text), tuple(added), tuple(changed), tuple(gone), tuple(conflicts)
        )

    def write(self, change: Change) -> Registry:
        """Write a change, and return the registry as it is then.

        Raises:
            RegistryError: Somebody else changed the file since it was read; or it cannot be
                written.
        """
        if _bytes(self.path) != self._data:
            raise RegistryError(
                f"{self.path} was changed by somebody else meanwhile; it was left as it is.",
                "Look at it, and make your change again.",
            )
        try:
            write_atomically(self.path, change.after)
        except OSError as error:
            raise RegistryError(
                f"{self.path} cannot be written: {error.strerror or error}.",
                "Check the directory's permissions.",
            ) from error
        return load_registry(self.path)

    def _index(self, name: str) -> int:
        folded = name.strip().casefold()
        for index, item in enumerate(self._items):
            if _name(item) == folded:
                return index
        names = [str(item["name"]) for item in self._items if _name(item)]
        near = difflib.get_close_matches(name, names, 1)
        meant = f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(names) or 'none'}."
        raise RegistryError(f"{self.path.name} has no entry '{name}'.", meant)

    def _check(self, entry: Mapping[str, Any], index: int | None) -> None:
        """Raise for an entry that must not be written."""
        if reason := trouble(dict(entry)) or odd(entry):
            raise RegistryError(f"The entry is not written: {reason}", "Correct it.")
        folded = str(entry["name"]).strip().casefold()
        for other, item in enumerate(self._items):
            if other != index and _name(item) == folded:
                line, column = place_of(self.text, spans(self.text)[other][0])
                raise RegistryError(
                    f"The entry is not written: there is one named '{entry['name']}' already, in "
                    f"line {line}, column {column} of {self.path.name}.",
                    "Edit that one, or take another name.",
                    line,
                    column,
                )
        task = str(entry["task"])
        known = dict.fromkeys((*TASKS, *self.registry.tasks))
        if task not in known:
            near = difflib.get_close_matches(task, known, 1)
            meant = f"Did you mean '{near[0]}'? " if near else ""
            raise RegistryError(
                f"The entry is not written: '{task}' is no known task.",
                f"{meant}Known are {', '.join(known)}.",
            )


def _merged(
    mine: Mapping[str, Any], other: Mapping[str, Any], old: Mapping[str, Any] | None, three: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return our entry with what theirs brings, and what both changed."""
    merged, conflicts = dict(mine), []
    for key, value in other.items():
        if key not in mine:
            if not (three and old is not None and old.get(key) == value):
                merged[key] = value
        elif value != mine[key] and key != "name":
            before = (old or {}).get(key)
            if three and old is not None and before == mine[key]:
                merged[key] = value
            elif not (three and old is not None and before == value):
                shown, kept = json.dumps(value), json.dumps(mine[key])
                conflicts.append(f"{key} is {kept} here and {shown} there; ours stays.")
    return merged, conflicts


def _ordered(entry: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: entry[key] for key in KNOWN_KEYS if key in entry}
    return {**known, **{key: value for key, value in entry.items() if key not in known}}


def _by_name(items: list[Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        if name := _name(item):
            found.setdefault(name, item)
    return found


def _index_in(text: str, key: str) -> int:
    return next(index for index, item in enumerate(json.loads(text)) if _name(item) == key)


def _name(item: Any) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    return name.strip().casefold() if isinstance(name, str) else ""


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RegistryError(f"{path} cannot be read: {error.strerror}.") from error
