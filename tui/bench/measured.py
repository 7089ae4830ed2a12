"""The newest figures of each variant, out of all runs that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tui.bench.ratings import RatingBook
from tui.bench.recorder import Recorder, RunLine
from tui.bench.summary import Summary
from tui.catalog.measured import Measured
from tui.catalog.resolve import stem
from tui.database import Database
from tui.foundry.ids import same_variant

RUNS = 50
"""How far back it is looked."""


def latest_measured(database: Database, variant_ids: Iterable[str]) -> dict[str, Measured]:
    """Return the newest figures by variant id; those that were never measured are left out.

    Blocks: call it off the event loop.

    Raises:
        DatabaseError: The database cannot be used.
    """
    wanted = list(dict.fromkeys(variant_ids))
    found: dict[str, Measured] = {}
    recorder = Recorder(database)
    for line in recorder.list(RUNS):
        left = [one for one in wanted if one not in found]
        if not left:
            break
        ids = [target.variant_id for target in line.here]
        if not any(same_variant(one, target) for one in left for target in ids):
            continue
        summary = recorder.load(line.run_id)
        for variant_id in left:
            if (measured := _of(summary, line, variant_id)) is not None:
                found[variant_id] = measured
    return _with_ratings(found, database)


def measured_by_entry(
    database: Database, names: Iterable[str], run_id: str | None = None
) -> dict[str, Measured]:
    """Return the newest figures by the names of the registry, which leave device and version out.

    Blocks: call it off the event loop. Raises `DatabaseError`.

    Args:
        database: Where the runs are kept.
        names: Of the registry's entries.
        run_id: Only what this run measured; None for all runs.
    """
    wanted = {name: name.strip().casefold() for name in names}
    found: dict[str, Measured] = {}
    recorder = Recorder(database)
    for line in recorder.list(RUNS):
        if run_id not in (None, line.run_id):
            continue
        named = {
            name: target
            for target in (one.variant_id for one in line.here)
            for name, folded in wanted.items()
            if name not in found and folded in (target.casefold(), stem(target))
        }
        if not named:
            continue
        summary = recorder.load(line.run_id)
        for name, target in named.items():
            if (measured := _of(summary, line, target)) is not None:
                found[name] = measured
    return _with_ratings(found, database)


def _with_ratings(found: Mapping[str, Measured], database: Database) -> dict[str, Measured]:
    """Add the newest ratings, which may be of an older run than the speed."""
    lines = {line.run_id: line for line in Recorder(database).list()}
    means = [
        (target.variant_id, ratings[target.label])
        for run_id, ratings in RatingBook(database).means()
        if run_id in lines
        for target in lines[run_id].here
        if target.label in ratings
    ]
    return {
        name: replace(
            measured,
            rating=next(
                (mean for rated, mean in means if same_variant(rated, measured.variant_id)), None
            ),
        )
        for name, measured in found.items()
    }


def _of(summary: Summary, line: RunLine, variant_id: str) -> Measured | None:
    here = {one.label for one in line.here if same_variant(one.variant_id, variant_id)}
    for target in summary.targets:
        if not target.done or target.facts.target not in here:
            continue
        metrics = target.metrics
        return Measured(
            variant_id,
            ttft_s=metrics["ttft_s"].median,
            decode_tok_s=metrics["decode_tok_s"].median,
            e2e_s=metrics["e2e_s"].median,
            load_s=target.facts.load_s,
            resident_bytes=target.facts.load_bytes,
            run_id=line.run_id,
            measured_at=line.finished_at or line.created_at,
        )
    return None
