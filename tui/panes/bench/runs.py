"""Makes runs, follows those of other processes, takes up earlier ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from textual import on, work
from textual.worker import Worker

from tui.bench import detached
from tui.bench.comparison import compare_runs
from tui.bench.events import RunFinished, TargetLoaded, Trouble
from tui.bench.plan import BenchPlan, PlanError
from tui.bench.plan_file import save_plan
from tui.bench.resume import earlier_run
from tui.bench.runner import Earlier, new_run_id
from tui.bench.summary import Summary, graded
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.messages import RefreshRequested, VariantLoaded
from tui.panes.bench.comparison_text import comparison_text
from tui.panes.bench.desk import RunDesk
from tui.panes.bench.live import LiveRun
from tui.panes.bench.report import DRAW_EVERY_S
from tui.session import Session, connect_endpoint
from tui.store import Store
from tui.workers.bench import BenchFailed, BenchTold, follow_and_post, run_and_post


class RunMaker(RunDesk):
    """The part of the pane that knows of one run going on, here or in another process."""

    def __init__(self, store: Store, session: Session, *, id: str) -> None:  # noqa: A002
        super().__init__(store, session, id=id)
        self.live: LiveRun | None = None
        self.followed = ""
        """The run that another process makes and that is followed here."""
        self._worker: Worker[None] | None = None

    def on_mount(self) -> None:
        """Tell how far a run is at the pace at which it is drawn."""
        super().on_mount()
        self.set_interval(DRAW_EVERY_S, self._draw_head_while_running)

    def _draw_head_while_running(self) -> None:
        if self.running and self.display:
            self.draw_head()

    @property
    def running(self) -> bool:
        """Whether a run is going on here, or is followed."""
        return self._worker is not None and self._worker.is_running

    # What the pane knows

    def chosen_plan(self) -> BenchPlan:
        """Return what is chosen. Raises `PlanError`."""
        raise NotImplementedError

    def self_test_plan(self) -> BenchPlan:
        """Return the plan of one model against itself. Raises `PlanError`."""
        raise NotImplementedError

    def draw_head(self) -> None:
        """Say what goes on."""

    def show_models(self, shown: bool) -> None:
        """Show the list of models, or give its room to the report."""

    # Starting and stopping

    def action_start(self) -> None:
        """Measure the chosen models."""
        self._start(self.chosen_plan)

    def action_self_test(self) -> None:
        """Measure one model against itself: what this machine sees where nothing is."""
        self._start(self.self_test_plan)

    def _start(self, planned: Callable[[], BenchPlan]) -> None:
        if self.running or self.store.backend is None:
            return
        try:
            self._begin(planned())
        except PlanError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="warning", markup=False)

    def _begin(self, plan: BenchPlan, earlier: Earlier | None = None) -> None:
        self.followed = ""
        self._show_live(plan, self._measure(plan, earlier))

    def _show_live(self, plan: BenchPlan, worker: Worker[None]) -> None:
        self.live, self._worker = LiveRun(plan), worker
        self.report.show_live(self.live)
        self.show_models(False)

    @work(group="bench", exclusive=True)
    async def _measure(self, plan: BenchPlan, earlier: Earlier | None) -> None:
        if self.store.backend is not None:
            await run_and_post(
                plan,
                self.store.backend,
                self.recorder,
                self.post_message,
                partial(connect_endpoint, self.session),
                earlier,
            )

    @work(group="stop", exclusive=True)
    async def action_stop(self) -> None:
        """Stop the run; what was measured is kept."""
        if self._worker is None or not self.running:
            return
        if not self.followed:
            self._worker.cancel()
            return
        from tui.widgets.dialogs.confirm import ConfirmDialog

        question = f"Stop the run {self.followed}, which another process makes?"
        if await self.app.push_screen_wait(ConfirmDialog("Stop?", question, "Stop")):
            try:
                await asyncio.to_thread(detached.stop, self.recorder, self.followed)
            except FoundryError as error:
                self.say_error(error)

    # Runs of other processes

    @work(group="detach", exclusive=True)
    async def action_detach(self) -> None:
        """Measure the chosen models in a process that outlives this program, and follow it."""
        if self.running:
            return
        try:
            plan, run_id = self.chosen_plan(), new_run_id()
            self.notify(f"Starting run {run_id} in a process of its own …")
            await asyncio.to_thread(self._start_detached, plan, run_id)
            self._follow(plan, run_id)
        except FoundryError as error:
            self.say_error(error)

    def _start_detached(self, plan: BenchPlan, run_id: str) -> None:
        folder = self.session.paths.runs_dir
        file = folder / f"{run_id}.toml"
        save_plan(plan, file)
        info = self.store.state.info
        kind = ["--backend", info.kind] if info and info.kind != "endpoint" else []
        if info and info.kind == "endpoint" and info.endpoint:
            kind = ["--endpoint", info.endpoint]
        line = ["bench", "--plan", str(file), "--as-run", run_id, *kind]
        detached.launch(line, run_id, folder, self.recorder)

    def _follow(self, plan: BenchPlan, run_id: str) -> None:
        self.followed = run_id
        self._show_live(plan, self._follow_to_end(run_id))

    @work(group="bench", exclusive=True)
    async def _follow_to_end(self, run_id: str) -> None:
        folder = self.session.paths.runs_dir
        await follow_and_post(run_id, self.recorder, folder, self.post_message)

    def leave_followed(self) -> None:
        """Look away from a run that goes on elsewhere."""
        if self._worker is not None:
            self._worker.cancel()
        self.notify(f"The run {self.followed} goes on; h shows it again.")
        self.live, self._worker, self.followed = None, None, ""
        self.report.show_nothing()

    # What is told

    @on(BenchFailed)
    def _failed(self, message: BenchFailed) -> None:
        self._worker = None
        self.say_error(message.error)
        self.draw_head()

    @on(BenchTold)
    def _told(self, message: BenchTold) -> None:
        if self.live is None:
            return
        event = message.event
        self.live.take(event)
        self.report.changed()
        match event:
            case TargetLoaded(result=result) if not self.followed:
                self.post_message(VariantLoaded(result))
                self.post_message(RefreshRequested("models"))
            case Trouble(message=text):
                self.notify(clean_text(text), severity="warning", markup=False)
            case RunFinished(summary=summary, stopped=stopped):
                self._worker, self.followed = None, ""
                if stopped:
                    self.notify("Stopped; what was measured is kept. h, then r goes on with it.")
                self.show_run(summary)
                self.draw_head()

    # Earlier runs

    @work(group="history", exclusive=True)
    async def action_history(self) -> None:
        """Show earlier runs."""
        from tui.panes.bench.history_dialog import HistoryDialog

        wish = await self.app.push_screen_wait(HistoryDialog(self.database))
        if wish is None or self.running:
            return
        first, *others = wish.run_ids
        try:
            if wish.what == "resume":
                self._begin(*await asyncio.to_thread(earlier_run, self.recorder, first))
                return
            summary = await asyncio.to_thread(self._loaded, first)
            if wish.what == "follow":
                self._follow(summary.plan, first)
                return
            if wish.what == "compare":
                before, summary = summary, await asyncio.to_thread(self._loaded, others[0])
                compared = comparison_text(compare_runs(summary, before), summary, before)
                self.report.show_comparison(summary, compared)
            else:
                self.show_run(summary)
                self.show_view("table")
            self.show_models(False)
        except FoundryError as error:
            self.say_error(error)

    def _loaded(self, run_id: str) -> Summary:
        return graded(self.recorder.load(run_id))
