"""What a run measures, and in which order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from tui.bench.prompt_sets import COURSE
from tui.bench.prompts import PromptSet
from tui.bench.targets import PlanError, Target, check_settings

__all__ = ["BenchPlan", "Burst", "Order", "PlanError", "Step", "bursts", "steps"]

Order = Literal["interleaved", "block", "sequential"]
Memory = Literal["auto", "all", "one"]
Api = Literal["chat", "completions"]

_T = TypeVar("_T")

DEFAULT_ROUNDS = 10
DEFAULT_MAX_TOKENS = 64
DEFAULT_TIMEOUT_S = 60.0
MOST_TARGETS = 8
MOST_ROUNDS = 1000
LEAST_MARGIN = 0.01
MOST_CONCURRENT = 256
MOST_WARM_UPS = 1000


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
    concurrency: int = 1
    """Requests to a target at the same time."""
    warm_up: int | None = None
    """Requests to each target before measuring; None for as many as it needs to be steady."""
    order: Order = "interleaved"
    """`interleaved`: all targets in turn for each prompt. `block`: per round one target after the
    other, as models that do not fit into memory together need it. `sequential`: all rounds of one
    target, then the next; that never gives a verdict."""
    memory: Memory = "auto"
    """`all` targets in memory at once, `one` at a time (in block order), or what fits."""
    margin: float = 0.01
    """A difference has to lie wholly beyond this to be told; below 1 % two loaded copies of one
    model already differ."""
    api: Api = "chat"
    """`completions` sends the bare prompt to `/v1/completions` where the server has that."""

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
        if not 1 <= self.concurrency <= MOST_CONCURRENT:
            raise PlanError(f"{self.concurrency} requests at once.", f"1 to {MOST_CONCURRENT}.")
        if self.warm_up is not None and not 0 <= self.warm_up <= MOST_WARM_UPS:
            raise PlanError(f"{self.warm_up} warm-up requests.", f"0 to {MOST_WARM_UPS}.")
        for name, words in (("order", Order), ("memory", Memory), ("api", Api)):
            if (value := getattr(self, name)) not in get_args(words):
                raise PlanError(
                    f"'{name}' is '{value}'.", f"It is one of {', '.join(get_args(words))}."
                )
        if not LEAST_MARGIN <= self.margin <= 1:
            raise PlanError(f"A margin of {self.margin:.1%}.", "It is from 1 to 100 %.")
        check_settings({"temperature": self.temperature, "seed": self.seed})
        check_settings({} if self.top_p is None else {"top_p": self.top_p})

    @property
    def labels(self) -> tuple[str, ...]:
        """What the targets are called, in their order."""
        return tuple(one.label for one in self.targets)

    @property
    def request_count(self) -> int:
        """Measured requests in all."""
        prompts = len(self.prompt_set.items)
        return self.rounds * prompts * len(self.targets) * self.concurrency

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
    lane: int = 0
    """Which of the requests that are sent at the same time."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Requests to one target that are sent at the same time; mostly one."""

    steps: tuple[Step, ...]
    unit: int
    """Bursts with the same number are compared with each other: they belong to one stay in memory
    of their models, and are repeated together when a run is taken up in the middle of them."""

    @property
    def target(self) -> str:
        """Label of the target."""
        return self.steps[0].target


def steps(plan: BenchPlan) -> tuple[Step, ...]:
    """Return the requests of a plan in its own order."""
    return tuple(step for burst in bursts(plan, plan.order) for step in burst.steps)


def bursts(plan: BenchPlan, order: Order) -> tuple[Burst, ...]:
    """Return the requests in an order that depends on nothing but its seed.

    The order of prompts and targets is drawn anew each time, so that drift and what one model
    leaves behind hit all alike. With several requests at once the others of a burst ask the
    prompts that follow, so that each prompt is asked equally often.
    """
    chance = random.Random(plan.seed)
    draw = {"interleaved": _interleaved, "block": _block, "sequential": _sequential}[order]
    found = []
    sequence = 0
    for unit, round_index, prompts, place, target in draw(plan, chance):
        lanes = []
        for lane in range(plan.concurrency):
            prompt = prompts[(place + lane) % len(prompts)]
            lanes.append(Step(sequence, round_index, prompt, target, lane))
            sequence += 1
        found.append(Burst(tuple(lanes), unit))
    return tuple(found)


_Drawn = Iterator[tuple[int, int, list[int], int, str]]
"""Unit, round, the round's prompts in their order, place in that, target."""


def _interleaved(plan: BenchPlan, chance: random.Random) -> _Drawn:
    for round_index in range(plan.rounds):
        prompts = _shuffled(range(len(plan.prompt_set.items)), chance)
        for place in range(len(prompts)):
            unit = round_index * len(prompts) + place
            for target in _shuffled(plan.labels, chance):
                yield unit, round_index, prompts, place, target


def _block(plan: BenchPlan, chance: random.Random) -> _Drawn:
    for round_index in range(plan.rounds):
        prompts = _shuffled(range(len(plan.prompt_set.items)), chance)
        for target in _shuffled(plan.labels, chance):
            for place in range(len(prompts)):
                yield round_index, round_index, prompts, place, target


def _sequential(plan: BenchPlan, chance: random.Random) -> _Drawn:
    unit = 0
    for target in _shuffled(plan.labels, chance):
        for round_index in range(plan.rounds):
            prompts = _shuffled(range(len(plan.prompt_set.items)), chance)
            for place in range(len(prompts)):
                yield unit, round_index, prompts, place, target
                unit += 1


def _shuffled(values: Iterable[_T], chance: random.Random) -> list[_T]:
    drawn = list(values)
    chance.shuffle(drawn)
    return drawn
