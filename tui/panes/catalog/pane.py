"""The pane Catalog: find a model, see whether it fits, run it."""

from __future__ import annotations

import asyncio
from typing import Literal, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.actions import bindings_of
from tui.catalog.compare import compare
from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS
from tui.catalog.query import facets, toggled
from tui.catalog.registry import Registry
from tui.catalog.resolve import find_variant
from tui.catalog.rows import (
    SORT_KEYS,
    CatalogRow,
    CatalogView,
    FitInputs,
    SortKey,
    suggested_entry,
)
from tui.catalog.snapshot import out_of_reach
from tui.database import Database, DatabaseError
from tui.formats import format_context
from tui.foundry.errors import NotFound
from tui.foundry.types import Model, Variant
from tui.messages import (
    ChatRequested,
    JobRequested,
    MarkRequested,
    PaneRequested,
    RefreshRequested,
    RegistryChanged,
    RunRequested,
)
from tui.panes.base import Pane
from tui.panes.catalog.cells import COLUMNS, details, table_row
from tui.panes.catalog.wording import empty_text, memory_of
from tui.store import State
from tui.widgets.dialogs.choose import Choice, ChooseDialog
from tui.widgets.search import SearchField
from tui.widgets.table import Row, Table

MOST_MARKED = 4
CONTEXTS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)


class CatalogPane(Pane):
    """The list of models."""

    TOPICS = ("backend", "models", "cache", "marks", "system")
    SCOPES = ("catalog",)
    HELP = (
        "All models that the backend lists, those in memory (●) and on disk (○) first, and what "
        "your team's models.json names. FIT says whether a model fits into this machine's free "
        "memory now; the details say why."
    )
    BINDINGS = bindings_of("catalog")

    table = query_one("#catalog-table", Table)
    search = query_one("#catalog-search", SearchField)

    def compose(self) -> ComposeResult:
        """Lay out search, list and details."""
        with Horizontal(classes="pane-head"):
            yield SearchField(
                "/ search: name, task, device, licence …",
                leave=self._leave_search,
                id="catalog-search",
            )
            yield Static(id="catalog-summary")
        with Horizontal(classes="split"):
            yield Table(COLUMNS, id="catalog-table")
            yield Static(id="catalog-details", classes="details", markup=False)

    def on_mount(self) -> None:
        """Prepare the view before the first drawing."""
        self._view = CatalogView(())
        self._listed: tuple[object, object] = (None, None)
        self._inputs = FitInputs()
        self._expanded: frozenset[str] = frozenset()
        self._sort: SortKey = "state"
        self._reverse = False
        self._context_tokens = DEFAULT_CONTEXT_TOKENS
        self._rows: dict[str, CatalogRow] = {}
        self._details = Content("")
        self._drawn: dict[str, tuple[CatalogRow, Row]] = {}
        super().on_mount()

    def focus_default(self) -> None:
        """Start in the list."""
        self.screen.set_focus(self.table)

    def show_state(self, state: State) -> None:
        """Draw the list; what has not changed is not made again."""
        if self._listed != (state.models, state.registry):
            self._listed = (state.models, state.registry)
            # Without an answer, what to do about it has the room, not the registry's rows.
            known = state.models is not None
            self._view = CatalogView(state.models or (), state.registry if known else Registry())
        self._inputs = FitInputs(
            memory=memory_of(state).coarse(),
            context_tokens=self._context_tokens,
            kv=state.kv_shapes,
            measured=state.memory_records,
        )
        self.table.empty = empty_text(state, self.search.value)
        self._list()

    def _list(self) -> None:
        state = self.store.state
        rows = self._view.rows(
            self._inputs,
            state.marked,
            self._expanded,
            self.search.value,
            self._sort,
            reverse=self._reverse,
        )
        self._rows = {row.key: row for row in rows}
        self.table.set_rows([self._table_row(row) for row in rows])
        summary = self.query_one("#catalog-summary", Static)
        if summary.content != (text := self._summary(state)):
            summary.update(text)
        self._show_details()

    def _table_row(self, row: CatalogRow) -> Row:
        # The view hands out the same row as long as nothing about it changes, so that a letter
        # typed into the search costs no verdicts.
        kept = self._drawn.get(row.key)
        if kept is None or kept[0] is not row:
            kept = self._drawn[row.key] = (row, table_row(row))
        return kept[1]

    def _summary(self, state: State) -> str:
        shown = sum(row.depth == 0 and row.model is not None for row in self._rows.values())
        parts = [f"{shown} of {len(self._view)} models"]
        if self._sort != "state" or self._reverse:
            parts.append(f"{'▾' if self._reverse else '▴'} {self._sort}")
        if self._context_tokens != DEFAULT_CONTEXT_TOKENS:
            parts.append(f"{format_context(self._context_tokens)} context")
        if state.marked:
            parts.append(f"{len(state.marked)} marked")
        return " · ".join(parts)

    @on(Table.Highlighted)
    def _show_details(self) -> None:
        row = self._row
        shown = details(row) if row else Content("")
        # Once a second there is nothing new here, and every cell of it would go down the line.
        if shown != self._details:
            self._details = shown
            self.query_one("#catalog-details", Static).update(shown, layout=False)

    def _leave_search(self) -> None:
        self._searched()
        self.screen.set_focus(self.table)

    @on(SearchField.Changed)
    def _searched(self) -> None:
        self.table.empty = empty_text(self.store.state, self.search.value)
        self._list()
        self.table.action_first_row()

    @on(Table.Chosen)
    def _run_chosen(self) -> None:
        self.action_run()

    @property
    def _row(self) -> CatalogRow | None:
        return self._rows.get(self.table.cursor_key)

    def _variant(self) -> Variant | None:
        """Return the variant under the cursor, or say why there is none."""
        row = self._row
        if row is not None and row.model is not None and row.model.as_of:
            error = out_of_reach(row.model)
            self.notify(f"{error.message}\n{error.hint}", severity="warning", markup=False)
            return None
        if row is not None and row.variant is not None:
            return row.variant
        if row is not None:
            self.notify(
                f"{row.label} is named by models.json, but this backend does not list it.\n"
                "Connect to a network, or import it in the pane Cache (2).",
                severity="warning",
                markup=False,
            )
        return None

    def action_run(self) -> None:
        """Download if needed, load, be ready."""
        if variant := self._variant():
            self.post_message(RunRequested(variant.id))

    def action_chat(self) -> None:
        """Open the chat with the model; it is loaded on the way."""
        if variant := self._variant():
            if variant.loaded:
                self.post_message(ChatRequested(variant.id))
            else:
                self.post_message(RunRequested(variant.id, then_chat=True))

    def action_download(self) -> None:
        """Fetch the variant to disk."""
        self._start("download")

    def action_load(self) -> None:
        """Bring the variant into memory."""
        self._start("load")

    def action_unload(self) -> None:
        """Drop the variant from memory."""
        self._start("unload")

    def _start(self, kind: Literal["download", "load", "unload"]) -> None:
        variant = self._variant()
        if variant is None:
            return
        already = {
            "download": "on disk already" if variant.cached else "",
            "load": "loaded already" if variant.loaded else "",
            "unload": "" if variant.loaded else "not loaded",
        }[kind]
        if already:
            self.notify(f"{variant.id} is {already}.", markup=False)
        else:
            self.post_message(JobRequested(kind, variant.id))

    def action_mark(self) -> None:
        """Mark or unmark the variant for a comparison."""
        variant = self._variant()
        if variant is None:
            return
        marked = self.store.state.marked
        if variant.id not in marked and len(marked) >= MOST_MARKED:
            self.notify(f"At most {MOST_MARKED} models are compared at once.", severity="warning")
            return
        self.post_message(MarkRequested(variant.id))
        self.table.action_cursor_down()

    def action_bench(self) -> None:
        """Go to the benchmark with the marked models."""
        if not self.store.state.marked and (variant := self._variant()):
            self.post_message(MarkRequested(variant.id))
        self.post_message(PaneRequested("bench"))

    def action_search(self) -> None:
        """Go to the search field."""
        self.screen.set_focus(self.search)

    @work(group="choose", exclusive=True)
    async def action_filter(self) -> None:
        """Choose a filter; it goes into the search, where it can be changed by hand."""
        models = self.store.state.models or ()
        inputs = self._inputs

        def verdict(model: Model, variant: Variant) -> str:
            return inputs.judge(model, variant).verdict

        typed = {word.casefold() for word in self.search.value.split()}
        choices = [
            Choice(token, token, f"{meaning} ({count})", token in typed)
            for token, meaning, count in facets(models, verdict)
        ]
        hint = "It stands in the search then: type -is:cached for the rest, size<2gb, context>32k."
        if token := await self.app.push_screen_wait(ChooseDialog("Show only", choices, hint)):
            self.search.value = toggled(self.search.value, token)
            self._searched()

    @work(group="choose", exclusive=True)
    async def action_sort(self) -> None:
        """Choose the order; the same again turns it round."""
        choices = [Choice(key, key, what, key == self._sort) for key, what in SORT_KEYS]
        dialog = ChooseDialog("Sort by", choices, "The same again turns it round.")
        if key := await self.app.push_screen_wait(dialog):
            self._reverse = key == self._sort and not self._reverse
            self._sort = cast(SortKey, key)
            self._list()
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
    async def action_entry(self) -> None:
        """Add the model under the cursor to `models.json`, or change its entry."""
        if (row := self._row) is None:
            return
        from tui.panes.catalog.entry_dialog import EntryDialog

        dialog = EntryDialog(
            self.session.registry_path,
            row.entry.as_dict() if row.entry else suggested_entry(row),
            row.entry.name if row.entry else None,
        )
        registry = await self.app.push_screen_wait(dialog)
        if registry is not None:
            self.post_message(RegistryChanged(registry))
            self.notify(f"{self.session.registry_path.name} was written.", markup=False)

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
        from tui.bench.measured import latest_measured
        from tui.panes.catalog.compare_dialog import CompareDialog

        ids = [variant.id for _, variant in pairs]
        try:
            database = Database(self.session.paths.database)
            measured = await asyncio.to_thread(latest_measured, database, ids)
        except DatabaseError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="warning", markup=False)
            measured = {}
        lines = compare(pairs, self._inputs, measured)
        await self.app.push_screen_wait(CompareDialog(ids, lines))

    def action_open(self) -> None:
        """Show or hide the variants of the model."""
        if (row := self._row) and (row.expandable or row.depth):
            self._expanded ^= {row.alias}
            self._list()

    def action_refresh_models(self) -> None:
        """Ask the catalog again."""
        self.post_message(RefreshRequested("models", by_user=True))

    @work(group="recommend", exclusive=True)
    async def action_recommend(self) -> None:
        """Ask for a task, show the model that the registry recommends for this machine."""
        from tui.panes.catalog.recommend import RecommendDialog

        sample = self.store.state.sample
        total = sample.ram_total_bytes if sample else None
        dialog = RecommendDialog(self.store.state.registry, total or 0)
        if name := await self.app.push_screen_wait(dialog):
            self._go_to(name)

    def _go_to(self, name: str) -> None:
        self.search.value = ""
        self._list()
        try:
            model, _ = find_variant(self.store.state.models or (), name)
        except NotFound:
            alias = name
        else:
            alias = model.alias
        for key, row in self._rows.items():
            if row.alias == alias and self.table.move_to(key):
                return
