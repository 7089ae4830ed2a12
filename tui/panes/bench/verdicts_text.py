"""What may be said of a run, below its table."""

from __future__ import annotations

from textual.content import Content

from tui.bench.rating_summary import RatingSummary
from tui.bench.rating_wording import rating_lines
from tui.bench.self_test import WHAT, is_self_test, self_test
from tui.bench.statistics import ALPHA
from tui.bench.summary import Summary
from tui.bench.verdict import SPREAD_LIMIT
from tui.bench.wording import verdict_sentences, verdict_text
from tui.foundry.text import clean_text

MUTED = "$foreground-muted"


def verdicts_text(summary: Summary, ratings: RatingSummary | None, note: str) -> Content:
    """Write verdicts of speed and rating, the conditions, and the note on the run.

    Args:
        summary: The whole run.
        ratings: What the ratings come to, if there are any.
        note: What a person wrote about the run.
    """
    speed = []
    for one, sentence in verdict_sentences(summary.verdicts):
        named = one.verdict.kind in ("faster", "slower")  # names both targets by itself
        text = clean_text(verdict_text(one) if named else sentence, False)
        speed.append((one.metric == "e2e_s", _speed(text, one.verdict.kind)))
    if is_self_test(summary.plan):
        lines = [Content(one.text) for one in self_test(summary)]
        lines += [Content.styled(one, "$text-warning") for one in map(_clean, summary.notes)]
        lines += [Content.styled(one, MUTED) for one in (WHAT, _conditions(summary))]
        return Content("\n").join(lines)
    # What one asks first stands first: whole answers, then how good they are.
    lines = [line for first, line in speed if first]
    lines += [_rating(line) for line in _rated(ratings)]
    lines += [line for first, line in speed if not first]
    if summary.verdicts and (alpha := summary.verdicts[0].verdict.alpha) < ALPHA:
        pairs = round(ALPHA / alpha)
        lines.append(
            Content.styled(f"Each interval holds with 95 % over all {pairs} pairs.", MUTED)
        )
    lines += [Content.styled(one, "$text-warning") for one in map(_clean, summary.notes)]
    lines.append(Content.styled(_conditions(summary), MUTED))
    if note:
        lines.append(Content.assemble(("note  ", MUTED), clean_text(note)))
    return Content("\n").join(lines)


def _clean(text: str) -> str:
    return clean_text(text, False)


def _speed(text: str, kind: str) -> Content:
    tones = {"faster": "$text-success", "slower": "$text-success", "unstable": "$text-warning"}
    return Content.assemble((text, tones.get(kind, "")))


def _rated(ratings: RatingSummary | None) -> list[str]:
    if ratings is None:
        return []
    if not ratings.finished:
        waiting = [line for line in rating_lines(ratings)[1:]]
        return ["Quality not rated yet: b rates blind.", *waiting]
    return rating_lines(ratings)


def _rating(line: str) -> Content:
    text = clean_text(line, False)
    return Content.assemble((text, "$text-success" if "points better" in text else ""))


def _conditions(summary: Summary) -> str:
    context = summary.context
    parts = []
    if summary.spread is not None:
        word = "steady" if summary.spread <= SPREAD_LIMIT else "changing"
        parts.append(f"conditions {word} (spread {summary.spread:.1f}x)")
    digest = str(context.get("prompt_set_sha256", ""))[:6]
    parts += [
        f"{context.get('prompt_set')} ({digest}…)",
        f"{context.get('rounds')} rounds",
        f"seed {context.get('seed')}",
        f"{context.get('backend')} {context.get('backend_version')}",
        f"run {summary.run_id}",
    ]
    return clean_text(" · ".join(parts), False)
