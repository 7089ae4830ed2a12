"""Makes the plan of a run out of the command line of `bench`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui.bench import self_test
from tui.bench.history import find_run
from tui.bench.plan import DEFAULT_MAX_TOKENS, DEFAULT_TIMEOUT_S, BenchPlan
from tui.bench.plan_file import load_plan
from tui.bench.prompt_files import find_prompts
from tui.bench.prompt_sets import COURSE, SMALL
from tui.bench.recorder import Recorder
from tui.bench.targets import Target, labelled, parse_target
from tui.catalog.resolve import find_variant
from tui.cli.execute import Context
from tui.cli.output import UsageError
from tui.foundry.backend import Backend
from tui.foundry.errors import NotFound

Resolved = tuple[BenchPlan, list[NotFound]]
"""The plan, and what was left out of it."""


def asked_plan(context: Context, recorder: Recorder) -> BenchPlan:
    """Return what the command line asks for; names are not looked up yet.

    Raises:
        UsageError: It names no models.
        PlanError, PromptsError: It makes no sense.
        NotFound: There is no such run.
    """
    arguments, settings = context.arguments, context.session.config.bench
    targets = [Target(name) for name in arguments.models or ()]
    targets += [parse_target(text) for text in arguments.target]
    changes: dict[str, Any] = {
        "rounds": arguments.rounds,
        "max_tokens": arguments.max_tokens,
        "timeout_s": arguments.timeout,
        "temperature": arguments.temperature,
        "top_p": arguments.top_p,
        "seed": arguments.seed,
        "concurrency": arguments.concurrency,
        "warm_up": arguments.warm_up,
        "order": arguments.order,
        "memory": arguments.memory,
        "margin": None if arguments.margin is None else arguments.margin / 100,
        "prompt_set": find_prompts(arguments.prompts) if arguments.prompts else None,
        "targets": labelled(targets) or None,
    }
    given = {key: value for key, value in changes.items() if value is not None}
    if arguments.course:
        return _course(context, given)
    if arguments.plan is not None:
        return replace(load_plan(arguments.plan), **given)
    if arguments.again is not None:
        return replace(recorder.load(find_run(recorder, arguments.again)).plan, **given)
    if not targets:
        raise UsageError(
            "No models are named.", "foundry-tui bench --models A,B, --plan FILE, or --again RUN."
        )
    defaults: dict[str, Any] = {
        "rounds": settings.rounds,
        "max_tokens": settings.max_tokens,
        "timeout_s": settings.timeout_s,
    }
    if arguments.self_test:
        defaults |= {"rounds": self_test.ROUNDS, "prompt_set": SMALL}
        return self_test.self_test_plan(BenchPlan(**{**defaults, **given}))
    return BenchPlan(**{**defaults, **given})


def _course(context: Context, given: dict[str, Any]) -> BenchPlan:
    """Return the course's exercise: `/v1/completions` where there is one, its prompt and limits."""
    entries = context.session.registry.entries
    if not entries and "targets" not in given:
        raise UsageError(
            f"{context.session.registry_path} lists no models.",
            "Name them: foundry-tui bench --course --models A,B,C",
        )
    course: dict[str, Any] = {
        "targets": tuple(Target(entry.name) for entry in entries),
        "prompt_set": COURSE,
        "rounds": context.session.config.bench.rounds,
        "max_tokens": DEFAULT_MAX_TOKENS,
        "timeout_s": DEFAULT_TIMEOUT_S,
        "api": "completions",
    }
    return BenchPlan(**{**course, **given})


async def resolved(plan: BenchPlan, backend: Backend, lenient: bool = False) -> Resolved:
    """Return the plan with whole variant ids, before anything is loaded.

    Targets at other servers are looked up there, when the run comes to them.

    Args:
        plan: As it was asked for.
        backend: Where it will run.
        lenient: Leave out what is not there, as long as anything is.

    Raises:
        NotFound: A model is not there.
    """
    missing: list[NotFound] = []
    here = any(not target.endpoint for target in plan.targets)
    models = await backend.models() if here else ()
    targets = []
    for target in plan.targets:
        if not target.endpoint:
            try:
                found = find_variant(models, target.variant_id)[1].id
            except NotFound as error:
                if not lenient:
                    raise
                missing.append(error)
                continue
            named = target.label == target.variant_id
            target = replace(target, variant_id=found, label=found if named else target.label)
        targets.append(target)
    if missing and not targets:
        raise missing[0]
    return replace(plan, targets=labelled(targets)), missing
