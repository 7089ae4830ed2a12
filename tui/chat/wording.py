"""What is said below an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.chat.figures import AnswerFigures
from tui.formats import format_context, format_duration, format_speed
from tui.foundry.types import Device

ENDINGS = {
    "stop": "stopped by itself",
    "length": "cut at the token limit",
    "content_filter": "cut by a content filter",
    "tool_calls": "asked for a tool",
    "unknown": "ended without saying why",
    "user": "stopped by you",
    "failed": "broke off",
    "growing": "was being written when the program ended",
}
"""Words for why an answer ended, by what `ended` holds."""

LEVELS = "▁▂▃▄▅▆▇█"
LEAST_DIFFERENCE_S = 0.001
"""From here on the first answer token is told apart from the first token."""

_KEPT = (
    "ttft_s",
    "ttfa_s",
    "tpot_s",
    "decode_tok_s",
    "e2e_s",
    "input_tokens",
    "output_tokens",
    "tokens_estimated",
)


def as_record(figures: AnswerFigures, ended: str) -> dict[str, Any]:
    """Return the figures to keep with a turn, with units in the names.

    Args:
        figures: What was measured.
        ended: A key of `ENDINGS`.
    """
    return {name: getattr(figures, name) for name in _KEPT} | {"ended": ended}


def figures_line(record: Mapping[str, Any]) -> str:
    """Write a record as one line: `TTFT 0.34 s · 41 tok/s · 7 in, 31 out · ...`.

    Args:
        record: From `as_record`; with `device` and `context_tokens` where they are known. Without
            `ended` the answer is still being written.
    """
    about = "~" if record.get("tokens_estimated") else ""
    ttft_s, ttfa_s = record.get("ttft_s"), record.get("ttfa_s")
    parts = []
    if ttft_s is not None:
        parts.append(f"TTFT {format_duration(ttft_s)}")
    if ttfa_s is not None and ttft_s is not None and ttfa_s - ttft_s >= LEAST_DIFFERENCE_S:
        parts.append(f"TTFA {format_duration(ttfa_s)}")
    if record.get("decode_tok_s") is not None:
        parts.append(f"{about}{format_speed(record['decode_tok_s'])}")
    if record.get("output_tokens") is not None:
        count, came_in = record["output_tokens"], record.get("input_tokens")
        unit = "token" if count == 1 else "tokens"
        text = f"{about}{count:,}"
        parts.append(f"{text} {unit}" if came_in is None else f"{came_in:,} in, {text} out")
    if context := context_text(record):
        parts.append(context)
    if record.get("device") not in (None, "", Device.UNKNOWN):
        parts.append(str(record["device"]))
    if "ended" in record:
        parts.append(ENDINGS.get(str(record["ended"]), ENDINGS["unknown"]))
    return " · ".join(parts)


def context_text(record: Mapping[str, Any]) -> str:
    """Write how much of the model's context is used: `context ▂ 1,204 of 4 k`; '' if unknown."""
    used, whole = context_used(record), record.get("context_tokens")
    if used is None:
        return ""
    about = "~" if record.get("context_estimated") else ""
    if not whole:
        return f"context {about}{used:,}"
    level = min(len(LEVELS) - 1, used * len(LEVELS) // whole)
    return f"context {LEVELS[level]} {about}{used:,} of {format_context(whole)}"


def context_used(record: Mapping[str, Any]) -> int | None:
    """Return how many tokens of the context were used when the answer ended; None if unknown."""
    used = record.get("context_used_tokens")
    if used is None and record.get("input_tokens") and record.get("output_tokens") is not None:
        used = record["input_tokens"] + record["output_tokens"]
    return used if isinstance(used, int) else None
