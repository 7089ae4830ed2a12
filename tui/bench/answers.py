"""The answers to one prompt, side by side, with what came of its checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tui.bench.checks import Outcome
from tui.bench.statistics import median
from tui.bench.summary import Summary


@dataclass(frozen=True, slots=True)
class Answered:
    """What one target said to one prompt."""

    target: str
    text: str
    """The first good answer; '' where there is none."""
    good: int
    """Answers that came to their end, of all rounds."""
    different: int
    """How many of these differ from each other."""
    e2e_s: float | None
    """Median."""
    error: str | None
    """Of the last failed request."""
    outcomes: tuple[Outcome, ...] = ()


def answers_to(summary: Summary, prompt_index: int) -> tuple[Answered, ...]:
    """Return the answers of all targets to a prompt; checks have come out if it was graded."""
    found = []
    for target in summary.targets:
        own = [
            one
            for one in summary.requests
            if one.step.target == target.facts.target and one.step.prompt_index == prompt_index
        ]
        done = [one for one in own if one.error is None and one.figures is not None]
        good = [one.figures for one in done if one.figures is not None]
        errors = [one.error for one in own if one.error is not None]
        texts = Counter(figures.text for figures in good)
        times = [figures.e2e_s for figures in good if figures.e2e_s is not None]
        text = good[0].text if good else ""
        outcomes = summary.outcomes.get(done[0].step.sequence, ()) if done else ()
        found.append(
            Answered(
                target.facts.target,
                text,
                len(good),
                len(texts),
                median(times) if times else None,
                errors[-1] if errors else None,
                outcomes,
            )
        )
    return tuple(found)
