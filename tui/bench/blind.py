"""Rating without knowing whose answer it is: drawn order, no names, one prompt after the other."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from tui.bench.ratings import CRITERIA, HIGHEST, LOWEST, RaterProgress, Rating, Scores
from tui.bench.summary import Summary
from tui.bench.wording import short_name
from tui.catalog.resolve import stem
from tui.foundry.errors import FoundryError
from tui.foundry.ids import split_version

MASK = "[model]"
_LEAST_NAME = 4
"""Shorter names may be words of the language."""


class RatingError(FoundryError):
    """Nothing can be rated, or not any more."""

    code = "rating"


@dataclass(frozen=True, slots=True)
class BlindSheet:
    """The answers to one prompt, in drawn order. Only `targets` tells whose they are."""

    prompt_index: int
    prompt: str
    answers: tuple[str, ...]
    targets: tuple[str, ...]
    """Never shown and never exported."""

    @property
    def letters(self) -> str:
        """A letter for each answer."""
        return ascii_uppercase[: len(self.answers)]


def blind_sheets(summary: Summary, rater: str, seed: int) -> tuple[BlindSheet, ...]:
    """Return a sheet for each prompt that at least two targets answered.

    Of several rounds the first good answer stands for all, so that all raters judge the same one.
    A name of a target that stands in an answer is masked.

    Raises:
        RatingError: No prompt has two answers.
    """
    names = _names(target.facts.target for target in summary.targets)
    first: dict[tuple[int, str], str] = {}
    for one in sorted(summary.requests, key=lambda one: one.step.sequence):
        if one.error is None and one.figures is not None and one.figures.text.strip():
            first.setdefault((one.step.prompt_index, one.step.target), one.figures.text)
    sheets = []
    for index, prompt in enumerate(summary.plan.prompt_set.prompts):
        targets = [
            target.facts.target
            for target in summary.targets
            if (index, target.facts.target) in first
        ]
        if len(targets) < 2:
            continue
        random.Random(f"{seed}:{summary.run_id}:{rater}:{index}").shuffle(targets)
        answers = tuple(_masked(first[index, target], names) for target in targets)
        sheets.append(BlindSheet(index, prompt, answers, tuple(targets)))
    if not sheets:
        raise RatingError(
            "There is nothing to rate: no prompt has answers of two models.",
            "Measure two or more models first.",
        )
    return tuple(sheets)


def _names(targets: Iterable[str]) -> re.Pattern[str] | None:
    names = {
        name
        for target in targets
        for name in (target, split_version(target)[0], short_name(target), stem(target))
    }
    long = sorted((name for name in names if len(name) >= _LEAST_NAME), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, long)), re.IGNORECASE) if long else None


def _masked(text: str, names: re.Pattern[str] | None) -> str:
    return names.sub(MASK, text) if names else text


class BlindSession:
    """One person's way through the sheets of a run.

    Scores are given cell by cell: the criteria of an answer, then the next answer. What has to be
    written down is returned: the caller keeps it.

    Args:
        sheets: From `blind_sheets`.
        progress: What this person said before.
    """

    def __init__(self, sheets: Sequence[BlindSheet], progress: RaterProgress) -> None:
        self.sheets = tuple(sheets)
        self._given = {one.prompt_index: one for one in progress.ratings}
        self._order = [one.prompt_index for one in progress.ratings]
        self._entered: list[tuple[int, int]] = []
        self._reopened: BlindSheet | None = None
        self.marks: dict[tuple[int, int], int] = {}
        """Scores of the sheet in hand, by answer and criterion."""
        self.cursor = (0, 0)
        """Answer and criterion that the next score is for."""

    @property
    def rated(self) -> int:
        """How many sheets are done."""
        return sum(sheet.prompt_index in self._given for sheet in self.sheets)

    @property
    def sheet(self) -> BlindSheet | None:
        """The sheet in hand; None when all are done."""
        if self._reopened is not None:
            return self._reopened
        return next((one for one in self.sheets if one.prompt_index not in self._given), None)

    @property
    def place(self) -> int:
        """Which of the sheets is in hand, from 1."""
        sheet = self.sheet
        return self.sheets.index(sheet) + 1 if sheet else len(self.sheets)

    def move(self, answers: int, criteria: int) -> None:
        """Go to another cell."""
        if sheet := self.sheet:
            answer, criterion = self.cursor
            self.cursor = (
                max(0, min(len(sheet.answers) - 1, answer + answers)),
                max(0, min(len(CRITERIA) - 1, criterion + criteria)),
            )

    def score(self, value: int) -> Rating | None:
        """Enter a score at the cursor; returns the rating with the sheet's last score."""
        sheet = self.sheet
        if sheet is None or not LOWEST <= value <= HIGHEST:
            return None
        self.marks[self.cursor] = value
        self._entered.append(self.cursor)
        cells = [(a, c) for a in range(len(sheet.answers)) for c in range(len(CRITERIA))]
        at = cells.index(self.cursor)
        empty = [cell for cell in cells[at:] + cells[:at] if cell not in self.marks]
        if empty:
            self.cursor = empty[0]
            return None
        scores = {target: self._scores_of(a) for a, target in enumerate(sheet.targets)}
        return self._done(Rating(sheet.prompt_index, "scores", scores))

    def score_all(self, scores: Sequence[Scores]) -> Rating | None:
        """Enter the scores of all answers at once, in their order."""
        sheet = self.sheet
        if sheet is None or len(scores) != len(sheet.answers):
            return None
        by_target = dict(zip(sheet.targets, scores, strict=True))
        return self._done(Rating(sheet.prompt_index, "scores", by_target))

    def tie(self) -> Rating | None:
        """Call all answers equally good: what one of them was given fully, all are given."""
        sheet = self.sheet
        if sheet is None:
            return None
        whole = [
            answer
            for answer in range(len(sheet.answers))
            if all((answer, criterion) in self.marks for criterion in range(len(CRITERIA)))
        ]
        scores = {target: self._scores_of(whole[-1]) for target in sheet.targets} if whole else {}
        return self._done(Rating(sheet.prompt_index, "tie", scores))

    def skip(self) -> Rating | None:
        """Say nothing about this sheet."""
        sheet = self.sheet
        return self._done(Rating(sheet.prompt_index, "skip")) if sheet else None

    def skip_rest(self) -> tuple[Rating, ...]:
        """Say nothing about all sheets that are left."""
        skipped = []
        while rating := self.skip():
            skipped.append(rating)
        return tuple(skipped)

    def undo(self) -> int | None:
        """Take the last score back; at the start of a sheet the rating of the one before.

        Returns:
            The prompt whose rating has to be forgotten, if any.
        """
        if self._entered:
            self.cursor = self._entered.pop()
            self.marks.pop(self.cursor, None)
            return None
        if not self._order:
            return None
        index = self._order.pop()
        rating = self._given.pop(index)
        sheet = next((one for one in self.sheets if one.prompt_index == index), None)
        self._reopened = sheet
        if sheet is not None and rating.kind == "scores":
            cells = [(a, c) for a in range(len(sheet.answers)) for c in range(len(CRITERIA))]
            for answer, criterion in cells[:-1]:
                self.marks[answer, criterion] = rating.scores[sheet.targets[answer]][criterion]
            self._entered = cells[:-1]
            self.cursor = cells[-1]
        return index

    def clear(self) -> None:
        """Take back all scores of the sheet in hand."""
        self._entered, self.marks, self.cursor = [], {}, (0, 0)

    def _scores_of(self, answer: int) -> Scores:
        first, second, third = (self.marks[answer, criterion] for criterion in range(len(CRITERIA)))
        return (first, second, third)

    def _done(self, rating: Rating) -> Rating:
        self._given[rating.prompt_index] = rating
        self._order.append(rating.prompt_index)
        self._reopened = None
        self.clear()
        return rating
