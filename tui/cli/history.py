"""`history list|show|compare|export|note|rm`; needs no backend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tui.bench.comparison import compare_runs
from tui.bench.export import export_csv, export_json
from tui.bench.history import History, PastRun, find_run, headline
from tui.bench.rating_wording import HEADINGS as RATING_HEADINGS
from tui.bench.rating_wording import rating_lines, rating_rows
from tui.bench.recorder import Recorder
from tui.bench.summary import Summary, graded
from tui.bench.wording import short_name
from tui.cli.bench_out import comparison_text, export_report, ratings_of
from tui.cli.bench_text import summary_text
from tui.cli.execute import Context
from tui.cli.output import UsageError, table
from tui.database import Database
from tui.foundry.text import clean_text

HEADINGS = ("RUN", "STARTED", "TARGETS", "REQUESTS", "RATED BY", "RESULT", "NOTE")


async def run(context: Context) -> int:
    """Look at earlier runs, or change what is kept of them."""
    database = Database(context.session.paths.database)
    actions = {"list": _list, "show": _show, "compare": _compare, "export": _export, "note": _note,
               "rm": _remove}  # fmt: skip
    action = actions[context.arguments.action]
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


def _loaded(database: Database, wanted: str) -> Summary:
    recorder = Recorder(database)
    return graded(recorder.load(find_run(recorder, wanted)))


def _show(context: Context, database: Database) -> int:
    summary = _loaded(database, context.arguments.run)
    ratings = ratings_of(database, summary)
    note = History(database).note(summary.run_id)
    text = [summary_text(summary)]
    if ratings is not None:
        rated = table(RATING_HEADINGS, rating_rows(ratings), right=range(1, 7))
        text += ["", rated, "", *rating_lines(ratings)]
    text += ["", f"Note: {note}"] if note else []
    values = summary.as_dict() | {
        "ratings": ratings.as_dict() if ratings else None,
        "note": note,
    }
    context.output.result(values, clean_text("\n".join(text)))
    return 0


def _compare(context: Context, database: Database) -> int:
    before = _loaded(database, context.arguments.before)
    found = compare_runs(_loaded(database, context.arguments.run), before)
    context.output.result(found.as_dict() | {"now_id": found.now_id}, comparison_text(found))
    return 0


def _export(context: Context, database: Database) -> int:
    path: Path = context.arguments.file
    writers: dict[str, Callable[[Summary, Path], None]] = {
        ".csv": export_csv,
        ".json": export_json,
        ".md": partial(export_report, database),
    }
    if (write := writers.get(path.suffix.lower())) is None:
        raise UsageError(f"'{path.suffix}' is no kind of export.", "Take .csv, .json or .md.")
    summary = _loaded(database, context.arguments.run)
    write(summary, path)
    context.output.result({"run_id": summary.run_id, "path": str(path)}, f"Wrote {path}")
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
    return [
        line.run_id,
        line.created_at[:16].replace("T", " "),
        ", ".join(short_name(target.label) for target in line.targets),
        str(line.requests),
        str(one.raters),
        result if line.finished_at else "not finished",
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
