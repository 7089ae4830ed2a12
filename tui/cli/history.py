"""`history list|note|rm`; needs no backend."""

from __future__ import annotations

import asyncio
from typing import Any

from tui.bench.history import History, PastRun, find_run, headline
from tui.bench.recorder import Recorder
from tui.bench.wording import short_name
from tui.cli.execute import Context
from tui.cli.output import table
from tui.database import Database
from tui.foundry.text import clean_text

HEADINGS = ("RUN", "STARTED", "TARGETS", "REQUESTS", "RATED BY", "RESULT", "NOTE")


async def run(context: Context) -> int:
    """Look at earlier runs, or change what is kept of them."""
    database = Database(context.session.paths.database)
    action = {"list": _list, "note": _note, "rm": _remove}[context.arguments.action]
    try:
        return await asyncio.to_thread(action, context, database)
    finally:
        database.close()


def _list(context: Context, database: Database) -> int:
    past = History(database).list()
    recorder = Recorder(database)
    results = [headline(recorder.load(one.line.run_id)) for one in past]
    values = [_values(one, result) for one, result in zip(past, results, strict=True)]
    rows = [_row(one, result) for one, result in zip(past, results, strict=True)]
    empty = "No benchmark was run yet: foundry-tui bench --models A,B"
    context.output.result({"runs": values}, table(HEADINGS, rows, right=(3, 4)) if rows else empty)
    return 0


def _note(context: Context, database: Database) -> int:
    arguments, history = context.arguments, History(database)
    run_id = find_run(Recorder(database), arguments.run)
    if arguments.text is not None:
        history.write_note(run_id, arguments.text)
    note = history.note(run_id)
    shown = clean_text(note) or "There is no note."
    context.output.result({"run_id": run_id, "note": note}, shown)
    return 0


def _remove(context: Context, database: Database) -> int:
    recorder = Recorder(database)
    run_ids = [find_run(recorder, wanted) for wanted in context.arguments.runs]
    History(database).delete(run_ids)
    context.output.result({"removed": run_ids}, f"Deleted: {', '.join(run_ids)}")
    return 0


def _row(one: PastRun, result: str) -> list[str]:
    line = one.line
    state = "" if line.finished_at else " (not finished)"
    return [
        line.run_id,
        line.created_at[:16].replace("T", " "),
        ", ".join(short_name(target.label) for target in line.targets),
        str(line.requests),
        str(one.raters),
        result + state,
        " ".join(one.note.split())[:60],
    ]


def _values(one: PastRun, result: str) -> dict[str, Any]:
    line = one.line
    return {
        "run_id": line.run_id,
        "started_at": line.created_at,
        "finished_at": line.finished_at,
        "targets": [target.label for target in line.targets],
        "requests": line.requests,
        "raters": one.raters,
        "result": result,
        "note": one.note,
    }
