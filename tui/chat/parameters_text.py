"""Parameters as a person types them, field by field."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tui.chat.parameters import MOST_STOPS, Parameters

FIELDS: dict[str, tuple[str, str]] = {
    "temperature": ("temperature", "0 to 2: 0 takes the likeliest word each time"),
    "top_p": ("top_p", "above 0, to 1: chooses among the likeliest words only"),
    "max_tokens": ("max tokens", "longest answer, a whole number above 0"),
    "seed": ("seed", "a whole number: same seed, same answer"),
    "stop": ("stop texts", f"end the answer; up to {MOST_STOPS}, between them |; \\n: new line"),
}  # fmt: skip
"""Name and meaning of each field beside the system prompt; an empty one is left to the server."""


def as_texts(parameters: Parameters) -> dict[str, str]:
    """Return what stands in each field."""
    texts = {}
    for name in FIELDS:
        value = getattr(parameters, name)
        if name == "stop":
            texts[name] = "|".join(one.replace("\\", "\\\\").replace("\n", "\\n") for one in value)
        elif isinstance(value, float):
            texts[name] = f"{value:g}"
        else:
            texts[name] = "" if value is None else str(value)
    return texts


def read_texts(system_prompt: str, texts: Mapping[str, str]) -> tuple[Parameters, dict[str, str]]:
    """Read the fields.

    Returns:
        The parameters, and for each field that cannot be read what it must hold; such a field
        counts as empty.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, read in _READERS.items():
        text = texts.get(name, "")
        if not text.strip():
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            wrong[name] = f"{FIELDS[name][0]} must be {error}."
    return Parameters(system_prompt, **values), wrong


def _number(least: float, most: float, words: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text.strip().replace(",", "."))
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(words)
        return value

    return read


def _whole(least: int | None, words: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            value = int(text.strip())
        except ValueError:
            raise ValueError(words) from None
        if (least is not None and value < least) or abs(value) >= 2**63:
            raise ValueError(words)
        return value

    return read


def _stops(text: str) -> tuple[str, ...]:
    marked = text.replace("\\\\", "\0")
    stops = tuple(one.replace("\\n", "\n").replace("\0", "\\") for one in marked.split("|") if one)
    if len(stops) > MOST_STOPS:
        raise ValueError(f"{MOST_STOPS} texts at most")
    return stops


_READERS: dict[str, Callable[[str], object]] = {
    "temperature": _number(0, 2, "a number from 0 to 2"),
    "top_p": _number(1e-6, 1, "a number above 0, to 1"),
    "max_tokens": _whole(1, "a whole number above 0"),
    "seed": _whole(None, "a whole number"),
    "stop": _stops,
}
