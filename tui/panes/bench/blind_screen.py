"""The screen of blind rating: answers side by side, no names, three rows of 1 to 5 by single keys.

It covers the whole terminal, so that header and pane cannot tell which answer is whose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.bench.blind import BlindSession, BlindSheet
from tui.bench.rating_summary import RatingSummary, sum_up
from tui.bench.ratings import CRITERIA, HIGHEST, LOWEST, Rating, RatingBook
from tui.bench.summary import Summary
from tui.database import DatabaseError
from tui.foundry.text import clean_text
from tui.panes.bench.ratings_text import ratings_text

LEAST_COLUMN = 36
"""Cells that an answer needs to be read."""
LABEL_WIDTH = 12
KEYS = (
    "1-5 score · ←→↑↓ or hjkl cell · t tie · s skip · u undo · pgdn pgup scroll · E end here · "
    "esc leave, kept"
)
KEYS_DONE = "enter shows the names · u takes the last back · esc leave, kept"
KEYS_SHOWN = "esc back to the benchmark"


class BlindColumn(Vertical):
    """One answer with its scores."""

    def compose(self) -> ComposeResult:
        """Lay out answer and scores."""
        with VerticalScroll(classes="answer", can_focus=False):
            yield Static(markup=False)
        yield Static(classes="scores")

    def show(self, letter: str, answer: str, scores: Content, current: bool) -> None:
        """Draw it."""
        self.border_title = letter
        self.set_class(current, "-current")
        self.query_one(".answer Static", Static).update(clean_text(answer))
        self.query_one(".scores", Static).update(scores)

    def scroll_answer(self, pages: int) -> None:
        """Go up or down in the answer."""
        box = self.query_one(VerticalScroll)
        box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)

    def scroll_to_start(self) -> None:
        """Show the beginning of the answer."""
        self.query_one(VerticalScroll).scroll_home(animate=False)


class BlindScreen(ModalScreen[RatingSummary]):
    """Lets one person rate a run; answers with the results once the names were shown.

    Args:
        summary: The run.
        rater: Who rates.
        session: Sheets, and what this person said before.
        book: Each rating is written there at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"score({n})", show=False) for n in range(LOWEST, HIGHEST + 1)),
        Binding("left,h", "move(-1, 0)", show=False),
        Binding("right,l", "move(1, 0)", show=False),
        Binding("up,k", "move(0, -1)", show=False),
        Binding("down,j", "move(0, 1)", show=False),
        Binding("pagedown,space", "scroll(1)", show=False),
        Binding("pageup", "scroll(-1)", show=False),
        Binding("t", "tie", show=False),
        Binding("s", "skip", show=False),
        Binding("u", "undo", show=False),
        Binding("E", "end", show=False),
        Binding("enter", "reveal", show=False),
        Binding("escape,q", "leave", show=False),
    ]
    DEFAULT_CSS = """
    BlindScreen {
        layout: vertical;
        background: $background;
        & #blind-head { height: 1; padding: 0 1; background: $panel; }
        & #blind-prompt { height: auto; max-height: 5; padding: 0 1; margin: 1 0 0 0; }
        & #blind-answers { height: 1fr; margin-top: 1; }
        & #blind-end { height: 1fr; padding: 1 2; }
        & #blind-end-text { height: auto; }
        & #blind-keys { height: auto; padding: 0 1; color: $text-muted; }
        & BlindColumn {
            width: 1fr;
            border: round $surface-lighten-2;
            border-title-style: bold;
            padding: 0 1;
            &.-current { border: round $primary; }
            & .answer { height: 1fr; scrollbar-size-vertical: 1; }
            & .scores { height: auto; margin-top: 1; }
        }
    }
    """

    def __init__(
        self, summary: Summary, rater: str, session: BlindSession, book: RatingBook
    ) -> None:
        super().__init__()
        self._summary = summary
        self._rater = rater
        self._session = session
        self._book = book
        self._first = 0
        self._shown: BlindSheet | None = None
        self._results: RatingSummary | None = None
        self._writing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        """Lay out prompt, answers and keys."""
        yield Static(id="blind-head", markup=False)
        yield Static(id="blind-prompt", markup=False)
        with Horizontal(id="blind-answers"):
            for _ in range(max(len(sheet.answers) for sheet in self._session.sheets)):
                yield BlindColumn()
        with VerticalScroll(id="blind-end"):
            yield Static(id="blind-end-text")
        yield Static(id="blind-keys", markup=False)

    def on_mount(self) -> None:
        """Show the sheet in hand."""
        self._draw()

    def on_resize(self) -> None:
        """Show as many answers beside each other as there is room for."""
        self._draw()

    # Drawing

    def _draw(self) -> None:
        session, sheet = self._session, self._session.sheet
        title = f"Blind rating · {clean_text(self._rater, False)}"
        if sheet is not None:
            title += f" · prompt {session.place} of {len(session.sheets)}"
        if self._results is None:
            title += f" · {session.rated} done"
        if sheet is not None and len(set(sheet.answers)) == 1:
            title += " · all answers are the same (t)"
        self.query_one("#blind-head", Static).update(title)
        keys = KEYS if sheet else KEYS_SHOWN if self._results else KEYS_DONE
        self.query_one("#blind-keys", Static).update(keys)
        self.query_one("#blind-prompt").display = sheet is not None
        self.query_one("#blind-answers").display = sheet is not None
        self.query_one("#blind-end").display = sheet is None
        if sheet is not None:
            self._draw_sheet(sheet)
            return
        self._shown = None
        if self._results is None:
            text = Content(
                f"All {len(session.sheets)} prompts are done.\n\n"
                "enter shows the names and what came out; after that nothing can be changed."
            )
        else:
            text = ratings_text(self._results)
        self.query_one("#blind-end-text", Static).update(text)

    def _draw_sheet(self, sheet: BlindSheet) -> None:
        self.query_one("#blind-prompt", Static).update(clean_text(sheet.prompt))
        columns = list(self.query(BlindColumn))
        count = len(sheet.answers)
        room = max(1, min(count, self.size.width // LEAST_COLUMN))
        at = self._session.cursor[0]
        self._first = max(min(self._first, at, count - room), at - room + 1)
        for number, column in enumerate(columns):
            column.display = self._first <= number < min(count, self._first + room)
            if not column.display:
                continue
            letter = sheet.letters[number]
            more = f" of {sheet.letters[-1]}" if room < count else ""
            column.show(
                f"{letter}{more}", sheet.answers[number], self._scores(number), number == at
            )
            if sheet is not self._shown:
                column.scroll_to_start()
        self._shown = sheet

    def _scores(self, answer: int) -> Content:
        lines = []
        for criterion, name in enumerate(CRITERIA):
            here = self._session.cursor == (answer, criterion)
            given = self._session.marks.get((answer, criterion))
            parts: list[tuple[str, str]] = [
                (f"{'▸' if here else ' '} {name:<{LABEL_WIDTH - 2}}", "b" if here else ""),
            ]
            for value in range(LOWEST, HIGHEST + 1):
                # Brackets too: a score must be seen without colours.
                text = f"[{value}]" if value == given else f" {value} "
                parts.append((text, "b $primary" if value == given else "$foreground-muted"))
            lines.append(Content.assemble(*parts))
        return Content("\n").join(lines)

    # Rating

    def action_score(self, value: int) -> None:
        """Enter a score at the cursor."""
        self._keep(self._session.score(value))

    def action_tie(self) -> None:
        """Call the answers equally good."""
        self._keep(self._session.tie())

    def action_skip(self) -> None:
        """Say nothing about this prompt."""
        self._keep(self._session.skip())

    def action_end(self) -> None:
        """Say nothing about all that are left."""
        self._keep(*self._session.skip_rest())

    def action_undo(self) -> None:
        """Take the last score back, or the last prompt."""
        if self._results is not None:
            return
        index = self._session.undo()
        if index is not None:
            run_id, rater = self._summary.run_id, self._rater
            self._write(lambda: self._book.take_back(run_id, rater, index))
        self._draw()

    def action_move(self, answers: int, criteria: int) -> None:
        """Go to another cell."""
        self._session.move(answers, criteria)
        self._draw()

    def action_scroll(self, pages: int) -> None:
        """Go up or down in the answer at the cursor."""
        if self._session.sheet is not None:
            list(self.query(BlindColumn))[self._session.cursor[0]].scroll_answer(pages)

    def _keep(self, *ratings: Rating | None) -> None:
        done = [rating for rating in ratings if rating is not None]
        if done:
            run_id, rater = self._summary.run_id, self._rater
            self._write(lambda: self._book.put(run_id, rater, *done))
        self._draw()

    @work(group="write ratings")
    async def _write(self, call: Callable[[], None]) -> None:
        # One after the other, in the order of the keys.
        async with self._writing:
            try:
                await asyncio.to_thread(call)
            except DatabaseError as error:
                self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)

    # End

    @work(group="reveal", exclusive=True)
    async def action_reveal(self) -> None:
        """Show the names, when all is rated."""
        if self._session.sheet is not None or self._results is not None:
            return
        async with self._writing:
            try:
                self._results = await asyncio.to_thread(self._finished)
            except DatabaseError as error:
                self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)
        self._draw()

    def _finished(self) -> RatingSummary:
        self._book.finish(self._summary.run_id, self._rater)
        return sum_up(self._summary, self._book.raters(self._summary.run_id))

    @work(group="leave", exclusive=True)
    async def action_leave(self) -> None:
        """Go back; what was rated is kept."""
        async with self._writing:
            self.dismiss(self._results)
