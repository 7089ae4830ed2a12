"""Completes the path of a directory while it is typed."""

from __future__ import annotations

import asyncio

from textual.suggester import Suggester

from tui.paths import typed_path


class FolderSuggester(Suggester):
    """Completes a path to the first directory that fits."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed path, or None."""
        return await asyncio.to_thread(_complete, value)


def _complete(value: str) -> str | None:
    if not value:
        return None
    typed = typed_path(value)
    parent, start = (typed, "") if value.endswith(("/", "\\")) else (typed.parent, typed.name)
    try:
        names = sorted(one.name for one in parent.iterdir() if one.is_dir())
    except OSError:
        return None
    for name in names:
        if name.startswith(start) and name != start and (start or not name.startswith(".")):
            return value + name[len(start) :]
    return None
