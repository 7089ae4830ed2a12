"""What the next run will measure, while it is being chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tui.bench.plan import BenchPlan
from tui.bench.prompt_sets import BUILT_IN, COURSE
from tui.bench.prompts import PromptSet
from tui.bench.targets import Target
from tui.config import BenchSettings

MOST_ROUNDS_BY_KEY = 100
_APART = ("targets", "prompt_set")


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan without its targets, unless those came from a plan file."""

    prompt_set: PromptSet = COURSE
    values: dict[str, Any] = field(default_factory=dict)
    """Everything else that `BenchPlan` takes, by name."""
    targets: tuple[Target, ...] = ()
    """From a plan file; empty: the marked models."""
    file_name: str = ""
    question: PromptSet | None = None
    """What was brought from the chat."""

    @classmethod
    def from_settings(cls, settings: BenchSettings) -> Draft:
        """Return what a new benchmark starts with."""
        defaults = {one.name: one.default for one in fields(BenchPlan) if one.name not in _APART}
        chosen = {
            "rounds": settings.rounds,
            "max_tokens": settings.max_tokens,
            "timeout_s": settings.timeout_s,
        }
        return cls(values={**defaults, **chosen})

    @classmethod
    def from_plan(cls, plan: BenchPlan, file_name: str) -> Draft:
        """Return what a plan file says."""
        values = {
            one.name: getattr(plan, one.name) for one in fields(BenchPlan) if one.name not in _APART
        }
        return cls(plan.prompt_set, values, plan.targets, file_name)

    @property
    def rounds(self) -> int:
        """Measured rounds."""
        rounds: int = self.values["rounds"]
        return rounds

    def with_rounds(self, rounds: int) -> Draft:
        """Return it with other rounds, within reason."""
        return self.with_values(rounds=max(1, min(MOST_ROUNDS_BY_KEY, rounds)))

    def with_values(self, **values: Any) -> Draft:
        """Return it with other values."""
        return replace(self, values={**self.values, **values})

    def with_next_prompts(self) -> Draft:
        """Return it with the next set: those that ship, then what came from the chat."""
        sets = (*BUILT_IN, self.question) if self.question else BUILT_IN
        at = sets.index(self.prompt_set) if self.prompt_set in sets else -1
        return replace(self, prompt_set=sets[(at + 1) % len(sets)])

    def with_question(self, question: str) -> Draft:
        """Return it for a question that was asked in the chat."""
        own = PromptSet.of("your question", (question,))
        return replace(self, question=own, prompt_set=own)

    def without_file(self) -> Draft:
        """Return it for the marked models again."""
        return replace(self, targets=(), file_name="")

    def plan(self, chosen: Sequence[str]) -> BenchPlan:
        """Return the plan for the file's targets, else the chosen ones. Raises `PlanError`."""
        targets = self.targets or tuple(map(Target, chosen))
        return BenchPlan(targets, self.prompt_set, **self.values)
