"""`bench`: models side by side, with a verdict; what was measured is kept whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tui.bench.detached import StatusFile, running
from tui.bench.events import BenchEvent
from tui.bench.plan import BenchPlan
from tui.bench.plan_file import save_plan
from tui.bench.recorder import Recorder
from tui.bench.resume import earlier_run
from tui.bench.runner import Earlier, run_bench
from tui.bench.summary import Summary
from tui.cli.bench_alone import attach, detach, stop
from tui.cli.bench_out import limits_of, report
from tui.cli.bench_plan import asked_plan, resolved
from tui.cli.bench_text import RunWatch
from tui.cli.execute import CLOSE_LIMIT_S, SOME_FAILED, Context
from tui.database import Database
from tui.foundry.backend import Backend
from tui.foundry.errors import BackendUnavailable
from tui.session import connect_endpoint


async def run(context: Context) -> int:
    """Measure here, or see to a run that is made elsewhere."""
    arguments = context.arguments
    database = Database(context.session.paths.database)
    recorder = Recorder(database)
    try:
        await asyncio.to_thread(limits_of, context, recorder)
        if arguments.attach is not None:
            return await _follow(context, database)
        if arguments.stop is not None:
            return await stop(context, recorder)
        if arguments.detach:
            return await detach(context, recorder)
        return await _measure(context, database)
    finally:
        database.close()


async def _follow(context: Context, database: Database) -> int:
    summary, stopped = await attach(context, Recorder(database))
    return await _end(context, database, summary, stopped)


async def _measure(context: Context, database: Database) -> int:
    recorder = Recorder(database)
    arguments = context.arguments
    earlier: Earlier | None = None
    if arguments.resume is not None:
        plan, earlier = await asyncio.to_thread(earlier_run, recorder, arguments.resume)
    else:
        plan = await asyncio.to_thread(asked_plan, context, recorder)
    for other in await asyncio.to_thread(running, recorder):
        context.output.warning(
            f"The run {other.run_id} is going on in process {other.pid}: both disturb each other."
        )
    watch = RunWatch(context.output)
    status = StatusFile(context.session.paths.runs_dir, arguments.as_run or "")

    def take(event: BenchEvent) -> None:
        watch.take(event)
        if arguments.as_run is not None:
            status.take(event)

    try:
        async with _backend(context, plan) as backend:
            if earlier is None:
                plan, missing = await resolved(plan, backend, lenient=arguments.course)
                for error in missing:
                    context.output.warning(f"{error.message} It is left out.")
            if arguments.save_plan is not None:
                save_plan(plan, arguments.save_plan)
            try:
                summary = await run_bench(
                    plan,
                    backend,
                    recorder,
                    take,
                    open_endpoint=partial(connect_endpoint, context.session),
                    earlier=earlier,
                    run_id=arguments.as_run or "",
                )
            finally:
                for load in watch.loads:
                    await context.remember_load(backend.info, load)
    except asyncio.CancelledError:
        if watch.summary is not None and watch.summary.requests:
            context.output.warning("Stopped early; these are the requests until then.")
            await report(context, database, watch.summary, ())
            context.output.hint(f"Go on with: foundry-tui bench --resume {watch.run_id}")
        raise
    return await _end(context, database, summary, watch.stopped)


@asynccontextmanager
async def _backend(context: Context, plan: BenchPlan) -> AsyncIterator[Backend]:
    """Connect to the backend that serves the run; where all targets name a server, to the first."""
    if all(target.endpoint for target in plan.targets):
        backend = await connect_endpoint(context.session, plan.targets[0].endpoint)
        try:
            yield backend
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await backend.close()
        return
    async with context.backend() as backend:
        yield backend


async def _end(context: Context, database: Database, summary: Summary, stopped: bool) -> int:
    """Report a run, and return the exit code."""
    failed = await report(context, database, summary, limits_of(context, Recorder(database)))
    if stopped:
        context.output.hint(f"Go on with: foundry-tui bench --resume {summary.run_id}")
        return BackendUnavailable.exit_code
    if not any(one.done for one in summary.targets):
        return 1
    some = any(one.failed or one.facts.error for one in summary.targets)
    return failed or (SOME_FAILED if some else 0)
