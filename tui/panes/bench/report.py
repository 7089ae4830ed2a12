"""The lower part of the pane: a run as a table, its answers, or a picture."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.bench.answers import answers_to
from tui.bench.blind import RatingError
from tui.bench.history import History
from tui.bench.rating_summary import RatingSummary, sum_up
from tui.bench.ratings import RatingBook
from tui.bench.scatter import draw, points_of
from tui.bench.summary import Summary
from tui.database import Database, DatabaseError
from tui.panes.bench.answers_text import answers_text
from tui.panes.bench.columns import Shown, columns_text
from tui.panes.bench.live import LiveRun
from tui.panes.bench.picture_text import KEY, picture_text
from tui.panes.bench.verdicts_text import verdicts_text
from tui.widgets.glyphs import Glyphs

View = Literal["table", "answers", "picture", "comparison"]
DRAW_EVERY_S = 0.25
STRIPS_FROM_HEIGHT = 16
EMPTY = (
    "\nNothing measured yet. Choose two or three models with space, then press s.\n"
    "They answer in turn; medians with intervals and a verdict appear here. h shows earlier runs."
)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is kept of a run beside its requests."""

    ratings: RatingSummary | None
    note: str


class ReportView(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Draws one run, going on or over.

    Args:
        database: Where ratings and notes are kept.
        glyphs: What to draw with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", show=False),
        Binding("down,j", "scroll_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown,space", "page_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]

    def __init__(self, database: Database, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._database = database
        self._glyphs = glyphs
        self.live: LiveRun | None = None
        self.summary: Summary | None = None
        """The run that is shown, once it is over."""
        self.view: View = "table"
        self.beside = Beside(None, "")
        self._comparison = Content("")
        self._prompt = 0
        self._dirty = False

    def compose(self) -> ComposeResult:
        """Lay out table and verdicts."""
        yield Static(id="bench-results")
        yield Static(id="bench-verdicts")

    def on_mount(self) -> None:
        """Draw at a pace that the eye can follow, however fast the answers come."""
        self.set_interval(DRAW_EVERY_S, self._draw_if_dirty)
        self.draw()

    def on_resize(self) -> None:
        """Give the columns their widths anew."""
        self.draw()

    def show_live(self, live: LiveRun) -> None:
        """Follow a run."""
        self.live, self.summary, self.view = live, None, "table"
        self.beside, self._prompt = Beside(None, ""), 0
        self.scroll_home(animate=False)
        self.draw()

    def show_summary(self, summary: Summary) -> None:
        """Show a run that is over."""
        if self.summary is None or self.summary.run_id != summary.run_id:
            self.beside, self._prompt = Beside(None, ""), 0
        self.live, self.summary = None, summary
        self.draw()
        self.read_beside()

    def show_comparison(self, summary: Summary, text: Content) -> None:
        """Show two runs beside each other; the views of the later one are a key away."""
        self._comparison = text
        self.show_summary(summary)
        self.show_view("comparison")

    def show_nothing(self) -> None:
        """Go back to the beginning."""
        self.live, self.summary = None, None
        self.draw()

    def show_view(self, view: View) -> None:
        """Show it in another way."""
        self.view = view
        self.scroll_home(animate=False)
        self.draw()

    def next_prompt(self, by: int) -> None:
        """Show the answers to another prompt."""
        if self.summary is not None:
            self._prompt = (self._prompt + by) % len(self.summary.plan.prompt_set.items)
            self.show_view("answers")

    def changed(self) -> None:
        """The run went on: draw soon."""
        self._dirty = True

    @work(group="beside", exclusive=True)
    async def read_beside(self) -> None:
        """Read ratings and note again, and draw them."""
        if self.summary is None:
            return
        try:
            self.beside = await asyncio.to_thread(self._read_beside, self.summary)
        except DatabaseError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)
        self.draw()

    def _read_beside(self, summary: Summary) -> Beside:
        note = History(self._database).note(summary.run_id)
        try:
            return Beside(sum_up(summary, RatingBook(self._database).raters(summary.run_id)), note)
        except RatingError:  # one target, or failures only
            return Beside(None, note)

    # Drawing

    def _draw_if_dirty(self) -> None:
        seen = self.screen.is_current and all(
            one.display for one in self.ancestors_with_self if isinstance(one, Widget)
        )
        if self._dirty and seen:
            self.draw()

    def draw(self) -> None:
        """Draw what there is."""
        self._dirty = False
        results = self.query_one("#bench-results", Static)
        verdicts = self.query_one("#bench-verdicts", Static)
        width = max(40, self.scrollable_content_region.width - 1)
        verdicts.display = False
        if self.live is not None:
            shown = Shown(self.live.columns, None, self._room_for_strips, self._glyphs)
            results.update(columns_text(self.live.summary(), shown, width))
        elif self.summary is None:
            results.update(EMPTY)
        elif self.view == "answers":
            self._draw_answers(self.summary, width)
        elif self.view == "comparison":
            results.update(self._comparison)
        elif self.view == "picture":
            points = points_of(self.summary, self.beside.ratings)
            # Below the plot: axis and its ends, legend, key, and an empty line before each.
            below = 4 + len(points) + -(-len(KEY) // (width - 1))
            height = max(6, min(18, self.scrollable_content_region.height - below))
            results.update(picture_text(draw(points, min(width, 100), height)))
        else:
            shown = Shown({}, self.beside.ratings, self._room_for_strips, self._glyphs)
            results.update(columns_text(self.summary, shown, width))
            verdicts.display = True
            verdicts.update(verdicts_text(self.summary, self.beside.ratings, self.beside.note))

    @property
    def _room_for_strips(self) -> bool:
        return self.size.height >= STRIPS_FROM_HEIGHT

    def _draw_answers(self, summary: Summary, width: int) -> None:
        items = summary.plan.prompt_set.items
        head = f"Prompt {self._prompt + 1} of {len(items)}"
        if len(items) > 1:
            head += " · ← → other prompts"
        answers = answers_to(summary, self._prompt)
        text = answers_text(items[self._prompt].text, answers, width)
        self.query_one("#bench-results", Static).update(
            Content("\n").join([Content.styled(head, "$foreground-muted"), text])
        )
