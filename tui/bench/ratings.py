"""Ratings of a run's answers in the database, each as it is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal

from tui.bench.context import now_text
from tui.database import Database

Criterion = Literal["fluency", "relevance", "accuracy"]
CRITERIA: tuple[Criterion, ...] = ("fluency", "relevance", "accuracy")
LOWEST, HIGHEST = 1, 5
Kind = Literal["scores", "tie", "skip"]
Scores = tuple[int, int, int]
"""In the order of `CRITERIA`, each 1 to 5."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person said of the answers to one prompt."""

    prompt_index: int
    kind: Kind
    """'tie': all answers are as good as each other; 'skip': nothing is said."""
    scores: Mapping[str, Scores] = field(default_factory=dict)
    """By target; a tie may be without."""


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """How far one person is with a run."""

    rater: str
    seed: int
    """Draws the order of this person's answers."""
    finished_at: str | None
    ratings: tuple[Rating, ...] = ()
    """In the order in which they were given."""

    @property
    def finished(self) -> bool:
        """Whether the names were revealed; only then the scores count anywhere."""
        return self.finished_at is not None


class RatingBook:
    """Reads and writes ratings. All calls block: make them off the event loop.

    Args:
        database: Where they are kept.

    Raises:
        DatabaseError: From every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, run_id: str, rater: str, seed: int) -> RaterProgress:
        """Begin, or go on where this person stopped; the first seed stays."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO bench_raters (run_id, rater, seed, started_at) "
                "VALUES (?, ?, ?, ?)",
                (run_id, rater, seed, now_text()),
            )
        return next(one for one in self.raters(run_id) if one.rater == rater)

    def put(self, run_id: str, rater: str, *ratings: Rating) -> None:
        """Enter ratings; a second one of the same prompt takes the place of the first."""
        with self._database.transaction() as connection:
            for rating in ratings:
                connection.execute(
                    "INSERT OR REPLACE INTO bench_ratings "
                    "(run_id, rater, prompt_index, kind, scores, rated_at) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        run_id,
                        rater,
                        rating.prompt_index,
                        rating.kind,
                        json.dumps(dict(rating.scores)),
                        now_text(),
                    ),
                )

    def take_back(self, run_id: str, rater: str, prompt_index: int) -> None:
        """Forget one rating."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM bench_ratings WHERE run_id = ? AND rater = ? AND prompt_index = ?",
                (run_id, rater, prompt_index),
            )

    def finish(self, run_id: str, rater: str) -> None:
        """Enter that this person has seen the names; nothing can be changed afterwards."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE bench_raters SET finished_at = COALESCE(finished_at, ?) "
                "WHERE run_id = ? AND rater = ?",
                (now_text(), run_id, rater),
            )

    def raters(self, run_id: str) -> tuple[RaterProgress, ...]:
        """Return everybody who began to rate the run, with what they said."""
        with self._database.transaction() as connection:
            raters = connection.execute(
                "SELECT rater, seed, finished_at FROM bench_raters WHERE run_id = ? "
                "ORDER BY started_at, rater",
                (run_id,),
            ).fetchall()
            rows = connection.execute(
                "SELECT rater, prompt_index, kind, scores FROM bench_ratings WHERE run_id = ? "
                "ORDER BY rated_at, rowid",
                (run_id,),
            ).fetchall()
        given: dict[str, list[Rating]] = {}
        for row in rows:
            scores = {target: tuple(one) for target, one in json.loads(row["scores"]).items()}
            rating = Rating(row["prompt_index"], row["kind"], scores)
            given.setdefault(row["rater"], []).append(rating)
        return tuple(
            RaterProgress(
                row["rater"], row["seed"], row["finished_at"], tuple(given.get(row["rater"], ()))
            )
            for row in raters
        )

    def means(self) -> tuple[tuple[str, dict[str, float]], ...]:
        """Return the runs that were rated, the newest first, each with its targets' means."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT DISTINCT g.run_id FROM bench_raters g JOIN bench_runs r ON r.id = g.run_id "
                "WHERE g.finished_at IS NOT NULL ORDER BY r.created_at DESC, r.rowid DESC"
            ).fetchall()
        return tuple((row["run_id"], mean_ratings(self.raters(row["run_id"]))) for row in rows)


def mean_ratings(raters: tuple[RaterProgress, ...]) -> dict[str, float]:
    """Return each target's mean over prompts, criteria and all who have finished."""
    seen: dict[str, list[float]] = {}
    for rater in raters:
        for rating in rater.ratings if rater.finished else ():
            for target, scores in rating.scores.items():
                seen.setdefault(target, []).append(fmean(scores))
    return {target: fmean(scores) for target, scores in seen.items()}
