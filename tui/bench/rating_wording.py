"""What ratings come to, in plain words."""

from __future__ import annotations

from tui.bench.bradley_terry import Strength
from tui.bench.rating_summary import RatingSummary, TargetRating
from tui.bench.ratings import CRITERIA
from tui.bench.wording import short_name
from tui.formats import UNKNOWN

HEADINGS = ("MODEL", "FLUENCY", "RELEVANCE", "ACCURACY", "RATING", "ANSWERS", "WINS")


def rating_rows(found: RatingSummary) -> list[list[str]]:
    """Return a row for each target, the best first, below `HEADINGS`."""
    ordered = sorted(found.targets, key=lambda one: -(one.mean or 0.0))
    return [
        [
            short_name(one.target),
            *(_points(one.means.get(name)) for name in CRITERIA),
            _points(one.mean),
            str(one.answers),
            win_text(one.strength),
        ]
        for one in ordered
    ]


def rating_lines(found: RatingSummary) -> list[str]:
    """Return verdicts, agreement, and who rated, each as a line."""
    if not found.finished:
        return ["Not rated yet.", *_raters(found)]
    lines = [pair.text for pair in found.pairs]
    if any(one.strength for one in found.targets):
        lines.append(
            "Rating: mean of fluency, relevance, accuracy. Wins: chance to be preferred to one of "
            "the others (Bradley-Terry); to look at, no verdict."
        )
    if len(found.finished) > 1:
        told = "; ".join(f"{name} {one.text}" for name, one in found.agreement.items())
        lines.append(f"Agreement of the raters (ordinal Krippendorff alpha): {told}.")
    return lines + _raters(found)


def mean_text(one: TargetRating) -> str:
    """Write the mean rating in a word."""
    return UNKNOWN if one.mean is None else f"{one.mean:.1f} of 5"


def win_text(strength: Strength | None) -> str:
    """Write the chance to win with its interval."""
    if strength is None:
        return UNKNOWN
    low, high = 100 * strength.low, 100 * strength.high
    return f"{100 * strength.win_share:.0f} % ({low:.0f} to {high:.0f})"


def _raters(found: RatingSummary) -> list[str]:
    lines = []
    if found.finished:
        lines.append(f"Rated by {', '.join(one.rater for one in found.finished)}.")
    for one in found.raters:
        if not one.finished:
            lines.append(
                f"{one.rater} has rated {len(one.ratings)} of {found.prompts}: counted when done."
            )
    return lines


def _points(mean: float | None) -> str:
    return UNKNOWN if mean is None else f"{mean:.2f}"
