"""What a run measures, and in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tui.bench.prompt_sets import COURSE
from tui.bench.prompts import PromptSet
from tui.bench.targets import PlanError, Target, check_settings

__all__ = ["BenchPlan", "PlanError", "Step", "steps"]

DEFAULT_ROUNDS = 10
DEFAULT_MAX_TOKENS = 64
DEFAULT_TIMEOUT_S = 60.0
MOST_TARGETS = 8
MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What a run measures. Raises `PlanError` where it makes no sense."""

    targets: tuple[Target, ...]
    prompt_set: PromptSet = COURSE
    rounds: int = DEFAULT_ROUNDS
    max_tokens: int = DEFAULT_MAX_TOKENS
    timeout_s: float = DEFAULT_TIMEOUT_S
    """Limit for one request."""
    temperature: float = 0.0
    top_p: float | None = None
    """None leaves it to the server."""
    seed: int = 7
    """Draws the order, and is what the models are told."""

    def __post_init__(self) -> None:
        """Check the values."""
        if not 1 <= len(self.targets) <= MOST_TARGETS:
            raise PlanError(
                f"{len(self.targets)} models chosen.", f"Choose two to {MOST_TARGETS} to compare."
            )
        if len(set(self.labels)) != len(self.targets):
            raise PlanError(
                "A model is named twice.", "Name each model once, or give each a label of its own."
            )
        if not 1 <= self.rounds <= MOST_ROUNDS:
            raise PlanError(f"{self.rounds} rounds.", f"Choose 1 to {MOST_ROUNDS}; 10 is usual.")
        if self.max_tokens < 1 or not self.timeout_s > 0:
            raise PlanError(
                "Token limit and time limit must be above 0.", "Usual are 64 tokens and 60 s."
            )
        check_settings({"temperature": self.temperature, "seed": self.seed})
        check_settings({} if self.top_p is None else {"top_p": self.top_p})

    @property
    def labels(self) -> tuple[str, ...]:
        """What the targets are called, in their order."""
        return tuple(one.label for one in self.targets)

    @property
    def request_count(self) -> int:
        """Measured requests in all."""
        return self.rounds * len(self.prompt_set.prompts) * len(self.targets)

    def target(self, label: str) -> Target:
        """Return the target of this label."""
        return next(one for one in self.targets if one.label == label)


@dataclass(frozen=True, slots=True)
class Step:
    """One measured request."""

    sequence: int
    round_index: int
    prompt_index: int
    target: str
    """Label of the target."""


def steps(plan: BenchPlan) -> tuple[Step, ...]:
    """Return the requests in order: per round all prompts, for each prompt all targets in turn.

    The order of the prompts and of the targets is drawn anew each time, so that drift and what
    one model leaves behind hit all alike.
    """
    chance = random.Random(plan.seed)
    order: list[Step] = []
    for round_index in range(plan.rounds):
        prompts = list(range(len(plan.prompt_set.prompts)))
        chance.shuffle(prompts)
        for prompt_index in prompts:
            targets = list(plan.labels)
            chance.shuffle(targets)
            for target in targets:
                order.append(Step(len(order), round_index, prompt_index, target))
    return tuple(order)
