"""Earlier runs: found by a word, with notes, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.bench.context import now_text
from tui.bench.recorder import Recorder, RunLine
from tui.bench.summary import Summary
from tui.bench.wording import short_name
from tui.database import Database
from tui.foundry.errors import NotFound

LAST = "last"
MOST_NOTE_CHARACTERS = 4000


def find_run(recorder: Recorder, wanted: str) -> str:
    """Return the id that `wanted` means: 'last', a whole id, or the beginning of one.

    Raises:
        NotFound: There is none, or there are several.
    """
    lines = recorder.list()
    hint = "List them with `foundry-tui history`."
    if not lines:
        raise NotFound("No benchmark was run yet.", "Run one: foundry-tui bench --models A,B")
    if wanted == LAST:
        return lines[0].run_id
    found = [line.run_id for line in lines if wanted and line.run_id.startswith(wanted)]
    if len(found) > 1 and wanted not in found:
        raise NotFound(f"'{wanted}' is the beginning of {len(found)} runs.", hint)
    if not found:
        raise NotFound(f"There is no benchmark run '{wanted}'.", hint)
    return wanted if wanted in found else found[0]


@dataclass(frozen=True, slots=True)
class PastRun:
    """One line of the history."""

    line: RunLine
    note: str
    raters: int
    """How many have rated it to the end."""


class History:
    """What is kept beside the runs themselves. All calls block.

    Args:
        database: Where they are kept.

    Raises:
        DatabaseError: From every method, where the database cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, limit: int = 200) -> tuple[PastRun, ...]:
        """Return the newest runs first."""
        lines = Recorder(self._database).list(limit)
        with self._database.transaction() as connection:
            notes = dict(connection.execute("SELECT run_id, note FROM bench_notes").fetchall())
            raters = dict(
                connection.execute(
                    "SELECT run_id, COUNT(*) FROM bench_raters WHERE finished_at IS NOT NULL "
                    "GROUP BY run_id"
                ).fetchall()
            )
        return tuple(
            PastRun(line, notes.get(line.run_id, ""), raters.get(line.run_id, 0)) for line in lines
        )

    def note(self, run_id: str) -> str:
        """Return what a person wrote about a run."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT note FROM bench_notes WHERE run_id = ?", (run_id,)
            ).fetchone()
        return str(row["note"]) if row else ""

    def write_note(self, run_id: str, note: str) -> None:
        """Keep a note in place of the one before; an empty one removes it."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM bench_notes WHERE run_id = ?", (run_id,))
            if note.strip():
                connection.execute(
                    "INSERT INTO bench_notes (run_id, note, changed_at) VALUES (?, ?, ?)",
                    (run_id, note.strip()[:MOST_NOTE_CHARACTERS], now_text()),
                )

    def delete(self, run_ids: Sequence[str]) -> None:
        """Delete runs with their requests, ratings and notes."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM bench_runs WHERE id = ?", [(run_id,) for run_id in run_ids]
            )


def headline(summary: Summary) -> str:
    """Say in a few words what came out of a run, by the time of a whole answer."""
    verdicts = [one for one in summary.verdicts if one.metric == "e2e_s"]
    if len(summary.targets) < 2:
        return "one target, nothing compared"
    if not verdicts:
        sequential = summary.context.get("order", summary.plan.order) == "sequential"
        return "numbers only, sequential" if sequential else "not finished"
    if all(one.verdict.kind == "too few" for one in verdicts):
        return "too few rounds for a verdict"
    beaten: dict[str, int] = {}
    for one in verdicts:
        if one.verdict.kind in ("faster", "slower"):
            winner = one.a if one.verdict.kind == "faster" else one.b
            beaten[winner] = beaten.get(winner, 0) + 1
    for winner, count in beaten.items():
        if count == len(summary.targets) - 1:
            by = ""
            if count == 1 and (ratio := verdicts[0].verdict.ratio):
                by = f", {max(ratio, 1 / ratio):.1f}x"
            return f"{short_name(winner)} is fastest{by}"
    if any(one.verdict.kind == "unstable" for one in verdicts):
        return "unstable"
    return "no single fastest" if beaten else "no difference shown"
