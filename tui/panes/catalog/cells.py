"""How the catalog's rows are written."""

from __future__ import annotations

from tui.catalog.providers import short_name
from tui.catalog.resolve import variant_suffix
from tui.catalog.rows import CatalogRow
from tui.formats import UNKNOWN, format_bytes, format_context
from tui.foundry.text import clean_text
from tui.panes.catalog.details import is_unread
from tui.widgets.table import Cell, Column, LazyRow, Tone

COLUMNS = (
    Column("  ", 3),
    Column("MODEL", 18, flexible=True, keep_end=True),
    Column("DEVICE", 7, from_width=66),
    Column("SIZE", 7, align="right"),
    Column("CONTEXT", 7, align="right", from_width=84),
    Column("FIT", 11),
    Column("NEEDS", 7, align="right", from_width=75),
    Column("TOK/S", 6, align="right", from_width=92),
    Column("STATE", 8),
    Column("TASK", 10, from_width=104),
    Column("EP", 9, from_width=116),
    Column("LICENCE", 10, from_width=128),
    Column("TOOLS", 5, from_width=135),
    Column("REGISTRY", 14, from_width=151),
)
_GLYPHS = {"loaded": "●", "cached": "○", "available": "·", "registry only": " "}
_STATE_WORDS = {"available": "catalog", "registry only": "registry"}
_STATE_TONES: dict[str, Tone] = {"loaded": "good", "cached": "accent"}
_FIT_TONES: dict[str, Tone] = {"fits": "good", "tight": "warn", "too big": "bad"}


def table_row(row: CatalogRow) -> LazyRow:
    """Return one line of the list; it is written when it comes on the screen."""
    return LazyRow(row.key, row, _cells)


def _cells(row: CatalogRow) -> tuple[Cell, ...]:
    fit = row.fit
    muted: Tone = "muted" if row.state == "registry only" else ""
    mark = "*" if row.marked else " "
    opener = ("▾" if row.expanded else "▸") if row.expandable else " "
    # Under its model a variant is told by the end of its name, which a narrow column would cut.
    label = clean_text(variant_suffix(row.label) if row.depth else row.label, False)
    demo = " (demo)" if row.model and row.model.demo and not row.depth else ""
    return (
        Cell(f"{mark}{_GLYPHS[row.state]}{opener}", _STATE_TONES.get(row.state, "muted")),
        Cell(f"{'  ' * row.depth}{label}{demo}", muted),
        Cell(row.device, "muted"),
        Cell(format_bytes(row.size_bytes), muted),
        Cell(format_context(row.context_tokens), "muted"),
        _fit_cell(row),
        Cell(format_bytes(fit.need_bytes) if fit and fit.need_bytes else UNKNOWN, "muted"),
        _speed_cell(row),
        _state_cell(row),
        *_more_cells(row),
    )


def _more_cells(row: CatalogRow) -> tuple[Cell, ...]:
    """Write what only a wide terminal has room for."""
    model, variant, entry = row.model, row.variant, row.entry
    tools = {True: "yes", False: "no", None: UNKNOWN}[model.supports_tools] if model else ""
    provider = short_name(variant.execution_provider) if variant else ""
    team = f"{entry.task} {entry.min_ram_gb:g} GiB" if entry else ""
    return (
        Cell(clean_text(model.task if model else "", False), "muted"),
        Cell(clean_text(provider, False), "warn" if row.provider_lacks else "muted"),
        Cell(clean_text(model.license if model else "", False), "muted"),
        Cell(tools, "muted"),
        Cell(clean_text(team, False), "muted"),
    )


def _speed_cell(row: CatalogRow) -> Cell:
    speed = row.figures.decode_tok_s if row.figures else None
    return Cell(UNKNOWN if speed is None else f"{speed:,.0f}", "muted" if speed is None else "")


def _state_cell(row: CatalogRow) -> Cell:
    if is_unread(row):
        return Cell("unread", "warn")
    if row.model is not None and row.model.as_of:
        return Cell("offline", "muted")
    if row.newer is not None:
        return Cell(f"▲{_STATE_WORDS.get(row.state, row.state)}", "warn")
    return Cell(_STATE_WORDS.get(row.state, row.state), _STATE_TONES.get(row.state, "muted"))


def _fit_cell(row: CatalogRow) -> Cell:
    fit = row.fit
    if fit is None:
        return Cell(UNKNOWN, "muted")
    if row.provider_lacks:
        return Cell(f"no {row.provider_lacks}", "bad")
    if fit.source == "loaded":
        return Cell("loaded", "good")
    return Cell(fit.verdict, _FIT_TONES.get(fit.verdict, "muted"))
