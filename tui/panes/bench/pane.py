"""The pane Bench: choose, measure side by side, read the verdict, export."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.getters import query_one
from textual.widgets import Static
from textual.worker import Worker

from tui.actions import bindings_of
from tui.bench.events import (
    AnswerDelta,
    RequestFinished,
    RequestStarted,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetLoaded,
    TargetLoading,
    Trouble,
    WarmedUp,
)
from tui.bench.export import export_csv, export_json
from tui.bench.plan import BenchPlan, PlanError
from tui.bench.prompt_sets import BUILT_IN
from tui.bench.prompts import PromptSet
from tui.bench.recorder import Recorder
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.summary import Summary, summarize
from tui.bench.targets import Target
from tui.bench.verdict import LEAST_ROUNDS
from tui.database import Database
from tui.formats import format_bytes, format_duration
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.foundry.types import Variant
from tui.messages import MarkRequested, RefreshRequested, VariantLoaded
from tui.panes.base import Pane
from tui.panes.bench.columns import LiveColumn, columns_text, verdict_lines
from tui.store import State
from tui.widgets.table import Cell, Column, Row, Table
from tui.workers.bench import BenchFailed, BenchTold, run_and_post

DRAW_EVERY_S = 0.25
COLUMNS = (
    Column(" ", 2),
    Column("MODEL", 24, flexible=True),
    Column("DEVICE", 7, from_width=50),
    Column("SIZE", 8, align="right"),
    Column("STATE", 8),
)


class BenchPane(Pane):
    """Two or more models side by side."""

    TOPICS = ("models", "marks")
    SCOPES = ("bench",)
    HELP = (
        "Choose two or three models and start: they answer the same prompts in turn, in drawn "
        "order, so that what disturbs the machine hits all alike. Medians stand with their 95 % "
        "intervals; at the end a verdict says what may be said. Every answer is kept."
    )
    BINDINGS = bindings_of("bench")

    head = query_one("#bench-head", Static)
    table = query_one("#bench-models", Table)
    results = query_one("#bench-results", Static)
    verdicts = query_one("#bench-verdicts", Static)

    def compose(self) -> ComposeResult:
        """Lay out the choice and the results."""
        yield Static(id="bench-head", classes="pane-head", markup=False)
        yield Table(COLUMNS, id="bench-models")
        with VerticalScroll(id="bench-report", can_focus=False):
            yield Static(id="bench-results")
            yield Static(id="bench-verdicts")

    def on_mount(self) -> None:
        """Start with nothing measured."""
        settings = self.session.config.bench
        self._rounds = settings.rounds
        self._prompts = 0
        self._question = ""
        """What was brought from the chat to be measured with."""
        self._recorder = Recorder(Database(self.session.paths.database))
        self._run: Worker[None] | None = None
        self._plan: BenchPlan | None = None
        self._run_id = ""
        self._started_s = 0.0
        self._facts: dict[str, TargetFacts] = {}
        self._requests: list[RequestResult] = []
        self._live: dict[str, LiveColumn] = {}
        self._summary: Summary | None = None
        self._drawn_s = 0.0
        super().on_mount()
        self._draw_results()

    def focus_default(self) -> None:
        """Start in the list."""
        self.screen.set_focus(self.table)

    def show_state(self, state: State) -> None:
        """Draw the choice."""
        if state.bench_question != self._question:
            self._question = state.bench_question
            self._prompts = len(self._prompt_sets) - 1
        self.table.empty = "No model is on disk yet: run one in the catalog (1) first."
        self.table.set_rows([_row(one, one.id in state.marked) for one in self._choices(state)])
        self._draw_head()

    @property
    def _prompt_sets(self) -> tuple[PromptSet, ...]:
        own = PromptSet.of("your question", (self._question,))
        return (*BUILT_IN, own) if self._question else BUILT_IN

    def on_resize(self) -> None:
        """Give the columns their widths anew."""
        if self._plan is not None:
            self._draw_results()

    def _choices(self, state: State) -> list[Variant]:
        variants = [one for model in state.models or () for one in model.variants]
        ready = [one for one in variants if one.loaded or one.cached or one.id in state.marked]
        return sorted(ready, key=lambda one: (not one.loaded, one.id))

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self._run is not None and self._run.is_running

    def _draw_head(self) -> None:
        plan = self._plan
        if self.running and plan is not None:
            done = len(self._requests)
            parts = [
                f"{len(plan.targets)} models",
                plan.prompt_set.name,
                f"round {min(plan.rounds, done * plan.rounds // plan.request_count + 1)} of "
                f"{plan.rounds} interleaved, seed {plan.seed}",
            ]
            if done:
                left_s = (time.monotonic() - self._started_s) / done * (plan.request_count - done)
                parts.append(f"{format_duration(left_s)} left")
            parts.append("x stops")
        else:
            few = f" (a verdict needs {LEAST_ROUNDS})" if self._rounds < LEAST_ROUNDS else ""
            parts = [
                f"{len(self.store.state.marked)} chosen (space)",
                f"{self._prompt_sets[self._prompts].name} (p)",
                f"{self._rounds} rounds (+ -){few}",
                "s start",
            ]
        self.head.update(" · ".join(parts), layout=False)

    def _draw_results(self) -> None:
        self._drawn_s = time.monotonic()
        plan = self._plan
        if plan is None:
            self.results.update(
                "\nNothing measured yet. Choose two or three models with space, then press s.\n"
                "They answer in turn; medians with intervals and a verdict appear here."
            )
            return
        summary = self._summary or summarize(
            self._run_id, plan, {}, self._facts, self._requests, verdicts=False
        )
        width = max(40, self.size.width - 4)
        self.results.update(columns_text(summary, self._live, width))
        self.verdicts.update(verdict_lines(summary) if self._summary else "")

    # Choosing

    @on(Table.Chosen)
    def action_choose(self) -> None:
        """Choose or drop the model under the cursor."""
        variant_id = self.table.cursor_key
        if variant_id and not self.running:
            self.post_message(MarkRequested(variant_id))
            self.table.action_cursor_down()

    def action_next_prompts(self) -> None:
        """Switch between the built-in sets of prompts."""
        if not self.running:
            self._prompts = (self._prompts + 1) % len(self._prompt_sets)
            self._draw_head()

    def action_more_rounds(self) -> None:
        """One round more."""
        self._set_rounds(self._rounds + 1)

    def action_fewer_rounds(self) -> None:
        """One round less."""
        self._set_rounds(self._rounds - 1)

    def _set_rounds(self, rounds: int) -> None:
        if not self.running:
            self._rounds = max(1, min(100, rounds))
            self._draw_head()

    # Running

    def action_start(self) -> None:
        """Measure the chosen models."""
        state = self.store.state
        backend = self.store.backend
        if self.running or backend is None:
            return
        chosen = tuple(one.id for one in self._choices(state) if one.id in state.marked)
        if len(chosen) < 2:
            self.notify("Choose at least two models with space.", severity="warning")
            return
        settings = self.session.config.bench
        try:
            self._plan = BenchPlan(
                tuple(map(Target, chosen)),
                self._prompt_sets[self._prompts],
                rounds=self._rounds,
                max_tokens=settings.max_tokens,
                timeout_s=settings.timeout_s,
            )
        except PlanError as error:
            self._say_error(error)
            return
        self._facts = {target: TargetFacts(target) for target in chosen}
        self._live = {target: LiveColumn("waiting") for target in chosen}
        self._requests = []
        self._summary = None
        self._run = self._measure()
        self._draw_head()
        self._draw_results()

    @work(group="bench", exclusive=True)
    async def _measure(self) -> None:
        if self._plan is not None and self.store.backend is not None:
            await run_and_post(self._plan, self.store.backend, self._recorder, self.post_message)

    def action_stop(self) -> None:
        """Stop the run; what was measured is kept."""
        if self._run is not None and self.running:
            self._run.cancel()

    @on(BenchFailed)
    def _failed(self, message: BenchFailed) -> None:
        self._say_error(message.error)

    @on(BenchTold)
    def _told(self, message: BenchTold) -> None:
        self._take(message)
        # Answers come in small pieces, faster than anybody reads.
        if isinstance(message.event, RunFinished) or (
            time.monotonic() - self._drawn_s >= DRAW_EVERY_S
        ):
            self._draw_head()
            self._draw_results()

    def _take(self, message: BenchTold) -> None:
        match message.event:
            case RunStarted(run_id=run_id):
                self._run_id = run_id
            case TargetLoading(target=target):
                self._live[target] = LiveColumn("◐ loading")
            case TargetLoaded(target=target, result=result):
                self._live[target] = LiveColumn("● loaded")
                if not result.already_loaded:
                    self._facts[target] = replace(
                        self._facts[target], load_s=result.load_s, load_bytes=result.resident_bytes
                    )
                self.post_message(VariantLoaded(result))
                self.post_message(RefreshRequested("models"))
            case TargetFailed(target=target, error=error):
                self._live[target] = LiveColumn("! left out")
                self._facts[target] = replace(self._facts[target], error=error)
            case WarmedUp(target=target):
                self._live[target] = LiveColumn("● warm")
                self._started_s = time.monotonic()
            case RequestStarted(step=step):
                self._live[step.target] = LiveColumn("◐ asked")
            case AnswerDelta(target=target, text=text):
                before = self._live.get(target, LiveColumn(""))
                self._live[target] = LiveColumn("", before.text + text)
            case RequestFinished(result=result):
                self._requests.append(result)
            case Trouble(message=text):
                self.notify(clean_text(text), severity="warning", markup=False)
            case RunFinished(summary=summary, stopped=stopped):
                self._summary = summary
                self._run = None
                word = "stopped" if stopped else "done"
                self._live = {
                    target: replace(live, state=word) for target, live in self._live.items()
                }

    def _say_error(self, error: FoundryError) -> None:
        self.notify(f"{error.message}\n{error.hint}", severity="error", markup=False)

    # Export

    @work(group="export", exclusive=True)
    async def action_export(self) -> None:
        """Write the last run as CSV and JSON into the working directory."""
        summary = self._summary
        if summary is None:
            self.notify("Nothing to export yet: measure first (s).")
            return
        base = Path.cwd() / f"bench-{summary.run_id}"
        table, whole = base.with_suffix(".csv"), base.with_suffix(".json")
        try:
            await asyncio.to_thread(export_csv, summary, table)
            await asyncio.to_thread(export_json, summary, whole)
        except FoundryError as error:
            self._say_error(error)
        else:
            self.notify(f"Written: {table.name} and {whole.name} in {table.parent}", markup=False)


def _row(variant: Variant, chosen: bool) -> Row:
    state = "loaded" if variant.loaded else "cached" if variant.cached else "catalog"
    return Row(
        variant.id,
        (
            Cell("✓" if chosen else "·", "accent" if chosen else "muted"),
            Cell(clean_text(variant.id, False)),
            Cell(str(variant.device), "muted"),
            Cell(format_bytes(variant.size_bytes)),
            Cell(state, "good" if variant.loaded else "muted"),
        ),
    )
