"""Completes the path of a directory while it is typed."""

from __future__ import annotations

import asyncio

from textual.suggester import Suggester

from tui.cache.bundle import is_archive
from tui.paths import typed_path


class FolderSuggester(Suggester):
    """Completes a path to the first directory that fits.

    Args:
        archives: Or to an archive that may hold a model.
    """

    def __init__(self, *, archives: bool = False) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._archives = archives

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed path, or None."""
        return await asyncio.to_thread(_complete, value, self._archives)


def _complete(value: str, archives: bool) -> str | None:
    if not value:
        return None
    typed = typed_path(value)
    parent, start = (typed, "") if value.endswith(("/", "\\")) else (typed.parent, typed.name)
    try:
        names = sorted(
            one.name for one in parent.iterdir() if one.is_dir() or (archives and is_archive(one))
        )
    except OSError:
        return None
    for name in names:
        if name.startswith(start) and name != start and (start or not name.startswith(".")):
            return value + name[len(start) :]
    return None
