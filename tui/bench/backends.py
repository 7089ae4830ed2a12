"""The backends of one run: its own, and the servers that some targets name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tui.bench.targets import Target
from tui.foundry.backend import Backend
from tui.foundry.errors import BackendUnavailable

OpenEndpoint = Callable[[str], Awaitable[Backend]]
"""Connects to a server by address or by its name in the settings."""
CLOSE_LIMIT_S = 10.0


class Backends:
    """Finds the backend of a target, and connects where needed.

    Args:
        main: Serves the targets that name no server; stays open.
        open_endpoint: Connects to the others; None where none can be.
    """

    def __init__(self, main: Backend, open_endpoint: OpenEndpoint | None = None) -> None:
        self.main = main
        self._open = open_endpoint
        self._opened: dict[str, Backend] = {}

    async def of(self, target: Target) -> Backend:
        """Return the backend that serves a target. Raises `FoundryError`."""
        if not target.endpoint:
            return self.main
        if target.endpoint not in self._opened:
            if self._open is None:
                raise BackendUnavailable(f"The server '{target.endpoint}' cannot be reached here.")
            self._opened[target.endpoint] = await self._open(target.endpoint)
        return self._opened[target.endpoint]

    async def close(self) -> None:
        """Close the connections that were opened here."""
        opened, self._opened = self._opened, {}
        for backend in opened.values():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await backend.close()
