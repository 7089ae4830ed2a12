"""Changes one entry in the text of a JSON list, and leaves every other character as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_BLANK = " \t\r\n"


def spans(text: str) -> list[tuple[int, int]]:
    """Return where each element of the list begins and ends.

    Raises:
        ValueError: The text is no JSON list.
    """
    decoder = json.JSONDecoder()
    at = _skip(text, text.startswith("\ufeff"))
    if text[at : at + 1] != "[":
        raise ValueError("no list")
    at = _skip(text, at + 1)
    found: list[tuple[int, int]] = []
    while text[at : at + 1] != "]":
        _, end = decoder.raw_decode(text, at)
        found.append((at, end))
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    return found


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def appended(text: str, value: Mapping[str, Any]) -> str:
    """Return the text with one more element at the end, written as those before it are."""
    found = spans(text)
    if not found:
        start, end = text.index("["), text.rindex("]")
        return f"{text[: start + 1]}\n  {_dump(value, '', '  ')}\n{text[end:]}"
    start, end = found[-1]
    indent = _indent(text, start)
    # What stands between two elements; a list on one line stays on one line.
    between = f"\n{indent}" if "\n" in text[: found[0][0]] else " "
    written = _dump(value, text[start:end], indent)
    return f"{text[:end]},{between}{written}{text[end:]}"


def replaced(text: str, index: int, value: Mapping[str, Any]) -> str:
    """Return the text with another value in the place of an element."""
    start, end = spans(text)[index]
    return text[:start] + _dump(value, text[start:end], _indent(text, start)) + text[end:]


def removed(text: str, index: int) -> str:
    """Return the text without an element, and without the comma that parted it."""
    found = spans(text)
    start, end = found[index]
    if index + 1 < len(found):
        return text[:start] + text[found[index + 1][0] :]
    if index:
        return text[: found[index - 1][1]] + text[end:]
    return text[: text.index("[") + 1] + text[text.rindex("]") :]


def _dump(value: Mapping[str, Any], like: str, indent: str) -> str:
    """Write a value on one line, or on several where the one it follows is."""
    lines = like.split("\n")
    step: str | None = None
    if len(lines) > 1:
        inner = lines[1][: len(lines[1]) - len(lines[1].lstrip())]
        step = inner.removeprefix(indent) or "  "
    written = json.dumps(value, ensure_ascii=False, indent=step)
    try:
        written.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can spell
        written = json.dumps(value, indent=step)
    return written.replace("\n", f"\n{indent}")


def _indent(text: str, start: int) -> str:
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line[: len(line) - len(line.lstrip())]


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at
