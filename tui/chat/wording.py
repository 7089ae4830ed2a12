"""What is said below an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.chat.figures import AnswerFigures
from tui.formats import format_duration, format_speed

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
    """Write a record as one line: `TTFT 0.34 s · 41 tok/s · 31 tokens · 24 ms each · ...`."""
    about = "~" if record.get("tokens_estimated") else ""
    parts = []
    if record.get("ttft_s") is not None:
        parts.append(f"TTFT {format_duration(record['ttft_s'])}")
    if record.get("decode_tok_s") is not None:
        parts.append(f"{about}{format_speed(record['decode_tok_s'])}")
    if record.get("output_tokens") is not None:
        count = record["output_tokens"]
        parts.append(f"{about}{count:,} {'token' if count == 1 else 'tokens'}")
    if record.get("tpot_s") is not None:
        parts.append(f"{about}{format_duration(record['tpot_s'])} each")
    parts.append(ENDINGS.get(str(record.get("ended")), ENDINGS["unknown"]))
    return " · ".join(parts)
