"""What is said about a run, and which answers count as good."""

from __future__ import annotations

import pytest

from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, words
from tui.bench.checks import Check
from tui.bench.notes import delayed
from tui.bench.plan import BenchPlan
from tui.bench.prompts import Prompt, PromptSet
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.summary import figure_of, graded
from tui.bench.targets import Target
from tui.database import Database
from tui.foundry.errors import StreamBroken
from tui.paths import Paths


@pytest.mark.parametrize(
    ("medians", "warned"),
    [
        ({"a": (0.043, 0.00001), "b": (0.041, 0.00002)}, True),
        ({"a": (0.043, 0.00001), "b": (0.2, 0.01)}, False),
        ({"a": (0.043, 0.002), "b": (0.043, 0.002)}, False),
        ({"a": (0.043, 0.00001)}, True),
        ({"a": (None, None), "b": (None, None)}, False),
    ],
)
def test_a_connection_that_holds_answers_back_is_noticed(
    medians: dict[str, tuple[float | None, float | None]], warned: bool
) -> None:
    assert bool(delayed(medians)) == warned


def test_percentiles_stand_only_where_there_are_enough_values() -> None:
    few, some, many = (figure_of(range(n)) for n in (29, 60, 300))
    assert (few.p90, few.p95, few.p99) == (None, None, None)
    assert few.largest == 28
    assert some.p95 is not None
    assert some.p99 is None
    assert many.p99 is not None
    assert figure_of(range(40), independent=False).low is None


async def test_answers_are_checked_and_a_failed_request_passes_nothing(
    paths: Paths,
) -> None:
    backend = ScriptedBackend.with_demo_models()
    backend.answers_by_variant = {
        SMALL: words("it is 42 of course"),
        LARGE: words("it is 41 of course"),
    }
    prompts = PromptSet(
        "own",
        (
            Prompt("6 x 7?", (Check("numeric", 42), Check("regex", "^it"))),
            Prompt("Anything?"),
        ),
    )
    recorder = Recorder(Database(paths.database))
    plan = BenchPlan((Target(SMALL), Target(LARGE)), prompts, rounds=2, warm_up=0)
    summary = await run_bench(plan, backend, recorder, lambda _: None)
    assert [(one.passed, one.checked) for one in summary.targets] == [(2, 2), (0, 2)]
    again = graded(recorder.load(summary.run_id))
    assert again.outcomes == summary.outcomes
    wrong = next(
        one for one in summary.as_dict()["requests"] if one["target"] == LARGE and one["checks"]
    )
    assert wrong["checks"][0]["passed"] is False
    assert "41" in wrong["checks"][0]["reason"]
    backend.answers_by_variant[SMALL] = words("42", error=StreamBroken("It broke."))
    broken = await run_bench(plan, backend, recorder, lambda _: None)
    assert (broken.targets[0].passed, broken.targets[0].checked) == (0, 2)


async def test_the_conditions_stand_beside_the_numbers(paths: Paths) -> None:
    backend = ScriptedBackend.with_demo_models()
    recorder = Recorder(Database(paths.database))
    plan = BenchPlan((Target(SMALL), Target(LARGE)), rounds=2)
    summary = await run_bench(plan, backend, recorder, lambda _: None)
    conditions = summary.context["conditions"]
    assert conditions["ram_available_bytes"]["first"] > 0
    assert 0 <= conditions["background_cpu_percent"] <= 100
    assert "power_source" in conditions
    assert summary.context["sampling"]["every_s"] > 0
    assert summary.context["order"] == "interleaved"
    assert summary.context["memory"] == "all at once"
    facts = summary.targets[0].facts
    assert (facts.variant_id, facts.device) == (SMALL, "CPU")
    assert facts.execution_provider == "CPUExecutionProvider"
