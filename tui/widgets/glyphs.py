"""What graphs are drawn with: eighths of a cell, or plain ASCII where a terminal has no blocks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

GraphStyle = Literal["auto", "blocks", "ascii"]
PLAIN_TERMINALS = ("linux", "dumb", "vt100", "vt220", "ansi")
"""Their fonts have full and half blocks at most."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of signs, each one cell wide."""

    columns: str
    """From empty to full, nine steps."""
    bars: str
    """From nearly empty to full, eight steps, filled from the left."""
    axis: str
    tick: str
    """Of the axis, beside a number."""
    event_line: str
    """In the free cells above something that happened."""
    marks: Mapping[str, str]
    """By kind of event."""
    dot: str


BLOCKS = Glyphs(
    columns=" ▁▂▃▄▅▆▇█",
    bars="▏▎▍▌▋▊▉█",
    axis="│",
    tick="┤",
    event_line="┊",
    marks={"load": "▲", "unload": "▽", "first token": "◆", "crash": "✕", "bench": "■"},
    dot="●",
)
ASCII = Glyphs(
    columns=" __--==##",
    bars="---==###",
    axis="|",
    tick="+",
    event_line=":",
    marks={"load": "^", "unload": "v", "first token": "*", "crash": "x", "bench": "%"},
    dot="*",
)


def choose_glyphs(
    style: GraphStyle, environment: Mapping[str, str], encoding: str | None = None
) -> Glyphs:
    """Return the signs to draw with.

    Args:
        style: What the settings say; `auto` looks at terminal and encoding.
        environment: For `TERM`.
        encoding: Of the terminal; None for that of standard output.
    """
    if style == "auto":
        encoding = encoding or getattr(sys.__stdout__, "encoding", None) or "utf-8"
        plain = environment.get("TERM", "") in PLAIN_TERMINALS
        return ASCII if plain or not encoding.lower().startswith("utf") else BLOCKS
    return ASCII if style == "ascii" else BLOCKS
