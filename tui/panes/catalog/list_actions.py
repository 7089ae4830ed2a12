"""Filter, order, planned context and comparison of the catalog's list."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

from textual import work

from tui.catalog.compare import compare
from tui.catalog.inputs import FitInputs
from tui.catalog.query import facets, toggled
from tui.catalog.sorting import SORT_KEYS, SortKey
from tui.database import Database, DatabaseError
from tui.panes.catalog.base import CatalogBase
from tui.widgets.dialogs.choose import Choice, ChooseDialog

CONTEXTS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)


class ListActions(CatalogBase):
    """What changes the list and what it is judged by."""

    @work(group="choose", exclusive=True)
    async def action_filter(self) -> None:
        """Choose a filter; it goes into the search, where it can be changed by hand."""
        models = self.store.state.models or ()
        typed = {word.casefold() for word in self.search.value.split()}
        offered = await asyncio.to_thread(facets, models, self._inputs)
        choices = [
            Choice(token, token, f"{meaning} ({count})", token in typed)
            for token, meaning, count in offered
        ]
        hint = "It stands in the search then: type -is:cached for the rest, size<2gb, context>32k."
        if token := await self.app.push_screen_wait(ChooseDialog("Show only", choices, hint)):
            self.search.value = toggled(self.search.value, token)
            self.searched()

    @work(group="choose", exclusive=True)
    async def action_sort(self) -> None:
        """Choose the order; the same again turns it round."""
        choices = [Choice(key, key, what, key == self._sort) for key, what in SORT_KEYS]
        dialog = ChooseDialog("Sort by", choices, "The same again turns it round.")
        if key := await self.app.push_screen_wait(dialog):
            self._reverse = key == self._sort and not self._reverse
            self._sort = cast(SortKey, key)
            self.draw_list()
            self.table.action_first_row()

    @work(group="choose", exclusive=True)
    async def action_context(self) -> None:
        """Choose the context that the verdicts plan for."""
        choices = [
            Choice(
                str(tokens), f"{tokens:,}", "tokens of prompt and answer",
                tokens == self._context_tokens,
            )
            for tokens in CONTEXTS
        ]  # fmt: skip
        hint = "The longer the context, the more memory the KV cache takes."
        if tokens := await self.app.push_screen_wait(ChooseDialog("Plan for", choices, hint)):
            self._context_tokens = int(tokens)
            self.show_state(self.store.state)

    @work(group="choose", exclusive=True)
    async def action_compare(self) -> None:
        """Show the marked variants side by side."""
        pairs = [
            (model, variant)
            for model in self.store.state.models or ()
            for variant in model.variants
            if variant.id in self.store.state.marked
        ]
        if len(pairs) < 2:
            self.notify("Mark two or more models with space, then compare them.")
            return
        from tui.panes.catalog.compare_dialog import CompareDialog

        ids = [variant.id for _, variant in pairs]
        # A variant that was measured may have left the disk: its figures are looked up anew.
        lines = compare(pairs, await self._with_figures(ids), self.store.state.registry)
        await self.app.push_screen_wait(CompareDialog(ids, lines))

    async def _with_figures(self, ids: list[str]) -> FitInputs:
        from tui.bench.measured import latest_measured

        database = Database(self.session.paths.database)
        try:
            found = await asyncio.to_thread(latest_measured, database, ids)
        except DatabaseError as error:
            self.say_error(error)
            return self._inputs
        return replace(self._inputs, figures=found)
