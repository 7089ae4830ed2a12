"""What the screen opens with, where a verb ends there: `chat --resume`, `chat X`."""

from __future__ import annotations

import sys

from tui.cli.arguments import Parsed
from tui.cli.options import Opening

_NEED_A_PROMPT = (
    "system", "preset", "max_tokens", "temperature", "top_p", "seed", "stop", "raw", "save",
    "at_once", "curl", "show_request",
)  # fmt: skip


def opening_of(parsed: Parsed) -> Opening | None:
    """Return what to open the screen with; None where the verb does its work without one.

    A chat without a prompt goes on on the screen, if there is one, and unless something was said
    that concerns a single request.

    Raises:
        NotFound: There is no such conversation.
        Ambiguous: Several conversations are meant.
    """
    arguments = parsed.arguments
    if parsed.verb != "chat" or parsed.as_json or arguments.prompt or arguments.models:
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    if any(getattr(arguments, name) not in (None, False) for name in _NEED_A_PROMPT):
        return None
    if arguments.resume is None:
        model = arguments.model or ""
        return Opening("chat", variant=model or None) if "," not in model else None
    if arguments.model is not None or len(arguments.resume.split()) > 1:
        return None  # the prompt stands where the model, or the id, would
    from tui.chat.sessions import Sessions
    from tui.database import Database
    from tui.paths import default_paths

    database = Database(default_paths().database)
    try:
        return Opening("chat", Sessions(database).find(arguments.resume))
    finally:
        database.close()
