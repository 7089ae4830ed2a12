"""Reads the user's own prompts: text lines, JSON, JSONL, CSV or TOML.

* `.txt` (or any other ending): one prompt a line; blank lines are passed over.
* `.json`: a list, or an object with a list `prompts`; of texts, or of objects with `prompt` and if
  wanted `name`, `task` and `checks`.
* `.jsonl`: the same, one text or object a line.
* `.csv`: a row of headings with `prompt`, and if wanted `name`, `task`, `contains`, `exact`,
  `regex`, `numeric`, `tolerance`, `json_schema`.
* `.toml`: `prompts = ["...", {prompt = "...", checks = [{contains = "..."}]}]`.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tui.bench.checks import KINDS, CheckError, read_check
from tui.bench.prompt_sets import NAMES
from tui.bench.prompts import Prompt, PromptSet
from tui.foundry.errors import FoundryError
from tui.paths import typed_path

LARGEST_FILE_BYTES = 4 * 1024 * 1024
MOST_PROMPTS = 1000
LONGEST_PROMPT = 200_000
HINT = (
    "One prompt a line (.txt); a list of texts or of objects with 'prompt' and 'checks' (.json, "
    ".jsonl, .toml); or a column 'prompt' (.csv)."
)
_KEYS = ("prompt", "name", "task", "checks")
_COLUMNS = ("prompt", "name", "task", "tolerance", *KINDS)

Placed = tuple[str, Any]
"""Where something stands in the file, and what it is."""


class PromptsError(FoundryError):
    """A file of prompts cannot be used."""

    code = "prompts"
    exit_code = 2


def find_prompts(name: str) -> PromptSet:
    """Return a set that ships, or read a file; a file of that name comes first.

    Raises:
        PromptsError: Neither is there, or the file cannot be used.
    """
    path = typed_path(name)
    if not path.exists() and name.strip().lower() in NAMES:
        return NAMES[name.strip().lower()]
    if not path.exists():
        raise PromptsError(
            f"There is no file {path}.", f"Check the path, or take a set: {', '.join(NAMES)}."
        )
    return load_prompts(path)


def load_prompts(path: Path) -> PromptSet:
    """Read prompts from a file; see the module for its forms. Raises `PromptsError`."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise PromptsError(f"{path} is too large for a file of prompts.", HINT)
        data = path.read_bytes()
    except OSError as error:
        raise PromptsError(f"{path} cannot be read: {error.strerror}.", HINT) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise PromptsError(
            f"{path}, line {line}, column {column}: no UTF-8 text.", "Save it as UTF-8."
        ) from error
    try:
        items = tuple(_prompt(*one) for one in _placed(path.suffix.lower(), text))
    except _Problem as problem:
        raise PromptsError(f"{path}, {problem}.", HINT) from problem
    if not items:
        raise PromptsError(f"{path} holds no prompts.", HINT)
    if len(items) > MOST_PROMPTS:
        raise PromptsError(f"{path} holds {len(items)} prompts.", f"At most {MOST_PROMPTS}.")
    return PromptSet(path.name, items)


def read_items(values: Any, what: str = "'prompts'") -> tuple[Prompt, ...]:
    """Read prompts out of plain values, as a plan file and the database have them.

    Raises:
        PromptsError: They are none.
    """
    try:
        return tuple(_prompt(*one) for one in _listed(values, what))
    except _Problem as problem:
        raise PromptsError(f"The prompts are not understood: {problem}.", HINT) from problem


class _Problem(Exception):
    """What is wrong, and where."""


def _placed(suffix: str, text: str) -> Iterator[Placed]:
    if suffix == ".json":
        values = _json(text, 1)
        if isinstance(values, dict):
            values = values.get("prompts")
        yield from _listed(values, "the file")
    elif suffix == ".jsonl":
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield f"line {number}", _json(line, number)
    elif suffix == ".csv":
        yield from _csv_rows(text)
    elif suffix == ".toml":
        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise _Problem(f"not understood: {error}") from error
        yield from _listed(values.get("prompts"), "the file")
    else:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield f"line {number}", line


def _listed(values: Any, what: str) -> Iterator[Placed]:
    if not isinstance(values, list):
        raise _Problem(f"{what} does not hold a list of prompts")
    for number, one in enumerate(values, 1):
        yield f"prompt {number}", one


def _json(text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {line + error.lineno - 1}, column {error.colno}"
        raise _Problem(f"{place}: {error.msg}") from error
    except RecursionError as error:
        raise _Problem(f"line {line}: nested too deeply") from error


def _csv_rows(text: str) -> Iterator[Placed]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        headings = [name.strip().lower() for name in reader.fieldnames or ()]
        if "prompt" not in headings:
            raise _Problem("line 1: no column is named 'prompt'")
        if wrong := next((one for one in headings if one not in _COLUMNS), None):
            known = ", ".join(_COLUMNS)
            raise _Problem(f"line 1: the column '{wrong}' is not known; there are {known}")
        reader.fieldnames = headings
        for row in reader:
            place = f"line {reader.line_num}"
            if None in row or None in row.values():
                raise _Problem(f"{place}: another number of columns than in line 1")
            if any(row.values()):
                yield place, _csv_values(place, row)
    except csv.Error as error:
        raise _Problem(f"line {reader.line_num}: {error}") from error


def _csv_values(place: str, row: dict[str, Any]) -> dict[str, Any]:
    checks: list[dict[str, Any]] = []
    for kind in KINDS:
        text = row.get(kind) or ""
        if not text.strip():
            continue
        check: dict[str, Any] = {kind: text}
        try:
            if kind == "numeric":
                check = {kind: float(text), "tolerance": float(row.get("tolerance") or 0)}
            elif kind == "json_schema":
                check = {kind: json.loads(text)}
        except (ValueError, RecursionError) as error:
            raise _Problem(f"{place}, column '{kind}': {error}") from error
        checks.append(check)
    return {key: row.get(key) or "" for key in ("prompt", "name", "task")} | {"checks": checks}


def _prompt(place: str, value: Any) -> Prompt:
    values = {"prompt": value} if isinstance(value, str) else value
    if not isinstance(values, dict):
        raise _Problem(f"{place}: neither a text nor an object with 'prompt'")
    if wrong := next((key for key in values if key not in _KEYS), None):
        raise _Problem(f"{place}: '{wrong}' is not known; there are {', '.join(_KEYS)}")
    text = values.get("prompt")
    if not isinstance(text, str) or not text.strip():
        raise _Problem(f"{place}: 'prompt' must be a text that is not empty")
    if len(text) > LONGEST_PROMPT:
        raise _Problem(f"{place}: longer than {LONGEST_PROMPT:,} characters")
    name, task = values.get("name", ""), values.get("task", "")
    if not isinstance(name, str) or not isinstance(task, str):
        raise _Problem(f"{place}: 'name' and 'task' must be texts")
    checks = values.get("checks", [])
    if not isinstance(checks, list):
        raise _Problem(f"{place}: 'checks' must be a list")
    try:
        return Prompt(text.strip(), tuple(map(read_check, checks)), name, task)
    except CheckError as error:
        raise _Problem(f"{place}: {error}") from error
