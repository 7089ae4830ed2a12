"""What `bench` writes at the end of a run, and what it says about it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tui.bench.comparison import LEVELS_MOVE, Comparison, compare_runs
from tui.bench.export import export_csv, export_json, export_summary_csv, write_file
from tui.bench.history import LAST, find_run
from tui.bench.measured import measured_by_entry
from tui.bench.rating_summary import RatingSummary, sum_up
from tui.bench.ratings import RatingBook
from tui.bench.recorder import Recorder
from tui.bench.regression import Judged, Limit, judge_limits, parse_limit
from tui.bench.report import markdown_report
from tui.bench.scatter import draw, points_of
from tui.bench.self_test import WHAT, self_test
from tui.bench.summary import Summary, graded
from tui.bench.targets import PlanError
from tui.catalog.registry_edit import RegistryFile
from tui.cli.bench_text import summary_text
from tui.cli.execute import Context
from tui.cli.output import table
from tui.database import Database
from tui.formats import UNKNOWN, format_duration, format_speed
from tui.foundry.text import clean_text

REGRESSED = 1
PICTURE_WIDTH = 76


def limits_of(context: Context, recorder: Recorder) -> tuple[Limit, ...]:
    """Read the conditions of `--fail-if`; what is wrong is said before anything is measured.

    Raises:
        PlanError: A condition makes no sense, or needs a run to compare with.
        NotFound: The run to compare with is not there.
    """
    limits = tuple(parse_limit(text) for text in context.arguments.fail_if)
    wanted = context.arguments.compare
    if wanted is not None:
        _before_id(recorder, wanted, "")
    elif relative := next((one for one in limits if one.relative), None):
        raise PlanError(f"'{relative.text}' needs a run to compare with.", "Name it: --compare.")
    return limits


def _before_id(recorder: Recorder, wanted: str, own: str) -> str:
    """Return the id of the run to compare with; the last one is never the run itself."""
    if wanted != LAST:
        return find_run(recorder, wanted)
    others = [line.run_id for line in recorder.list() if line.run_id != own]
    return others[0] if others else find_run(recorder, wanted)


async def report(
    context: Context, database: Database, summary: Summary, limits: tuple[Limit, ...]
) -> int:
    """Write what was asked for and print the run; returns the exit code that its limits give."""
    arguments = context.arguments
    values = summary.as_dict()
    text = [summary_text(summary)]
    if arguments.self_test:
        margins = self_test(summary)
        values["self_test"] = [one.as_dict() for one in margins]
        text += ["", *(one.text for one in margins), WHAT]
    before = await asyncio.to_thread(_before, context, database, summary.run_id)
    if before is not None:
        comparison = compare_runs(summary, before)
        values["comparison"] = comparison.as_dict()
        text += ["", comparison_text(comparison)]
    judged = judge_limits(limits, summary, before)
    if judged:
        values["fail_if"] = [one.as_dict() for one in judged]
        text += ["", *map(_judged_text, judged)]
    written = await asyncio.to_thread(_write, context, database, summary)
    if arguments.contribute:
        offered = await asyncio.to_thread(_contribute, context, database, summary)
        values["contributed"] = offered
        text += ["", *(_offer_text(one) for one in offered)]
    context.output.result(values, "\n".join(text))
    if written:
        context.output.hint(f"Wrote {', '.join(map(str, written))}")
    return REGRESSED if any(one.failed for one in judged) else 0


def _before(context: Context, database: Database, own: str) -> Summary | None:
    wanted = context.arguments.compare
    if wanted is None:
        return None
    recorder = Recorder(database)
    return graded(recorder.load(_before_id(recorder, wanted, own)))


def _write(context: Context, database: Database, summary: Summary) -> list[Path]:
    arguments = context.arguments
    written: list[Path] = []
    for path, export in (
        (arguments.csv, export_csv),
        (arguments.csv_summary, export_summary_csv),
        (arguments.json_file, export_json),
    ):
        if path is not None:
            export(summary, path)
            written.append(path)
    if arguments.report is not None:
        export_report(database, summary, arguments.report)
        written.append(arguments.report)
    return written


def export_report(database: Database, summary: Summary, path: Path) -> None:
    """Write a run as Markdown, with its ratings and the picture. Raises `ExportError`."""
    ratings = ratings_of(database, summary)
    picture = draw(points_of(summary, ratings), PICTURE_WIDTH).text
    write_file(path, markdown_report(summary, ratings, picture))


def ratings_of(database: Database, summary: Summary) -> RatingSummary | None:
    """Return what the ratings of a run come to; None before anybody has finished."""
    raters = RatingBook(database).raters(summary.run_id)
    if not any(one.finished for one in raters):
        return None
    return sum_up(summary, raters)


def _contribute(context: Context, database: Database, summary: Summary) -> list[dict[str, Any]]:
    """Put the figures of this run into the registry's entries; without `--yes` only show it."""
    path = context.session.registry_path
    names = [entry.name for entry in RegistryFile(path).registry.entries]
    offered = []
    for name, measured in measured_by_entry(database, names).items():
        if measured.run_id != summary.run_id:
            continue
        # Read anew for each: the one before may have been written.
        file = RegistryFile(path)
        change = file.contribute(name, measured)
        written = bool(context.arguments.yes and change.diff)
        if written:
            file.write(change)
        offered.append({"name": name, "diff": change.diff, "written": written})
    return offered


def _offer_text(offer: dict[str, Any]) -> str:
    end = "Written." if offer["written"] else "Not written yet: --yes does."
    return f"{clean_text(offer['name'], False)}:\n{offer['diff']}\n{end}"


def _judged_text(one: Judged) -> str:
    mark = "FAILED" if one.failed else "ok"
    return clean_text(f"{mark}: {one.text}, condition {one.limit.text}", False)


def comparison_text(found: Comparison) -> str:
    """Write what changed from an earlier run, after saying what was not alike."""
    lines = [f"Against run {found.before_id}:"]
    if found.unlike:
        lines.append(f"! The conditions were not alike: {'; '.join(found.unlike)}.")
    rows = []
    for one in found.changes:
        if one.now is None and one.before is None:
            continue
        write = format_speed if one.metric.endswith("tok_s") else format_duration
        change = UNKNOWN if one.ratio is None else f"{100 * (one.ratio - 1):+.1f} %"
        rows.append([one.target, one.metric, write(one.before), write(one.now), change])
    lines.append(table(("MODEL", "METRIC", "BEFORE", "NOW", "CHANGE"), rows, right=(2, 3, 4)))
    lines += [f"{label}: not in run {found.before_id}." for label in found.only_now]
    lines += [f"{label}: only in run {found.before_id}." for label in found.only_before]
    return clean_text("\n".join([*lines, LEVELS_MOVE]))
