"""What the ratings of a run come to, once the names may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from tui.bench.agreement import Agreement, agreement
from tui.bench.blind import blind_sheets
from tui.bench.bradley_terry import Strength, ranking
from tui.bench.rating_verdict import RatingVerdict, judge, rating_verdict_text
from tui.bench.ratings import CRITERIA, Criterion, RaterProgress, Rating
from tui.bench.summary import Summary
from tui.bench.wording import short_name


@dataclass(frozen=True, slots=True)
class TargetRating:
    """One target."""

    target: str
    answers: int
    """Scored answers, over all raters."""
    means: Mapping[Criterion, float]
    mean: float | None
    strength: Strength | None = None


@dataclass(frozen=True, slots=True)
class PairRating:
    """Two targets."""

    a: str
    b: str
    verdict: RatingVerdict

    @property
    def text(self) -> str:
        """The verdict as a sentence."""
        return rating_verdict_text(short_name(self.a), short_name(self.b), self.verdict)


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """All ratings of a run by those who have finished."""

    run_id: str
    prompts: int
    """Prompts that can be rated."""
    raters: tuple[RaterProgress, ...]
    targets: tuple[TargetRating, ...]
    pairs: tuple[PairRating, ...]
    agreement: Mapping[Criterion, Agreement]

    @property
    def finished(self) -> tuple[RaterProgress, ...]:
        """Those whose scores count."""
        return tuple(one for one in self.raters if one.finished)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "run_id": self.run_id,
            "prompts": self.prompts,
            "raters": [
                {"rater": one.rater, "rated": len(one.ratings), "finished_at": one.finished_at}
                for one in self.raters
            ],
            "targets": [
                {
                    "target": one.target,
                    "answers": one.answers,
                    "rating_mean": one.mean,
                    **{f"{name}_mean": mean for name, mean in one.means.items()},
                    "bradley_terry": asdict(one.strength) if one.strength else None,
                }
                for one in self.targets
            ],
            "verdicts": [
                {
                    "a": one.a,
                    "b": one.b,
                    "verdict": one.verdict.kind,
                    "difference_mean": one.verdict.mean,
                    "ci": [one.verdict.low, one.verdict.high],
                    "alpha": one.verdict.alpha,
                    "prompts": one.verdict.prompts,
                    "few_prompts": one.verdict.few,
                    "text": one.text,
                }
                for one in self.pairs
            ],
            "agreement": {
                name: {"alpha": one.alpha, "units": one.units, "low": one.low}
                for name, one in self.agreement.items()
            },
        }


def sum_up(summary: Summary, raters: Sequence[RaterProgress]) -> RatingSummary:
    """Sum up who was rated how. Draws the ranking's interval: call it off the event loop.

    Raises:
        RatingError: The run has nothing to rate.
    """
    prompts = len(blind_sheets(summary, "", 0))
    targets = [one.facts.target for one in summary.targets]
    ratings = [rating for one in raters if one.finished for rating in one.ratings]
    strengths = ranking(_wins(ratings, targets), summary.plan.seed)
    places = dict(zip(targets, strengths, strict=True)) if strengths else {}
    pairs = list(combinations(targets, 2))
    return RatingSummary(
        summary.run_id,
        prompts,
        tuple(raters),
        tuple(_of_target(target, ratings, places.get(target)) for target in targets),
        tuple(
            PairRating(a, b, judge(differences(ratings, a, b), len(pairs))) for a, b in pairs
        ) if ratings else (),
        {name: agreement(_units(ratings, place)) for place, name in enumerate(CRITERIA)},
    )  # fmt: skip


def differences(ratings: Sequence[Rating], a: str, b: str) -> list[float]:
    """Return for each prompt that was rated for both the mean difference of their scores."""
    by_prompt: dict[int, list[float]] = {}
    for rating in ratings:
        if (difference := _difference(rating, a, b)) is not None:
            by_prompt.setdefault(rating.prompt_index, []).append(difference)
    return [fmean(found) for _, found in sorted(by_prompt.items())]


def _difference(rating: Rating, a: str, b: str) -> float | None:
    if rating.kind == "tie":
        return 0.0
    if a in rating.scores and b in rating.scores:
        return fmean(rating.scores[a]) - fmean(rating.scores[b])
    return None


def _wins(ratings: Sequence[Rating], targets: Sequence[str]) -> list[list[list[float]]]:
    """Return for each prompt how often each target beat each other one."""
    size = len(targets)
    by_prompt: dict[int, list[list[float]]] = {}
    for rating in ratings:
        for (i, a), (j, b) in combinations(enumerate(targets), 2):
            difference = _difference(rating, a, b)
            if difference is None:
                continue
            wins = by_prompt.setdefault(rating.prompt_index, [[0.0] * size for _ in targets])
            wins[i][j] += 1.0 if difference > 0 else 0.5 if difference == 0 else 0.0
            wins[j][i] += 1.0 if difference < 0 else 0.5 if difference == 0 else 0.0
    return list(by_prompt.values())


def _of_target(target: str, ratings: Sequence[Rating], strength: Strength | None) -> TargetRating:
    scores = [rating.scores[target] for rating in ratings if target in rating.scores]
    if not scores:
        return TargetRating(target, 0, {}, None, strength)
    means = {name: fmean(one[place] for one in scores) for place, name in enumerate(CRITERIA)}
    return TargetRating(target, len(scores), means, fmean(means.values()), strength)


def _units(ratings: Sequence[Rating], criterion: int) -> list[list[int]]:
    units: dict[tuple[int, str], list[int]] = {}
    for rating in ratings:
        for target, scores in rating.scores.items():
            units.setdefault((rating.prompt_index, target), []).append(scores[criterion])
    return list(units.values())
