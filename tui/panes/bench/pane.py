"""The pane Bench: choose what is measured, and how; `RunMaker` and `RunDesk` do the rest."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.getters import query_one
from textual.widgets import Static

from tui.actions import bindings_of
from tui.bench.plan import BenchPlan, PlanError
from tui.bench.plan_file import load_plan, save_plan
from tui.bench.verdict import LEAST_ROUNDS
from tui.formats import format_bytes, format_duration
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.foundry.types import Variant
from tui.messages import MarkRequested
from tui.panes.bench.draft import Draft
from tui.panes.bench.report import ReportView, View
from tui.panes.bench.runs import RunMaker
from tui.paths import typed_path
from tui.store import State
from tui.widgets.glyphs import choose_glyphs
from tui.widgets.table import Cell, Column, Row, Table

COLUMNS = (
    Column(" ", 2),
    Column("MODEL", 24, flexible=True),
    Column("DEVICE", 7, from_width=50),
    Column("SIZE", 8, align="right"),
    Column("STATE", 8),
)


class BenchPane(RunMaker):
    """Two or more models side by side."""

    TOPICS = ("models", "marks")
    SCOPES = ("bench",)
    HELP = (
        "Choose two or more models and start: they answer the same prompts in turn, in drawn "
        "order, so that what disturbs the machine hits all alike. Medians stand with their 95 % "
        "intervals; at the end a verdict says what may be said. Every answer is kept: look at "
        "them side by side, rate them blind, come back to earlier runs."
    )
    BINDINGS = bindings_of("bench")

    head = query_one("#bench-head", Static)
    table = query_one("#bench-models", Table)

    def compose(self) -> ComposeResult:
        """Lay out the choice and the results."""
        glyphs = choose_glyphs(self.session.config.monitor.graphs, os.environ)
        yield Static(id="bench-head", classes="pane-head", markup=False)
        yield Table(COLUMNS, id="bench-models")
        yield ReportView(self.database, glyphs, id="bench-report")

    def on_mount(self) -> None:
        """Start with nothing measured."""
        self._draft = Draft.from_settings(self.session.config.bench)
        self._question = ""
        super().on_mount()

    def focus_default(self) -> None:
        """Start in the list, or in the report where that fills the pane."""
        self.screen.set_focus(self.table if self.table.display else self.report)

    def show_state(self, state: State) -> None:
        """Draw the choice."""
        if state.bench_question and state.bench_question != self._question:
            self._question = state.bench_question
            self._draft = self._draft.with_question(self._question)
        self.table.empty = "No model is on disk yet: run one in the catalog (1) first."
        self.table.set_rows([_row(one, one.id in state.marked) for one in self._choices(state)])
        self.draw_head()

    def _choices(self, state: State) -> list[Variant]:
        variants = [one for model in state.models or () for one in model.variants]
        ready = [one for one in variants if one.loaded or one.cached or one.id in state.marked]
        return sorted(ready, key=lambda one: (not one.loaded, one.id))

    def draw_head(self) -> None:
        """Say what is chosen, what goes on, or what is shown."""
        live, draft = self.live, self._draft
        if self.running and live is not None:
            plan = live.plan
            # The keys before what is known anyway: a small terminal cuts the end off.
            parts = [f"round {live.round} of {plan.rounds}"]
            if (left_s := live.left_s) is not None:
                parts.append(f"{format_duration(left_s)} left")
            if self.followed:
                parts += ["elsewhere", "esc leaves it", "x stops it", f"run {self.followed}"]
            else:
                parts.append("x stops")
            named = f"{plan.prompt_set.name}, seed {plan.seed}"
            parts += [live.order, f"{len(plan.targets)} targets", named]
        elif not self.table.display and (shown := self.report.summary) is not None:
            plan = shown.plan
            parts = [
                f"{len(plan.targets)} targets",
                plan.prompt_set.name,
                f"{shown.context.get('started_at', '')}"[:16].replace("T", " "),
                "esc models",
                "s start again",
            ]
        else:
            few = f" (a verdict needs {LEAST_ROUNDS})" if draft.rounds < LEAST_ROUNDS else ""
            parts = [
                f"{draft.file_name}: {len(draft.targets)} targets"
                if draft.targets
                else f"{len(self.store.state.marked)} chosen (space)",
                f"{draft.prompt_set.name} (p)",
                f"{draft.rounds} rounds (+ -){few}",
                "s start",
            ]
        text = " · ".join(part for part in parts if part)
        self.head.update(clean_text(text, False), layout=False)

    # Choosing

    @on(Table.Chosen)
    def action_choose(self) -> None:
        """Choose or drop the model under the cursor."""
        variant_id = self.table.cursor_key
        if variant_id and self.table.display and not self.running:
            self._draft = self._draft.without_file()
            self.post_message(MarkRequested(variant_id))
            self.table.action_cursor_down()

    def action_models(self) -> None:
        """Show the list of models again; a run that goes on elsewhere is left alone."""
        if self.followed:
            self.leave_followed()
        if not self.running:
            self.show_models(True)
            self.report.show_view("table")

    def action_next_prompts(self) -> None:
        """Take the next of the sets of prompts that ship."""
        self._set_draft(self._draft.with_next_prompts())

    def action_more_rounds(self) -> None:
        """One round more."""
        self._set_draft(self._draft.with_rounds(self._draft.rounds + 1))

    def action_fewer_rounds(self) -> None:
        """One round less."""
        self._set_draft(self._draft.with_rounds(self._draft.rounds - 1))

    def _set_draft(self, draft: Draft) -> None:
        if not self.running:
            self._draft = draft
            self.draw_head()

    @work(group="settings", exclusive=True)
    async def action_settings(self) -> None:
        """Choose everything that a run can be made with."""
        from tui.panes.bench.settings_dialog import SettingsDialog

        draft = await self.app.push_screen_wait(SettingsDialog(self._draft))
        if draft is not None:
            self._set_draft(draft)

    @work(group="plan", exclusive=True)
    async def action_save_plan(self) -> None:
        """Write what is chosen into a file that runs the same again."""
        from tui.widgets.dialogs.ask import AskDialog

        try:
            plan = self.chosen_plan()
        except PlanError as error:
            self.say_error(error)
            return

        def save(name: str) -> str:
            try:
                save_plan(plan, typed_path(name))
            except PlanError as error:
                return f"{error.message} {error.hint}"
            return ""

        explained = "Runs the same again here, or with foundry-tui bench --plan FILE."
        dialog = AskDialog("Save the plan", explained, "File", "bench-plan.toml", save)
        if name := await self.app.push_screen_wait(dialog):
            self.notify(f"Written: {name}", markup=False)

    @work(group="plan", exclusive=True)
    async def action_open_plan(self) -> None:
        """Take what a plan file says."""
        from tui.widgets.dialogs.ask import AskDialog

        found: list[BenchPlan] = []

        def read(name: str) -> str:
            try:
                found.append(load_plan(typed_path(name)))
            except FoundryError as error:
                return f"{error.message} {error.hint}"
            return ""

        explained = "Takes targets, prompts and settings from a plan file."
        dialog = AskDialog("Open a plan", explained, "File", "bench-plan.toml", read)
        if name := await self.app.push_screen_wait(dialog):
            self._set_draft(Draft.from_plan(found[-1], Path(name).name))

    # Plans that are started

    def chosen_plan(self) -> BenchPlan:
        """Return what is chosen. Raises `PlanError`."""
        state = self.store.state
        chosen = [one.id for one in self._choices(state) if one.id in state.marked]
        if len(chosen) < 2 and not self._draft.targets:
            raise PlanError("One model is no comparison.", "Choose at least two models with space.")
        return self._draft.plan(chosen)

    def self_test_plan(self) -> BenchPlan:
        """Return the plan for the model under the cursor against itself. Raises `PlanError`."""
        from tui.bench.prompt_sets import SMALL
        from tui.bench.self_test import ROUNDS, self_test_plan

        if not self.table.display or not self.table.cursor_key:
            raise PlanError("No model is under the cursor.", "Go back to the list with esc.")
        draft = self._draft.without_file().with_values(rounds=ROUNDS)
        plan = draft.plan([self.table.cursor_key])
        return self_test_plan(replace(plan, prompt_set=SMALL))

    # Views

    def show_models(self, shown: bool) -> None:
        """Show the list of models, or give its room to the report."""
        self.table.display = shown
        self.draw_head()
        if self.display and self.screen.is_current:
            self.focus_default()

    def show_view(self, view: View) -> None:
        """Show the run in another way, in the whole pane."""
        super().show_view(view)
        if self.report.summary is not None:
            self.show_models(False)

    def action_table(self) -> None:
        """Show the table with the verdicts."""
        self.show_view("table")


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
