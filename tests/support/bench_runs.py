"""Runs that were never made, with figures and answers as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui.bench.plan import BenchPlan, steps
from tui.bench.prompts import PromptSet
from tui.bench.recorder import Recorder
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.summary import Summary
from tui.bench.targets import Target
from tui.chat.figures import AnswerFigures

STARTED = "2026-03-01T10:00:00.000+00:00"
Answer = Callable[[str, int], str]
"""From target and prompt to text."""


def kept_run(
    recorder: Recorder,
    run_id: str = "0123456789ab",
    *,
    targets: Mapping[str, float] | None = None,
    prompts: int = 6,
    rounds: int = 6,
    answer: Answer = lambda target, prompt: f"answer of {target} to {prompt}",
    failed: Callable[[str, int], bool] = lambda target, prompt: False,
    context: Mapping[str, object] | None = None,
) -> Summary:
    """Write a finished run into the database and return its summary.

    Args:
        recorder: Where it is kept.
        run_id: Its name.
        targets: Seconds of a whole answer, by target.
        prompts: How many.
        rounds: How many.
        answer: What each target says.
        failed: Which requests failed, by target and prompt.
        context: Conditions beside the usual ones.
    """
    times = dict(targets or {"demo-small-generic-cpu:1": 0.02, "demo-large-generic-cpu:1": 0.05})
    plan = BenchPlan(
        tuple(map(Target, times)),
        PromptSet.of("own", (f"Question {n + 1}?" for n in range(prompts))),
        rounds=rounds,
    )  # fmt: skip
    conditions = {
        "prompt_set": plan.prompt_set.name,
        "prompt_set_sha256": plan.prompt_set.sha256,
        "rounds": rounds,
        "max_tokens": plan.max_tokens,
        "temperature": plan.temperature,
        "seed": plan.seed,
        "backend": "runtime",
        "backend_version": "2.2.1",
        "machine": "x86_64",
        "cpu_count": 4,
        **(context or {}),
    }
    recorder.start(run_id, plan, conditions)
    for step in steps(plan):
        e2e_s = times[step.target] * (1 + 0.001 * (step.sequence % 3))
        broken = failed(step.target, step.prompt_index)
        figures = AnswerFigures(
            text="" if broken else answer(step.target, step.prompt_index),
            ttft_s=e2e_s / 4,
            tpot_s=e2e_s / 16,
            decode_tok_s=16 / e2e_s,
            e2e_s=e2e_s,
            e2e_tok_s=12 / e2e_s,
            input_tokens=5,
            output_tokens=12,
            finish_reason="stop",
        )
        error = "the stream broke" if broken else None
        recorder.add(run_id, RequestResult(step, STARTED, figures, error))
    facts = [
        TargetFacts(target, load_s=0.3, load_bytes=(number + 1) * 15_000_000,
                    rss_peak_bytes=90_000_000)
        for number, target in enumerate(times)
    ]  # fmt: skip
    recorder.finish(run_id, conditions, facts)
    return recorder.load(run_id)
