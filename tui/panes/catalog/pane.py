"""The pane Catalog: find a model, see whether it fits, run it."""

from __future__ import annotations

import time
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui.actions import bindings_of
from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS
from tui.catalog.inputs import FitInputs
from tui.catalog.registry import Registry
from tui.catalog.rows import CatalogRow, CatalogView
from tui.formats import format_context
from tui.foundry.backend import DescribesModels
from tui.foundry.text import clean_text
from tui.foundry.types import Capability
from tui.messages import (
    ChatRequested,
    ContextProbeRequested,
    JobRequested,
    MarkRequested,
    PaneRequested,
    RefreshRequested,
    RunRequested,
)
from tui.panes.catalog.cells import COLUMNS, table_row
from tui.panes.catalog.details import brief, details
from tui.panes.catalog.list_actions import ListActions
from tui.panes.catalog.registry_actions import RegistryActions
from tui.panes.catalog.wording import empty_text, gpu_bytes_of, memory_of, notice_text
from tui.store import State
from tui.widgets.search import SearchField
from tui.widgets.table import LazyRow, Table

MOST_MARKED = 4
CONTEXTS = (1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072)


class CatalogPane(ListActions, RegistryActions):
    """The list of models."""

    TOPICS = ("backend", "models", "cache", "marks", "system")
    SCOPES = ("catalog",)
    HELP = (
        "All models that the backend lists, those in memory (●) and on disk (○) first, and what "
        "your team's models.json names. FIT says whether a model fits into this machine's free "
        "memory now; the details say why."
    )
    BINDINGS = bindings_of("catalog")

    def compose(self) -> ComposeResult:
        """Lay out search, list and details."""
        with Horizontal(classes="pane-head"):
            yield SearchField(
                "/ search: name, task, device, licence …",
                leave=self._leave_search,
                id="catalog-search",
            )
            yield Static(id="catalog-summary")
        yield Static(id="catalog-notice", markup=False)
        with Horizontal(classes="split"):
            yield Table(COLUMNS, id="catalog-table")
            yield Static(id="catalog-details", classes="details", markup=False)

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
        summed = (state.models, self._context_tokens, state.kv_shapes, state.memory_records)
        if self._summed != summed:
            self._summed, self._sums = summed, {}
        self._inputs = FitInputs(
            memory=memory_of(state).coarse(self._inputs.memory),
            context_tokens=self._context_tokens,
            kv=state.kv_shapes,
            measured=state.memory_records,
            providers=state.info.providers if state.info else (),
            gpu_bytes=gpu_bytes_of(state),
            figures=state.figures,
            usable=state.usable_contexts,
            sums=self._sums,
        )
        self.table.empty = empty_text(state, self.search.value)
        self._show_notice(clean_text(notice_text(state, time.time())))
        self.draw_list()

    def _show_notice(self, text: str) -> None:
        notice = self.query_one("#catalog-notice", Static)
        if notice.content != text:
            notice.update(text)
            notice.display = bool(text)

    def draw_list(self) -> None:
        """Draw the rows again, and what is known about the one under the cursor."""
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

    def _table_row(self, row: CatalogRow) -> LazyRow:
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
        row = self.row
        panel = self.query_one("#catalog-details", Static)
        shown = Content("")
        if row is not None:
            narrow = self.screen.has_class("-narrow")
            shown = brief(row) if narrow else details(row, panel.content_size.width or 36)
        # Once a second there is nothing new here, and every cell of it would go down the line.
        if shown != self._details:
            self._details = shown
            panel.update(shown, layout=False)

    def _leave_search(self) -> None:
        self.searched()
        self.screen.set_focus(self.table)

    @on(SearchField.Changed)
    def searched(self) -> None:
        """Draw what the search finds, from its first row."""
        self.table.empty = empty_text(self.store.state, self.search.value)
        self.draw_list()
        self.table.action_first_row()

    @on(Table.Chosen)
    def _run_chosen(self) -> None:
        self.action_run()

    def action_run(self) -> None:
        """Download if needed, load, be ready."""
        if variant := self.wanted_variant():
            self.post_message(RunRequested(variant.id))

    def action_chat(self) -> None:
        """Open the chat with the model; it is loaded on the way."""
        if variant := self.wanted_variant():
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
        variant = self.wanted_variant()
        if variant is None:
            return
        info = self.store.state.info
        fetches = info is None or info.supports(Capability.DOWNLOAD)
        already = {
            "download": "on disk already" if variant.cached and fetches else "",
            "load": "loaded already" if variant.loaded else "",
            "unload": "" if variant.loaded else "not loaded",
        }[kind]
        if already:
            self.notify(f"{variant.id} is {already}.", markup=False)
        else:
            self.post_message(JobRequested(kind, variant.id))

    def action_mark(self) -> None:
        """Mark or unmark the variant for a comparison."""
        variant = self.wanted_variant()
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
        if not self.store.state.marked and (variant := self.wanted_variant()):
            self.post_message(MarkRequested(variant.id))
        self.post_message(PaneRequested("bench"))

    def action_search(self) -> None:
        """Go to the search field."""
        self.screen.set_focus(self.search)

    def action_open(self) -> None:
        """Show or hide the variants of the model."""
        if (row := self.row) and (row.expandable or row.depth):
            self._expanded ^= {row.alias}
            self.draw_list()

    def action_info(self) -> None:
        """Show all that is known about the model under the cursor."""
        from tui.panes.catalog.info_dialog import InfoDialog

        if (row := self.row) is None:
            return
        backend, description = self.store.backend, None
        listed = row.model is not None and not row.model.as_of
        if isinstance(backend, DescribesModels) and row.variant is not None and listed:
            description = backend.describe(row.variant.id)
        self.app.push_screen(InfoDialog(row, description))

    def action_probe_context(self) -> None:
        """Find out how long a context the loaded model really takes."""
        if (variant := self.wanted_variant()) is None:
            return
        if variant.loaded:
            self.post_message(ContextProbeRequested(variant.id))
            said = f"Probing the context of {variant.id}; J shows it, x there stops it."
        else:
            said = f"{variant.id} is not in memory: l loads it."
        self.notify(said, markup=False)

    def activated(self) -> None:
        """Look at the registry's file too: others may have changed it."""
        super().activated()
        self.look_at_registry()

    def on_resize(self) -> None:
        """Fold the details to the new width."""
        if self.is_mounted:
            self._show_details()

    def action_refresh_models(self) -> None:
        """Ask the catalog again, and look at the registry's file."""
        self.look_at_registry()
        self.post_message(RefreshRequested("models", by_user=True))
