"""`bench --detach`, `--attach` and `--stop`: runs that need no terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tui.bench import detached
from tui.bench.history import LAST, find_run
from tui.bench.plan_file import save_plan
from tui.bench.recorder import Recorder
from tui.bench.resume import earlier_run
from tui.bench.runner import new_run_id
from tui.bench.summary import Summary
from tui.cli.bench_plan import asked_plan
from tui.cli.bench_text import RunWatch
from tui.cli.execute import Context
from tui.foundry.errors import NotFound

PASSED_ON = ("backend", "endpoint", "config", "models_file")
WRITTEN = ("csv", "csv_summary", "json_file", "report")


async def detach(context: Context, recorder: Recorder) -> int:
    """Start the run in a process of its own, and come back as soon as it measures."""
    arguments = context.arguments
    folder = context.session.paths.runs_dir
    if arguments.resume is not None:
        _, earlier = await asyncio.to_thread(earlier_run, recorder, arguments.resume)
        run_id, what = earlier.run_id, ["--resume", earlier.run_id]
    else:
        plan = await asyncio.to_thread(asked_plan, context, recorder)
        run_id = new_run_id()
        save_plan(plan, folder / f"{run_id}.toml")
        what = ["--plan", str(folder / f"{run_id}.toml")]
    line = ["bench", *what, "--as-run", run_id, *_options(context)]
    pid = await asyncio.to_thread(detached.launch, line, run_id, folder, recorder)
    log = detached.log_path(folder, run_id)
    text = [
        f"Run {run_id} goes on in process {pid}.",
        f"Follow: foundry-tui bench --attach {run_id}",
        f"Stop:   foundry-tui bench --stop {run_id}",
        f"Log:    {log}",
    ]
    context.output.result({"run_id": run_id, "pid": pid, "log": str(log)}, "\n".join(text))
    return 0


async def attach(context: Context, recorder: Recorder) -> tuple[Summary, bool]:
    """Follow a run to its end; returns it, and whether it stopped before that."""
    wanted = context.arguments.attach
    run_id = await asyncio.to_thread(_going_on, recorder, wanted)
    watch = RunWatch(context.output)
    follower = detached.Follower(recorder, context.session.paths.runs_dir, run_id)
    try:
        while watch.summary is None:
            for event in await asyncio.to_thread(follower.poll):
                watch.take(event)
            if watch.summary is None:
                await asyncio.sleep(detached.POLL_EVERY_S)
    except asyncio.CancelledError:
        context.output.end_progress()
        context.output.warning(f"The run {run_id} goes on without you.")
        raise
    return watch.summary, watch.stopped


async def stop(context: Context, recorder: Recorder) -> int:
    """Stop a run that is going on."""
    run_id = await asyncio.to_thread(_going_on, recorder, context.arguments.stop)
    ended = await asyncio.to_thread(detached.stop, recorder, run_id)
    requests = len((await asyncio.to_thread(recorder.load, run_id)).requests)
    values = {"run_id": run_id, "stopped": ended, "requests": requests}
    if ended:
        text = f"Stopped after {requests} requests. Go on: foundry-tui bench --resume {run_id}"
    else:
        text = f"The run {run_id} was told to stop, and has not ended yet."
    context.output.result(values, text)
    return 0 if ended else 1


def _going_on(recorder: Recorder, wanted: str) -> str:
    if wanted != LAST:
        return find_run(recorder, wanted)
    found = detached.running(recorder)
    if not found:
        raise NotFound("No run is going on.", "Start one: foundry-tui bench ... --detach")
    return found[0].run_id


def _options(context: Context) -> list[str]:
    """Return the options that the other process needs too."""
    found = []
    for name in (*PASSED_ON, *WRITTEN):
        value = getattr(context.arguments, name, None)
        if value is not None:
            shown = str(value.absolute()) if isinstance(value, Path) else str(value)
            found += [f"--{name.replace('_', '-')}", shown]
    return found
