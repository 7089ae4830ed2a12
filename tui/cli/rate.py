"""`rate RUN`: blind rating line by line, sheets for colleagues, and what the ratings come to."""

from __future__ import annotations

import contextlib
import getpass
import secrets
import signal
import sys
from collections.abc import Iterator

from tui.bench.blind import BlindSession, RatingError, blind_sheets
from tui.bench.history import find_run
from tui.bench.rating_sheet import export_sheet, ratings_of, read_sheet
from tui.bench.rating_summary import sum_up
from tui.bench.rating_wording import HEADINGS, rating_lines, rating_rows
from tui.bench.ratings import CRITERIA, HIGHEST, LOWEST, Rating, RatingBook, Scores
from tui.bench.recorder import Recorder
from tui.bench.summary import Summary
from tui.cli.execute import Context
from tui.cli.output import table
from tui.database import Database
from tui.foundry.text import clean_text

SEEDS = 2**31
_KEYS = "t tie, s skip, u undo, q stop"


async def run(context: Context) -> int:
    """Rate, or hand out and take in sheets, or show the results; needs no backend."""
    database = Database(context.session.paths.database)
    try:
        return _Rate(context, database).run()
    finally:
        database.close()


class _Rate:
    def __init__(self, context: Context, database: Database) -> None:
        self._arguments = context.arguments
        self._output = context.output
        self._recorder = Recorder(database)
        self._book = RatingBook(database)

    def run(self) -> int:
        if self._arguments.sheet is not None:
            return self._import()
        summary = self._recorder.load(find_run(self._recorder, self._arguments.run))
        if self._arguments.results:
            return self._results(summary)
        if self._arguments.export is not None:
            return self._export(summary)
        return self._rate(summary)

    def _rater(self) -> str:
        if name := (self._arguments.rater or "").strip():
            return name
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a container without a user's name
            return "me"

    def _results(self, summary: Summary) -> int:
        found = sum_up(summary, self._book.raters(summary.run_id))
        lines = rating_lines(found)
        if found.finished:
            shown = table(HEADINGS, rating_rows(found), right=range(1, len(HEADINGS)))
            lines = [shown, "", *lines]
        self._output.result(found.as_dict(), "\n".join(clean_text(line) for line in lines))
        return 0

    # Sheets

    def _export(self, summary: Summary) -> int:
        rater, path = self._rater(), self._arguments.export
        # A run that cannot be rated must not enter a rater.
        blind_sheets(summary, rater, 0)
        progress = self._book.open(summary.run_id, rater, secrets.randbelow(SEEDS))
        self._refuse_finished(progress.finished, rater)
        sheets = blind_sheets(summary, rater, progress.seed)
        export_sheet(sheets, summary.run_id, rater, path)
        values = {"path": str(path), "run_id": summary.run_id, "rater": rater,
                  "prompts": len(sheets)}  # fmt: skip
        self._output.result(
            values,
            f"Wrote {path} for {rater}: fill in {', '.join(CRITERIA)} from {LOWEST} to {HIGHEST}, "
            f"then foundry-tui rate --import {path}",
        )
        return 0

    def _import(self) -> int:
        path = self._arguments.sheet
        run_id, rater, rows = read_sheet(path)
        if (
            self._arguments.run != "last"
            and find_run(self._recorder, self._arguments.run) != run_id
        ):
            raise RatingError(f"{path} is the sheet of another run, {run_id}.", "Name that one.")
        summary = self._recorder.load(run_id)
        known = {one.rater: one for one in self._book.raters(run_id)}
        if rater not in known:
            raise RatingError(
                f"No sheet was handed out to '{rater}' for this run.",
                "Leave the columns run and rater alone; or export a sheet for that name first.",
            )
        self._refuse_finished(known[rater].finished, rater)
        ratings = ratings_of(rows, blind_sheets(summary, rater, known[rater].seed))
        said = sum(one.kind != "skip" for one in ratings)
        if not said:
            raise RatingError(f"{path} has no scores.", "Fill them in first.")
        self._book.put(run_id, rater, *ratings)
        self._book.finish(run_id, rater)
        values = {"run_id": run_id, "rater": rater, "rated": said, "skipped": len(ratings) - said}
        self._output.result(
            values,
            f"Took in {said} of {len(ratings)} prompts rated by {rater}. "
            f"See foundry-tui rate {run_id} --results",
        )
        return 0

    def _refuse_finished(self, finished: bool, rater: str) -> None:
        if finished:
            raise RatingError(
                f"{rater} has rated this run to the end and has seen the names.",
                "Another person can rate it with --rater NAME; --results shows what came out.",
            )

    # Line by line

    def _rate(self, summary: Summary) -> int:
        rater = self._rater()
        blind_sheets(summary, rater, 0)
        progress = self._book.open(summary.run_id, rater, secrets.randbelow(SEEDS))
        self._refuse_finished(progress.finished, rater)
        session = BlindSession(blind_sheets(summary, rater, progress.seed), progress)
        self._output.note(
            f"Rating run {summary.run_id} as {rater}: {len(session.sheets)} prompts. Names come at "
            f"the end. Write {', '.join(CRITERIA)} of each answer, {LOWEST} to {HIGHEST}, as 4 5 3."
        )
        while True:
            going_on = self._sheet(summary.run_id, rater, session)
            if not going_on:
                self._output.note(
                    f"Kept: {session.rated} of {len(session.sheets)}. Go on with "
                    f"foundry-tui rate {summary.run_id} --rater {rater}"
                )
                return 0
            if session.sheet is None:
                line = _asked("All are rated. enter shows the names, u takes the last back > ")
                if line == "u":
                    self._undo(summary.run_id, rater, session)
                elif line is not None:
                    self._book.finish(summary.run_id, rater)
                    return self._results(summary)

    def _sheet(self, run_id: str, rater: str, session: BlindSession) -> bool:
        """Let one sheet be rated; tells whether the person goes on."""
        sheet = session.sheet
        if sheet is None:
            return True
        self._output.note(
            f"\n[{session.place} of {len(session.sheets)}] {clean_text(sheet.prompt)}"
        )
        for letter, answer in zip(sheet.letters, sheet.answers, strict=True):
            self._output.note(f"--- {letter}\n{clean_text(answer)}")
        scores: list[Scores] = []
        while len(scores) < len(sheet.answers):
            line = _asked(f"{sheet.letters[len(scores)]} ({_KEYS}) > ")
            if line in (None, "q"):
                return False
            if line == "u" and scores:
                scores.pop()
            elif line == "u":
                self._undo(run_id, rater, session)
                return True
            elif line in ("t", "s"):
                self._keep(run_id, rater, session.tie() if line == "t" else session.skip())
                return True
            elif found := _scores(line or ""):
                scores.append(found)
            else:
                self._output.note(f"Three numbers from {LOWEST} to {HIGHEST}, or {_KEYS}.")
        self._keep(run_id, rater, session.score_all(scores))
        return True

    def _keep(self, run_id: str, rater: str, rating: Rating | None) -> None:
        if rating is not None:
            self._book.put(run_id, rater, rating)

    def _undo(self, run_id: str, rater: str, session: BlindSession) -> None:
        index = session.undo()
        if index is not None:
            session.clear()
            self._book.take_back(run_id, rater, index)


def _scores(line: str) -> Scores | None:
    digits = [one for one in line if not one.isspace() and one not in ",;/"]
    if len(digits) != len(CRITERIA) or any(one not in "12345" for one in digits):
        return None
    first, second, third = map(int, digits)
    return (first, second, third)


def _asked(question: str) -> str | None:
    """Return a line in small letters; None at the end of the input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    with _signals_as_usual():
        line = sys.stdin.readline()
    return line.strip().lower() if line else None


@contextlib.contextmanager
def _signals_as_usual() -> Iterator[None]:
    """While a line is waited for, the event loop cannot hear signals; all is written already."""
    before = {}
    with contextlib.suppress(ValueError):  # not in the main thread
        before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
