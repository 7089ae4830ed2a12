"""From the bytes that a command printed to lines and JSON. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tui.foundry.text import clean_text

LINE_LIMIT = 2000
"""Characters of a line that are looked at; the tools print none that is longer."""
_CANDIDATES = 400
_LOG = re.compile(r"^\[\d\d:\d\d:\d\d (?:ERR|WRN|INF|DBG|VRB|FTL)\]")
_RULE = re.compile(r"^[-=─━]{5,}$")
_PROMPT = re.compile(r"^PS [A-Za-z]:\\")


def text_of(data: bytes) -> str:
    """Decode what a command printed: UTF-8, or UTF-16 where a Windows console made it so."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def lines_of(data: bytes) -> list[str]:
    """Return what was printed as clean lines; each redrawing of a line is a line of its own."""
    text = clean_text(text_of(data)).expandtabs()
    return [line[:LINE_LIMIT].rstrip() for line in text.split("\n")]


def whole_lines_of(data: bytes) -> list[str]:
    """Return the lines that were printed to their end; a last one that was cut is left out."""
    return lines_of(data)[:-1]


def is_log_line(line: str) -> bool:
    """Tell whether a line is a log message that got between the others: `[10:50:17 ERR] ...`."""
    return _LOG.match(line) is not None


def is_blank(line: str) -> bool:
    """Tell whether a line holds nothing, a rule, or the prompt of a shell in a transcript."""
    bare = line.strip()
    return not bare or _RULE.match(bare) is not None or _PROMPT.match(bare) is not None


def json_of(data: bytes) -> Any:
    """Return the JSON document in what a command printed, chatter before and after it left out.

    Returns:
        An object, or a list of objects or texts; None where there is none.
    """
    text = text_of(data)
    decoder = json.JSONDecoder()
    for start in _candidates(text):
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
        if isinstance(value, list) and all(isinstance(item, dict | str) for item in value):
            return value
    return None


def _candidates(text: str) -> Iterator[int]:
    """Yield where a document may begin: at the beginning of a line, then anywhere."""
    at_line_start = [match.start(1) for match in re.finditer(r"(?m)^[ \t]*([{\[])", text)]
    anywhere = (match.start() for match in re.finditer(r"[{\[]", text))
    yield from at_line_start[:_CANDIDATES]
    for count, start in enumerate(anywhere):
        if count >= _CANDIDATES:
            return
        yield start


def size_bytes(text: str) -> int | None:
    """Read a size as the tools write it: `8.37 GB`, `756 MB`, `0,52 GB`; 1 GB is 1024 MB."""
    match = re.fullmatch(r"(\d+(?:[.,]\d+)?) ?([KMGT]?)B", text.strip())
    if match is None:
        return None
    number = float(match[1].replace(",", "."))
    return int(number * 1024 ** ("", "K", "M", "G", "T").index(match[2]))
