"""Asks what there is: the service first, by HTTP; the command where the service cannot tell."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from tui.foundry.commands.link import Connection, ServiceLink
from tui.foundry.commands.probe import Grammar
from tui.foundry.commands.process import CommandLine
from tui.foundry.commands.records import Listing
from tui.foundry.errors import BackendUnavailable, FoundryError, TimedOut
from tui.foundry.listing import Listed
from tui.foundry.merge import listed, rows_of, rows_of_service

LIST_LIMIT_S = 120.0
"""Listing may start the service, and that may fetch execution providers."""


class Inventory:
    """What is in the catalog, on disk and in memory.

    Args:
        command: The binary.
        grammar: Its generation's.
        link: The way to the service.
    """

    def __init__(self, command: CommandLine, grammar: Grammar, link: ServiceLink) -> None:
        self._command = command
        self._grammar = grammar
        self._link = link

    async def catalog(
        self, connection: Connection | None
    ) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """Return a row for each variant, and the lines that could not be read.

        Raises:
            BackendUnavailable: With what the command says instead of a list.
        """
        if connection is not None and connection.management is not None:
            with contextlib.suppress(FoundryError):
                if found := await connection.management.catalog():
                    return rows_of_service(found), ()
        tools: dict[str, bool] = {}
        if self._grammar.generation == "preview":
            listing, plain = await asyncio.gather(
                self._list(self._grammar.models()), self._list(("model", "list", "-o", "json"))
            )
            for row in plain.rows:
                if row.supports_tools is not None:
                    tools[row.alias] = row.supports_tools
            if not listing.answered:
                # Each asks for less than the one before: all variants, JSON, neither.
                listing = plain if plain.answered else await self._list(("model", "list"))
        else:
            listing = await self._list(self._grammar.models())
        if not listing.answered:
            raise BackendUnavailable(
                f"foundry does not list its models: {listing.error or 'it printed no list'}",
                "See `foundry-tui service status`; refresh to try again.",
            )
        return rows_of(listing.rows, tools), listing.not_understood

    async def _list(self, arguments: Sequence[str]) -> Listing:
        printed = await self._command.run(arguments, limit_s=LIST_LIMIT_S)
        if self._link.connection is None:
            await self._link.look_again()  # listing starts the service
        return self._grammar.read_models(printed.data)

    async def cached(self, connection: Connection | None) -> Sequence[Listed] | None:
        """Return what is on disk; None where nobody tells, or nobody in time."""
        if connection is not None and connection.management is not None:
            with contextlib.suppress(FoundryError):
                if (ids := await connection.management.cached()) is not None:
                    return listed(ids)
        try:
            printed = await self._command.run(self._grammar.cached(), limit_s=LIST_LIMIT_S)
        except TimedOut:  # it may hang while execution providers are fetched
            return None
        listing = self._grammar.read_cached(printed.data)
        return listing.rows if listing.answered else None

    async def loaded(self, connection: Connection | None) -> Sequence[Listed]:
        """Return what is in memory."""
        if connection is None:
            return ()
        if connection.management is not None:
            with contextlib.suppress(FoundryError):
                return listed(await connection.management.loaded())
        printed = await self._command.run(self._grammar.loaded(), limit_s=LIST_LIMIT_S)
        return self._grammar.read_loaded(printed.data).rows
