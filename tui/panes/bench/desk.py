"""What can be done with a run that is over: looked at, rated, noted, exported, written down."""

from __future__ import annotations

import asyncio
import getpass
import secrets
from pathlib import Path

from textual import work
from textual.getters import query_one

from tui.bench.blind import BlindSession, RatingError, blind_sheets
from tui.bench.export import export_csv, export_json, write_file
from tui.bench.history import History
from tui.bench.measured import measured_by_entry
from tui.bench.ratings import RaterProgress, RatingBook
from tui.bench.recorder import Recorder
from tui.bench.report import markdown_report
from tui.bench.scatter import draw, points_of
from tui.bench.summary import Summary
from tui.bench.targets import short_name
from tui.catalog.registry import Registry
from tui.catalog.registry_edit import Change, RegistryFile
from tui.database import Database
from tui.foundry.errors import FoundryError
from tui.messages import RegistryChanged
from tui.panes.base import Pane
from tui.panes.bench.report import ReportView, View
from tui.session import Session
from tui.store import Store

SEEDS = 2**31
REPORT_WIDTH = 76


class RunDesk(Pane):
    """The part of the pane that works on one finished run."""

    report = query_one("#bench-report", ReportView)

    def __init__(self, store: Store, session: Session, *, id: str) -> None:  # noqa: A002
        super().__init__(store, session, id=id)
        self.database = Database(session.paths.database)
        self.recorder = Recorder(self.database)

    def show_run(self, summary: Summary) -> None:
        """Show a run that is over."""
        self.report.show_summary(summary)

    def say_error(self, error: FoundryError) -> None:
        """Say what happened and what to try."""
        self.notify(f"{error.message}\n{error.hint}".strip(), severity="error", markup=False)

    def _finished(self) -> Summary | None:
        summary = self.report.summary
        if summary is None:
            self.notify("No finished run is shown: measure first (s), or open one (h).")
        return summary

    # Looking

    def show_view(self, view: View) -> None:
        """Show the run as a table, its answers, or the picture."""
        if view == "table" or self._finished() is not None:
            self.report.show_view(view)

    def action_answers(self) -> None:
        """Show the answers side by side."""
        self.show_view("answers")

    def action_picture(self) -> None:
        """Show speed, memory and rating in a picture."""
        self.show_view("picture")

    def action_other_prompt(self, by: int) -> None:
        """Show the answers to the next prompt or the one before."""
        if self.report.view == "answers":
            self.report.next_prompt(by)

    # Notes and files

    @work(group="note", exclusive=True)
    async def action_note(self) -> None:
        """Write a note on the run."""
        from tui.panes.bench.note_dialog import NoteDialog

        if (summary := self._finished()) is None:
            return
        note = await self.app.push_screen_wait(NoteDialog(self.report.beside.note))
        if note is None:
            return
        try:
            await asyncio.to_thread(History(self.database).write_note, summary.run_id, note)
        except FoundryError as error:
            self.say_error(error)
        self.report.read_beside()

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        """Write the run as files into the working directory."""
        summary = self.report.summary
        if summary is None:
            self.notify("Nothing to export yet: measure first (s).")
            return
        base = Path.cwd() / f"bench-{summary.run_id}"
        try:
            await asyncio.to_thread(self._export, summary, base)
        except FoundryError as error:
            self.say_error(error)
        else:
            self.notify(f"Written: {base.name}.csv, .json and .md in {base.parent}", markup=False)

    def _export(self, summary: Summary, base: Path) -> None:
        ratings = self.report.beside.ratings
        ratings = ratings if ratings is not None and ratings.finished else None
        picture = draw(points_of(summary, ratings), REPORT_WIDTH).text
        export_csv(summary, base.with_suffix(".csv"))
        export_json(summary, base.with_suffix(".json"))
        write_file(base.with_suffix(".md"), markdown_report(summary, ratings, picture))

    @work(group="registry", exclusive=True)
    async def action_registry(self) -> None:
        """Put what the run measured into models.json; the change is shown first."""
        from tui.widgets.dialogs.diff import DiffDialog

        if (summary := self._finished()) is None:
            return
        try:
            file, change, missing = await asyncio.to_thread(self._contribution, summary)
            beside = ""
            if missing:
                names = ", ".join(missing)
                beside = f"Without an entry, so left out: {names} (add one in the catalog with a)."
            if not change.diff:
                told = "Nothing changes in models.json." if not missing else beside
                self.notify(told, markup=False)
                return
            title = f"Write into {file.path.name}?"
            if await self.app.push_screen_wait(DiffDialog(title, change.diff, beside)):
                registry: Registry = await asyncio.to_thread(file.write, change)
                self.post_message(RegistryChanged(registry))
                self.notify(f"Written: {file.path}", markup=False)
        except FoundryError as error:
            self.say_error(error)

    def _contribution(self, summary: Summary) -> tuple[RegistryFile, Change, list[str]]:
        file = RegistryFile(self.session.registry_path)
        names = [entry.name for entry in file.registry.entries]
        measured = measured_by_entry(self.database, names, summary.run_id)
        known = {one.variant_id for one in measured.values()}
        missing = [
            short_name(target.label)
            for target in summary.plan.targets
            if not target.endpoint and target.variant_id not in known
        ]
        return file, file.contribute_all(measured), missing

    # Rating

    @work(group="rate", exclusive=True)
    async def action_rate(self) -> None:
        """Rate the run's answers without knowing whose they are."""
        from tui.panes.bench.blind_screen import BlindScreen
        from tui.widgets.dialogs.ask import AskDialog

        if (summary := self._finished()) is None:
            return
        book = RatingBook(self.database)
        try:
            sheets = await asyncio.to_thread(blind_sheets, summary, "", 0)
            raters = await asyncio.to_thread(book.raters, summary.run_id)
            name = await self.app.push_screen_wait(
                AskDialog(
                    "Blind rating",
                    _explained(raters, len(sheets)),
                    "Your name, to go on later and to tell several raters apart",
                    _user(raters),
                    lambda text: _taken(text, raters),
                    tuple(one.rater for one in raters),
                )
            )
            if name is None:
                return
            seed = secrets.randbelow(SEEDS)
            progress = await asyncio.to_thread(book.open, summary.run_id, name, seed)
            own = await asyncio.to_thread(blind_sheets, summary, name, progress.seed)
        except RatingError as error:
            self.notify(f"{error.message} {error.hint}", severity="warning", markup=False)
            return
        except FoundryError as error:
            self.say_error(error)
            return
        session = BlindSession(own, progress)
        await self.app.push_screen_wait(BlindScreen(summary, name, session, book))
        self.report.read_beside()


def _explained(raters: tuple[RaterProgress, ...], prompts: int) -> str:
    lines = [
        f"{prompts} prompts. You see the answers in drawn order and without names, and give each "
        "1 to 5 for fluency, relevance and accuracy. The names come at the end."
    ]
    for one in raters:
        state = "has finished" if one.finished else f"is at {len(one.ratings)} of {prompts}"
        lines.append(f"{one.rater} {state}.")
    return "\n".join(lines)


def _user(raters: tuple[RaterProgress, ...]) -> str:
    """Propose who has not finished yet, else the user's name."""
    for one in raters:
        if not one.finished:
            return one.rater
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container without a user's name
        name = "me"
    return "" if any(one.rater == name for one in raters) else name


def _taken(name: str, raters: tuple[RaterProgress, ...]) -> str:
    if any(one.rater == name and one.finished for one in raters):
        return f"{name} has finished and has seen the names; take another name."
    return ""
