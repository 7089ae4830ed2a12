"""Answers side by side, as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.content import Content

from tui.bench.answers import Answered
from tui.bench.wording import short_name
from tui.formats import format_duration
from tui.foundry.text import clean_text

LEAST_COLUMN = 32
GAP = 3


def answers_text(prompt: str, answers: Sequence[Answered], width: int) -> Content:
    """Write the prompt and below it a column for each answer; what does not fit stands below.

    Args:
        prompt: What was asked.
        answers: What the targets said.
        width: Cells.
    """
    abreast = max(1, min(len(answers), (width + GAP) // (LEAST_COLUMN + GAP)))
    column = (width - GAP * (abreast - 1)) // abreast
    parts = [Content.styled(clean_text(prompt), "b")]
    for first in range(0, len(answers), abreast):
        cells = [_cell(one, column) for one in answers[first : first + abreast]]
        parts.append(Content(""))
        for line in zip_longest(*cells, fillvalue=Content("")):
            padded = [one.pad_right(max(0, column - one.cell_length)) for one in line[:-1]]
            parts.append(Content(" " * GAP).join([*padded, line[-1]]))
    return Content("\n").join(parts)


def _cell(one: Answered, column: int) -> list[Content]:
    lines = [Content.styled(clean_text(short_name(one.target), False), "b $primary")]
    facts = [f"E2E {format_duration(one.e2e_s)}"]
    if one.different > 1:
        facts.append(f"{one.different} different answers in {one.good}, the first is shown")
    lines.append(Content.styled(" · ".join(facts), "$foreground-muted"))
    if one.text:
        lines.append(Content(clean_text(one.text)))
    if one.error:
        lines.append(Content.styled(f"failed: {clean_text(one.error, False)}", "$text-error"))
    for outcome in one.outcomes:
        said = f"{'passed' if outcome.passed else 'not passed'}: {outcome.check}"
        if outcome.reason and not outcome.passed:
            said += f" ({outcome.reason})"
        tone = "$text-success" if outcome.passed else "$text-error"
        lines.append(Content.styled(clean_text(said, False), tone))
    return [piece for line in lines for piece in line.wrap(column)]
