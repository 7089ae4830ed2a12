"""Finds a run that was not finished, to go on with it."""

from __future__ import annotations

import os

from tui.bench.history import LAST, find_run
from tui.bench.living import living_pid
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.runner import Earlier
from tui.foundry.errors import NotFound


def earlier_run(recorder: Recorder, wanted: str) -> tuple[BenchPlan, Earlier]:
    """Return the plan of an unfinished run, and what there is of it. Blocks.

    Args:
        recorder: Where it is kept.
        wanted: Its id, the beginning of that, or `last` for the newest that is not finished.

    Raises:
        NotFound: There is none, or it is finished.
    """
    lines = recorder.list()
    if wanted == LAST:
        open_lines = [line for line in lines if line.finished_at is None]
        if not open_lines:
            raise NotFound("Every run is finished.", "Start one: foundry-tui bench --models A,B")
        run_id = open_lines[0].run_id
    else:
        run_id = find_run(recorder, wanted)
        line = next(line for line in lines if line.run_id == run_id)
        if line.finished_at is not None:
            raise NotFound(
                f"The run {run_id} is finished.", "Run its plan again: bench --again RUN."
            )
    summary = recorder.load(run_id)
    if (pid := living_pid(summary.context)) is not None and pid != os.getpid():
        raise NotFound(
            f"The run {run_id} is going on in process {pid}.",
            f"Follow it with `foundry-tui bench --attach {run_id}`, or stop it with --stop.",
        )
    facts = tuple(one.facts for one in summary.targets)
    return summary.plan, Earlier(run_id, dict(summary.context), summary.requests, facts)
