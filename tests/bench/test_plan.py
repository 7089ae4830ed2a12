"""Who is asked what, and when."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.bench.plan import BenchPlan, PlanError, steps
from tui.bench.prompts import PromptSet
from tui.bench.targets import Target

A = Target("a:1")


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 8), st.integers(0, 99))
def test_each_round_asks_every_model_every_prompt_once(
    targets: int, prompts: int, rounds: int, seed: int
) -> None:
    plan = BenchPlan(
        tuple(Target(f"model-{number}:1") for number in range(targets)),
        PromptSet.of("own", (f"prompt {number}" for number in range(prompts))),
        rounds=rounds,
        seed=seed,
    )
    order = steps(plan)
    assert steps(plan) == order
    assert [step.sequence for step in order] == list(range(plan.request_count))
    counted = Counter((step.round_index, step.prompt_index, step.target) for step in order)
    assert len(counted) == rounds * prompts * targets
    assert set(counted.values()) == {1}
    assert [step.round_index for step in order] == sorted(step.round_index for step in order)


def test_models_take_turns_in_an_order_that_changes() -> None:
    order = steps(BenchPlan((Target("a:1"), Target("b:1")), rounds=20))
    first = {order[number].target for number in range(0, len(order), 2)}
    assert first == {"a:1", "b:1"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"targets": ()}, "0 models chosen"),
        ({"targets": (A, A)}, "named twice"),
        ({"targets": (A,), "rounds": 0}, "0 rounds"),
        ({"targets": (A,), "max_tokens": 0}, "above 0"),
        ({"targets": (A,), "timeout_s": 0}, "above 0"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(PlanError, match=words) as caught:
        BenchPlan(**values)  # type: ignore[arg-type]
    assert caught.value.hint
