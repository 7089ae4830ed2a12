"""`bench runs`: what is going on, and what can go on; needs no backend."""

from __future__ import annotations

import asyncio

from tui.bench.detached import Running, log_path, running
from tui.bench.recorder import Recorder, RunLine
from tui.bench.wording import short_name
from tui.cli.execute import Context
from tui.cli.output import table
from tui.database import Database

HEADINGS = ("RUN", "STARTED", "STATE", "REQUESTS", "TARGETS")
SHOWN = 50


async def run(context: Context) -> int:
    """List the newest runs with their state."""
    database = Database(context.session.paths.database)
    recorder = Recorder(database)
    try:
        lines = await asyncio.to_thread(recorder.list, SHOWN)
        alive = {one.run_id: one for one in await asyncio.to_thread(running, recorder)}
    finally:
        database.close()
    folder = context.session.paths.runs_dir
    values = []
    for line in lines:
        log = log_path(folder, line.run_id)
        going = alive.get(line.run_id)
        values.append(
            {
                "run_id": line.run_id,
                "started_at": line.created_at,
                "state": _state(line, going),
                "pid": going.pid if going else None,
                "requests": line.requests,
                "targets": [one.label for one in line.targets],
                "log": str(log) if log.exists() else None,
            }
        )
    rows = [
        [
            line.run_id,
            line.created_at[:16].replace("T", " "),
            _state(line, alive.get(line.run_id)),
            str(line.requests),
            ", ".join(short_name(one.label) for one in line.targets),
        ]
        for line in lines
    ]
    empty = "No benchmark was run yet: foundry-tui bench --models A,B"
    context.output.result({"runs": values}, table(HEADINGS, rows, right=(3,)) if rows else empty)
    return 0


def _state(line: RunLine, going: Running | None) -> str:
    if line.finished_at is not None:
        return "finished"
    return f"running ({going.pid})" if going else "interrupted"
