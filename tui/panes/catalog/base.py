"""What the actions of the catalog's pane work on: the row under the cursor, and the list."""

from __future__ import annotations

from textual.content import Content
from textual.getters import query_one

from tui.catalog.fit import DEFAULT_CONTEXT_TOKENS, Sum
from tui.catalog.inputs import FitInputs
from tui.catalog.resolve import find_variant
from tui.catalog.rows import CatalogRow, CatalogView
from tui.catalog.snapshot import out_of_reach
from tui.catalog.sorting import SortKey
from tui.foundry.errors import FoundryError, NotFound
from tui.foundry.types import Variant
from tui.panes.base import Pane
from tui.session import Session
from tui.store import Store
from tui.widgets.search import SearchField
from tui.widgets.table import LazyRow, Table


class CatalogBase(Pane):
    """The state of the list; how it is drawn and what can be done stand in the subclasses."""

    table = query_one("#catalog-table", Table)
    search = query_one("#catalog-search", SearchField)

    def __init__(self, store: Store, session: Session, *, id: str) -> None:  # noqa: A002
        super().__init__(store, session, id=id)
        self._view = CatalogView(())
        self._listed: tuple[object, object] = (None, None)
        self._inputs = FitInputs()
        self._expanded: frozenset[str] = frozenset()
        self._sort: SortKey = "state"
        self._reverse = False
        self._context_tokens = DEFAULT_CONTEXT_TOKENS
        self._rows: dict[str, CatalogRow] = {}
        self._details = Content("")
        self._drawn: dict[str, tuple[CatalogRow, LazyRow]] = {}
        self._sums: dict[str, Sum | None] = {}
        self._summed: tuple[object, ...] = ()

    def draw_list(self) -> None:
        """Draw the rows again; overridden by the pane."""

    def searched(self) -> None:
        """Draw what the search finds; overridden by the pane."""

    @property
    def row(self) -> CatalogRow | None:
        """The row under the cursor."""
        return self._rows.get(self.table.cursor_key)

    def wanted_variant(self) -> Variant | None:
        """Return the variant under the cursor, or say why there is none."""
        row = self.row
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

    def go_to(self, name: str) -> None:
        """Put the cursor on a model, whatever was searched for."""
        self.search.value = ""
        self.draw_list()
        try:
            model, _ = find_variant(self.store.state.models or (), name)
        except NotFound:
            alias = name
        else:
            alias = model.alias
        for key, row in self._rows.items():
            if row.alias == alias and self.table.move_to(key):
                return

    def say_error(self, error: FoundryError) -> None:
        """Tell what went wrong and what to do."""
        self.notify(f"{error.message}\n{error.hint}".strip(), severity="warning", markup=False)
