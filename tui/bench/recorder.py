"""Runs in the database, each request as it comes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tui.bench.context import now_text
from tui.bench.plan import BenchPlan
from tui.bench.plan_file import plan_dict, plan_from
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.summary import Summary, summarize
from tui.bench.targets import Target
from tui.database import Database
from tui.foundry.errors import NotFound
from tui.system.memory_records import MemoryRecord, MemoryRecords


@dataclass(frozen=True, slots=True)
class RunLine:
    """One line of the list of runs."""

    run_id: str
    created_at: str
    finished_at: str | None
    targets: tuple[Target, ...]
    requests: int

    @property
    def here(self) -> tuple[Target, ...]:
        """The targets that were asked at the run's own backend, not at another server."""
        return tuple(one for one in self.targets if not one.endpoint)


class Recorder:
    """Writes and reads runs. All calls block: make them off the event loop.

    Args:
        database: Where they are kept.

    Raises:
        DatabaseError: From every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def memory_records(self) -> Mapping[str, MemoryRecord]:
        """Return what loads took on this machine before, for `record_of`."""
        return MemoryRecords(self._database).known()

    def start(self, run_id: str, plan: BenchPlan, context: Mapping[str, Any]) -> None:
        """Enter a run."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO bench_runs (id, created_at, plan, context) VALUES (?, ?, ?, ?)",
                (run_id, now_text(), json.dumps(plan_dict(plan)), json.dumps(dict(context))),
            )

    def add(self, run_id: str, result: RequestResult) -> None:
        """Enter one request."""
        step = result.step
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO bench_requests "
                "(run_id, sequence, target, prompt_index, round_index, result) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    step.sequence,
                    step.target,
                    step.prompt_index,
                    step.round_index,
                    json.dumps(result.as_dict()),
                ),
            )

    def forget(self, run_id: str, sequences: Iterable[int]) -> None:
        """Take requests out that are made anew."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM bench_requests WHERE run_id = ? AND sequence = ?",
                [(run_id, sequence) for sequence in sequences],
            )

    def update(self, run_id: str, context: Mapping[str, Any], facts: Sequence[TargetFacts]) -> None:
        """Enter what is known of a run that goes on, or that was stopped."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE bench_runs SET context = ? WHERE id = ?", (_full(context, facts), run_id)
            )

    def finish(self, run_id: str, context: Mapping[str, Any], facts: Sequence[TargetFacts]) -> None:
        """Enter the end of a run, and what is known of its targets."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE bench_runs SET finished_at = ?, context = ? WHERE id = ?",
                (now_text(), _full(context, facts), run_id),
            )

    def list(self, limit: int = 200) -> tuple[RunLine, ...]:
        """Return the newest runs first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT r.id, r.created_at, r.finished_at, r.plan, COUNT(q.id) AS requests "
                "FROM bench_runs r LEFT JOIN bench_requests q ON q.run_id = r.id "
                "GROUP BY r.id ORDER BY r.created_at DESC, r.rowid DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(
            RunLine(
                row["id"],
                row["created_at"],
                row["finished_at"],
                tuple(map(Target.from_value, json.loads(row["plan"])["targets"])),
                row["requests"],
            )
            for row in rows
        )

    def making(self, run_id: str, pid: int) -> bool:
        """Tell whether a process has begun this run, or taken it up again."""
        with self._database.transaction() as connection:
            query = "SELECT context FROM bench_runs WHERE id = ?"
            row = connection.execute(query, (run_id,)).fetchone()
        return row is not None and json.loads(row["context"]).get("process", {}).get("pid") == pid

    def state(self, run_id: str) -> tuple[bool, dict[str, Any]]:
        """Return whether a run came to its end, and its conditions. Raises `NotFound`."""
        with self._database.transaction() as connection:
            query = "SELECT finished_at, context FROM bench_runs WHERE id = ?"
            row = connection.execute(query, (run_id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no benchmark run {run_id}.")
        return row["finished_at"] is not None, json.loads(row["context"])

    def open_runs(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Return names and contexts of the runs that did not come to their end, newest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, context FROM bench_runs WHERE finished_at IS NULL "
                "ORDER BY created_at DESC, rowid DESC"
            ).fetchall()
        return tuple((row["id"], json.loads(row["context"])) for row in rows)

    def requests_after(self, run_id: str, row_id: int) -> tuple[tuple[RequestResult, ...], int]:
        """Return the requests of a run that were entered after a row, and the last row now."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, result FROM bench_requests WHERE run_id = ? AND id > ? ORDER BY id",
                (run_id, row_id),
            ).fetchall()
        results = tuple(RequestResult.from_dict(json.loads(row["result"])) for row in rows)
        return results, rows[-1]["id"] if rows else row_id

    def load(self, run_id: str) -> Summary:
        """Return a run, finished or not; raises `NotFound`."""
        with self._database.transaction() as connection:
            run = connection.execute(
                "SELECT plan, context FROM bench_runs WHERE id = ?", (run_id,)
            ).fetchone()
            rows: list[sqlite3.Row] = connection.execute(
                "SELECT result FROM bench_requests WHERE run_id = ? ORDER BY sequence", (run_id,)
            ).fetchall()
        if run is None:
            raise NotFound(f"There is no benchmark run {run_id}.")
        context = json.loads(run["context"])
        facts = [TargetFacts.from_dict(one) for one in context.pop("targets", [])]
        results = [RequestResult.from_dict(json.loads(row["result"])) for row in rows]
        plan = plan_from(json.loads(run["plan"]))
        return summarize(run_id, plan, context, {one.target: one for one in facts}, results)


def _full(context: Mapping[str, Any], facts: Sequence[TargetFacts]) -> str:
    return json.dumps({**context, "targets": [asdict(one) for one in facts]})
