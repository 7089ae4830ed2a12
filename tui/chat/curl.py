"""A request as a command that anybody can run: `curl`, with the key left to a variable."""

from __future__ import annotations

import json
import re
import shlex

from tui.foundry.endpoint.address import parse_address
from tui.foundry.endpoint.chat_body import chat_body, route_of
from tui.foundry.types import ChatRequest

_STEERS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON lets through and a terminal may obey."""


def as_curl(endpoint: str, request: ChatRequest, key_variable: str | None = None) -> str:
    """Return the request as a command for a shell of Unix, over several lines.

    Args:
        endpoint: Address of the server, with or without `/v1`.
        request: What is asked.
        key_variable: Environment variable that holds the server's key; None where it wants none.
            The key itself never stands in the command.
    """
    body = json.dumps(chat_body(request), ensure_ascii=False, indent=2)
    body = _STEERS.sub(lambda match: f"\\u{ord(match[0]):04x}", body)
    parts = [
        f"curl -N {shlex.quote(f'{parse_address(endpoint).api}/{route_of(request)}')}",
        "-H 'Content-Type: application/json'",
    ]
    if key_variable is not None:
        parts.append(f'-H "Authorization: Bearer ${{{key_variable}}}"')
    return " \\\n  ".join([*parts, f"-d {shlex.quote(body)}"])
