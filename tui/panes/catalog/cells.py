"""How the catalog's rows and details are written."""

from __future__ import annotations

from textual.content import Content

from tui.catalog.fit import Fit
from tui.catalog.rows import CatalogRow
from tui.formats import UNKNOWN, format_bytes, format_context
from tui.foundry.merge import NOT_UNDERSTOOD
from tui.foundry.text import clean_text
from tui.widgets.table import Cell, Column, Row, Tone

COLUMNS = (
    Column("  ", 3),
    Column("MODEL", 18, flexible=True),
    Column("DEVICE", 7, from_width=66),
    Column("SIZE", 8, align="right"),
    Column("CONTEXT", 7, align="right", from_width=86),
    Column("FIT", 8),
    Column("NEEDS", 8, align="right", from_width=76),
    Column("STATE", 9),
)
UNREAD = (
    "The foundry command printed this line, and it was not understood. The rest of the list is "
    "complete; please report the line."
)
_GLYPHS = {"loaded": "●", "cached": "○", "available": "·", "registry only": " "}
_STATE_WORDS = {"available": "catalog", "registry only": "registry"}
_STATE_TONES: dict[str, Tone] = {"loaded": "good", "cached": "accent"}
_FIT_TONES: dict[str, Tone] = {"fits": "good", "tight": "warn", "too big": "bad"}


def table_row(row: CatalogRow) -> Row:
    """Write one line of the list."""
    fit = row.fit
    muted: Tone = "muted" if row.state == "registry only" else ""
    mark = "*" if row.marked else " "
    opener = ("▾" if row.expanded else "▸") if row.expandable else " "
    label = clean_text(row.label, False)
    demo = " (demo)" if row.model and row.model.demo and not row.depth else ""
    return Row(
        row.key,
        (
            Cell(f"{mark}{_GLYPHS[row.state]}{opener}", _STATE_TONES.get(row.state, "muted")),
            Cell(f"{'  ' * row.depth}{label}{demo}", muted),
            Cell(row.device, "muted"),
            Cell(format_bytes(row.size_bytes), muted),
            Cell(format_context(row.context_tokens), "muted"),
            _fit_cell(fit),
            Cell(format_bytes(fit.need_bytes) if fit and fit.need_bytes else UNKNOWN, "muted"),
            _state_cell(row),
        ),
    )


def _state_cell(row: CatalogRow) -> Cell:
    if _is_unread(row):
        return Cell("unread", "warn")
    if row.model is not None and row.model.as_of:
        return Cell("offline", "muted")
    return Cell(_STATE_WORDS.get(row.state, row.state), _STATE_TONES.get(row.state, "muted"))


def _is_unread(row: CatalogRow) -> bool:
    return row.model is not None and row.model.task == NOT_UNDERSTOOD


def _fit_cell(fit: Fit | None) -> Cell:
    if fit is None:
        return Cell(UNKNOWN, "muted")
    if fit.source == "loaded":
        return Cell("loaded", "good")
    return Cell(fit.verdict, _FIT_TONES.get(fit.verdict, "muted"))


def details(row: CatalogRow) -> Content:
    """Write what is known about the row under the cursor; the first lines say the most."""
    lines = [Content.styled(clean_text(row.label, False), "b $primary")]
    if _is_unread(row):
        return Content("\n").join([*lines, Content(UNREAD)])
    model = row.model
    if model is not None:
        facts = [
            model.display_name if model.display_name != model.alias else "",
            model.publisher,
            model.license,
            model.task,
            "tools" if model.supports_tools else "",
        ]
        lines.append(Content(clean_text(" · ".join(fact for fact in facts if fact), False)))
    if model is not None and model.as_of:
        lines.append(
            Content.styled(
                f"From the public catalog of {model.as_of}, with the variants known then: getting "
                "it needs a network; R asks again.",
                "$text-warning",
            )
        )
    fit = row.fit
    if fit is not None:
        tone = {"good": "$text-success", "warn": "$text-warning", "bad": "$text-error"}.get(
            _FIT_TONES.get(fit.verdict, ""), ""
        )
        lines.append(Content.assemble((fit.verdict.capitalize(), tone), ": ", fit.reason))
    if row.entry is not None:
        notes = f", {row.entry.notes}" if row.entry.notes else ""
        lines.append(
            Content(
                clean_text(
                    f"Registry: {row.entry.task}, min {row.entry.min_ram_gb:g} GiB RAM{notes}",
                    False,
                )
            )
        )
    if row.state == "registry only":
        lines.append(
            Content(
                "Named by models.json, not in this catalog. It shows up once the backend lists "
                "it: the public catalog needs a network."
            )
        )
    if model is not None and model.description:
        lines += [Content(""), Content(clean_text(model.description))]
    if fit is not None and fit.parts:
        lines.append(Content(""))
        for part in fit.parts:
            lines.append(
                Content.assemble(
                    f"{part.label:<14.14}{format_bytes(part.size_bytes):>9}  ",
                    (part.source, "$text-muted"),
                )
            )
    if row.variant is not None:
        lines += [
            Content(""),
            Content.styled(clean_text(row.variant.id, False), "$text-muted"),
            Content.styled(clean_text(row.variant.execution_provider, False), "$text-muted"),
        ]
    return Content("\n").join(lines)
