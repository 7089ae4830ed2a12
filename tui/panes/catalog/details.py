"""What the panel beside or below the table says about the row under the cursor."""

from __future__ import annotations

from textwrap import wrap

from textual.content import Content

from tui.catalog.about import Fact, SumLine, Tone, about, sum_lines, summary_text
from tui.catalog.rows import CatalogRow
from tui.formats import format_bytes
from tui.foundry.merge import NOT_UNDERSTOOD
from tui.foundry.text import clean_text

UNREAD = (
    "The foundry command printed this line, and it was not understood. The rest of the list is "
    "complete; please report the line."
)
REGISTRY_ONLY = (
    "Named by models.json, not in this catalog. It shows up once the backend lists it: the public "
    "catalog needs a network."
)
STYLES: dict[Tone, str] = {
    "": "", "muted": "dim", "good": "$text-success", "warn": "$text-warning",
    "bad": "$text-error",
}  # fmt: skip
LABEL_WIDTH, SIZE_WIDTH = 11, 8
LEAST_NOTE = 12
INDENT = "  "


def is_unread(row: CatalogRow) -> bool:
    """Tell whether a row stands for a line that could not be read."""
    return row.model is not None and row.model.task == NOT_UNDERSTOOD


def details(row: CatalogRow, width: int) -> Content:
    """Write what is known about a row, what matters most first.

    Args:
        row: The row under the cursor.
        width: Cells in a line.
    """
    head = Content.styled(clean_text(row.label, False), "b $primary")
    if is_unread(row):
        return Content("\n").join([head, Content(UNREAD)])
    model, variant = row.model, row.variant
    lines = [head]
    if model is not None and (summary := summary_text(model, variant)):
        lines.append(Content(clean_text(summary, False)))
    if model is not None and model.as_of:
        lines.append(_offline(model.as_of))
    if model is None or variant is None:
        return Content("\n").join([*lines, *_nameless(row)])
    facts = about(model, variant, row.inputs, row.entry, row.newer)
    if variant.loaded and facts[0].label == "Attention":
        lines = [head, _fact(facts[0]), *lines[1:]]  # nobody must overlook it
        facts = facts[1:]
    for fact in facts:
        lines.append(_fact(fact))
        if fact.label == "Fit":
            lines += [
                *(_sum_line(one, width) for one in sum_lines(row.fit_or_unknown)),
                Content(""),
            ]
    if model.description:
        lines += [Content(""), Content(clean_text(model.description))]
    lines += [
        Content(""),
        Content.styled(clean_text(variant.id, False), "dim"),
        Content.styled(clean_text(variant.execution_provider, False), "dim"),
    ]
    return Content("\n").join(lines)


def brief(row: CatalogRow) -> Content:
    """Write the few lines that there is room for below the table of a narrow terminal."""
    model, variant = row.model, row.variant
    if is_unread(row) or model is None or variant is None:
        return details(row, 0)
    summary = clean_text(summary_text(model, variant), False)
    head = Content.assemble((clean_text(row.label, False), "b $primary"), f"  {summary}")
    facts = about(model, variant, row.inputs, row.entry, row.newer)
    first = [fact for fact in facts if fact.label in ("Attention", "Fit", "Update")]
    rest = [fact for fact in facts if fact not in first and fact.label != "Runs on"]
    more = " · ".join(clean_text(f"{one.label}: {one.value}", False) for one in reversed(rest))
    lines = [head, *(_fact(one) for one in first)]
    if model.as_of:
        known = f"Known from {model.as_of}: getting it needs a network; R asks again."
        lines.insert(1, Content.styled(known, "$text-warning"))
    return Content("\n").join([*lines, Content(more)])


def _fact(fact: Fact) -> Content:
    if fact.label in ("Fit", "Attention"):
        word, mark, text = clean_text(fact.value, False).partition(": ")
        return Content.assemble((word, STYLES[fact.tone]), mark, text)
    value = clean_text(fact.value, False)
    return Content.assemble((f"{fact.label}: ", "dim"), (value, STYLES[fact.tone]))


def _sum_line(line: SumLine, width: int) -> Content:
    size = "" if line.size_bytes is None else format_bytes(line.size_bytes)
    left = f"{line.label:<{LABEL_WIDTH}}{size:>{SIZE_WIDTH}}  "
    text, tone = clean_text(line.note, False), STYLES[line.tone] or "dim"
    if len(text) <= width - len(left):
        return Content.assemble(left, (text, tone))
    # A long note in what is left of a narrow panel would be a word a line.
    note = wrap(text, max(LEAST_NOTE, width - len(INDENT)), break_on_hyphens=False)
    return Content("\n").join(
        [Content(left.rstrip()), *(Content.styled(f"{INDENT}{one}", tone) for one in note)]
    )


def _offline(as_of: str) -> Content:
    return Content.styled(
        f"From the public catalog of {as_of}, with the variants known then: getting it needs a "
        "network; R asks again.",
        "$text-warning",
    )


def _nameless(row: CatalogRow) -> list[Content]:
    """Write what there is to say of a row without a variant."""
    lines = []
    if row.entry is not None:
        notes = f", {row.entry.notes}" if row.entry.notes else ""
        ram = f"min {row.entry.min_ram_gb:g} GiB RAM"
        lines.append(Content(clean_text(f"Registry: {row.entry.task}, {ram}{notes}", False)))
    if row.state == "registry only":
        lines.append(Content(REGISTRY_ONLY))
    return lines
