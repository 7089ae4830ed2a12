"""`FoundryApp`: wires session, backend, store and panes. Logic lives in the rooms it joins."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.getters import query_one
from textual.theme import Theme
from textual.widgets import Static

from tui import messages as m
from tui.actions import PANES, bindings_of
from tui.app_actions import DOCK_FROM_WIDTH
from tui.app_machine import AppMachine
from tui.catalog.last_good import KeptCatalog
from tui.database import Database
from tui.foundry.errors import FoundryError
from tui.panes.base import Pane
from tui.panes.factory import make_pane
from tui.session import Session
from tui.store import Store
from tui.system.history import History
from tui.theme import THEMES
from tui.widgets.footer import KeyFooter
from tui.widgets.glyphs import choose_glyphs
from tui.widgets.header import Header
from tui.widgets.status_line import StatusLine
from tui.workers.backend import BackendWorker
from tui.workers.cache_jobs import CacheJobs
from tui.workers.compile_jobs import CompileJobs
from tui.workers.jobs import JobRunner
from tui.workers.machine import MachineWorker
from tui.workers.model_jobs import ModelJobs
from tui.workers.recording import RecordingWorker
from tui.workers.sampling import SamplingWorker

LEAST_WIDTH, LEAST_HEIGHT = 50, 12
CLOSE_WAIT_S = 1.0
KEPT_JOBS = 50
TOLD_WHEN_DONE = ("download", "import", "compile", "delete", "export")


class FoundryApp(AppMachine):
    """The screen.

    Args:
        session: Settings, file locations, and which backend to look for.
    """

    TITLE = "Foundry TUI"
    CSS_PATH = ["app.tcss", *(f"panes/{name}.tcss" for name, _ in PANES)]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("everywhere")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    key_footer = query_one("#footer", KeyFooter)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.store = Store(self)
        self.history = History()
        self.glyphs = choose_glyphs(session.config.monitor.graphs, os.environ)
        self.runner = JobRunner(self.post_message)
        self.backend_worker = BackendWorker(session, self.post_message)
        self.model_jobs = ModelJobs(
            self.store, self.runner, self.post_message, session.paths.unpacked
        )
        database = Database(session.paths.database)
        self.cache_jobs = CacheJobs(
            self.store, self.runner, database, self.post_message, self.backend_worker.keep_place
        )
        self.machine_worker = MachineWorker(self.store, database, self.post_message)
        self.recording = RecordingWorker(
            self.history, session.paths.recordings, lambda: self.sampling.pace_s, self.post_message
        )
        self.compile_jobs = CompileJobs(self.store, self.runner, self.post_message, session.paths)
        self.pane_name = ""
        self.sampling = SamplingWorker(
            self.store, self.history, session, self.post_message, lambda: self.monitor_shows
        )
        for theme in THEMES:
            self.register_theme(theme)
        wanted = session.config.theme
        self.theme = wanted if wanted in self.available_themes else THEMES[0].name
        self.set_keymap(dict(session.config.keys))

    def compose(self) -> ComposeResult:
        """Lay out the frame; the first pane follows on mount."""
        yield Header(self.history, glyphs=self.glyphs, id="header")
        yield StatusLine(id="status-line")
        with Horizontal(id="body"):
            yield Vertical(id="panes")
        yield KeyFooter(id="footer")
        yield Static(id="too-small")

    async def on_mount(self) -> None:
        """Show the catalog, then look for the backend."""
        self.store.apply("models", registry=self.session.registry)
        self._end_on_signals()
        opening = self.session.opening
        self.store.apply("chat", chat_variant=opening.variant)
        await self._show_pane(opening.pane)
        self.sampling.take()
        for problem in self.session.problems:
            self._say(problem, severity="warning")
        self.backend_worker.connect()
        self.theme_changed_signal.subscribe(self, self._save_theme)

    def _end_on_signals(self) -> None:
        if sys.platform == "win32":
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread: tests
                loop.add_signal_handler(number, partial(self.exit, 128 + number))

    def on_resize(self, event: events.Resize) -> None:
        """Say so where the terminal is too small to show anything useful."""
        width, height = event.size
        self.screen.set_class(width < LEAST_WIDTH or height < LEAST_HEIGHT, "-too-small")
        self.query_one("#too-small", Static).update(
            f"{width}x{height} is too small.\nMake the window at least\n"
            f"{LEAST_WIDTH}x{LEAST_HEIGHT} (better 80x24).\nNothing is lost. q leaves."
        )
        for dock in self.query("MonitorDock"):
            dock.display = width >= DOCK_FROM_WIDTH

    # Backend

    @on(m.BackendConnected)
    def _backend_connected(self, message: m.BackendConnected) -> None:
        self.store.backend = message.backend
        info = message.backend.info
        self.sampling.follow(info)
        if self.store.state.models_error is not None:  # what is shown is another one's, or old
            self.store.apply("models", models=None, models_error=None)
        self.store.apply("backend", connection="ready", info=info, connection_error=None)
        self.backend_worker.fetch("models", "cache")

    @on(m.BackendFailed)
    def _backend_failed(self, message: m.BackendFailed) -> None:
        self.store.apply("backend", connection="failed", connection_error=message.error)
        self._show_kept(message.error, message.kept)
        self._frame_changed()

    @on(m.BackendChanged)
    def _backend_changed(self, message: m.BackendChanged) -> None:
        if self.store.backend is None:
            return
        info = self.store.backend.info
        before = self.store.state.info
        restarted = before is None or before.pid != info.pid
        if restarted:
            self.history.mark("crash")
            self.store.apply("system", memory=self.store.state.memory.runtime_ended())
        self.sampling.follow(info)
        self.store.apply("backend", info=info)
        self._say(message.text, severity="warning" if restarted else "information")
        self.backend_worker.fetch("models")

    @on(m.RefreshRequested)
    def _refresh_requested(self, message: m.RefreshRequested) -> None:
        if self.store.state.connection == "failed":
            self.store.apply("backend", connection="connecting", connection_error=None)
            self.backend_worker.connect()
        else:
            self.backend_worker.fetch(message.what, refresh=message.by_user)

    @on(m.ModelsFetched)
    def _models_fetched(self, message: m.ModelsFetched) -> None:
        info = self.store.backend.info if self.store.backend else None
        self.store.apply("backend", info=info)
        self.store.apply("models", models=message.models, models_error=None, models_at=time.time())
        self.machine_worker.read()
        self._frame_changed()

    @on(m.ModelsFailed)
    def _models_failed(self, message: m.ModelsFailed) -> None:
        self._show_kept(message.error, message.kept)
        self._say_error(message.error)

    def _show_kept(self, error: FoundryError, kept: KeptCatalog | None) -> None:
        """Say why the list is not of now; without one, show what was kept of an earlier one."""
        if self.store.state.models or kept is None:
            self.store.apply("models", models_error=error)
        else:
            self.store.apply(
                "models", models=kept.models, models_error=error, models_at=kept.saved_at
            )

    @on(m.RegistryChanged)
    def _registry_changed(self, message: m.RegistryChanged) -> None:
        self.store.apply("models", registry=message.registry)

    @on(m.CacheFetched)
    def _cache_fetched(self, message: m.CacheFetched) -> None:
        self.store.apply(
            "cache",
            cache=message.cache,
            kv_shapes=message.kv_shapes,
            cache_notes=message.notes,
            cache_error=None,
        )

    @on(m.CacheFailed)
    def _cache_failed(self, message: m.CacheFailed) -> None:
        self.store.apply("cache", cache_error=message.error)

    @on(m.BackendRequested)
    def _backend_requested(self, message: m.BackendRequested) -> None:
        self.store.backend = None
        self.sampling.follow(None)
        self.store.apply("marks", marked=frozenset())
        self.store.apply("models", models=None, models_error=None)
        self.store.apply("cache", cache=None, cache_error=None)
        self.store.apply("chat", chat_variant=None)
        self.store.apply(
            "backend", connection="connecting", info=None, connection_error=None, service_text=""
        )
        self.backend_worker.switch(message.target)
        self._frame_changed()

    @on(m.ServiceRequested)
    def _service_requested(self, message: m.ServiceRequested) -> None:
        self.model_jobs.service(message.action)

    @on(m.ContextProbeRequested)
    def _context_probe_requested(self, message: m.ContextProbeRequested) -> None:
        self.model_jobs.probe_context(message.variant_id)

    @on(m.ProbeRequested)
    def _probe_requested(self, message: m.ProbeRequested) -> None:
        self.model_jobs.probe()

    @on(m.AnsweringChanged)
    def _answering_changed(self, message: m.AnsweringChanged) -> None:
        self.store.apply("chat", answering=message.answering)

    @on(m.ServiceTold)
    def _service_told(self, message: m.ServiceTold) -> None:
        info = self.store.backend.info if self.store.backend else None
        self.store.apply("backend", service_text=message.text, info=info)
        self._frame_changed()

    # Wishes

    @on(m.RunRequested)
    def _run_requested(self, message: m.RunRequested) -> None:
        self.model_jobs.run(message.variant_id, then_chat=message.then_chat)

    @on(m.JobRequested)
    def _job_requested(self, message: m.JobRequested) -> None:
        self.model_jobs.start(message.kind, message.variant_id)

    @on(m.ImportRequested)
    def _import_requested(self, message: m.ImportRequested) -> None:
        self.model_jobs.import_folder(message)

    @on(m.CompileRequested)
    def _compile_requested(self, message: m.CompileRequested) -> None:
        self.compile_jobs.start(message)

    @on(m.CacheRequested)
    def _cache_requested(self, message: m.CacheRequested) -> None:
        self.cache_jobs.start(message.wish)

    @on(m.DamageFound)
    def _damage_found(self, message: m.DamageFound) -> None:
        self.store.apply("cache", cache_damage=message.findings)

    @on(m.Noticed)
    def _noticed(self, message: m.Noticed) -> None:
        self._say(message.text)

    @on(m.CancelRequested)
    def _cancel_requested(self, message: m.CancelRequested) -> None:
        self.runner.cancel(message.job_id)

    @on(m.MarkRequested)
    def _mark_requested(self, message: m.MarkRequested) -> None:
        self.store.apply("marks", marked=self.store.state.marked ^ {message.variant_id})

    @on(m.ChatRequested)
    async def _chat_requested(self, message: m.ChatRequested) -> None:
        self.store.apply("chat", chat_variant=message.variant_id)
        if message.show:
            await self._show_pane("chat")

    @on(m.BenchRequested)
    async def _bench_requested(self, message: m.BenchRequested) -> None:
        marked = frozenset(message.variant_ids)
        self.store.apply("marks", marked=marked, bench_question=message.question)
        await self._show_pane("bench")

    @on(m.PaneRequested)
    async def _pane_requested(self, message: m.PaneRequested) -> None:
        await self._show_pane(message.pane)

    # Jobs

    @on(m.JobChanged)
    def _job_changed(self, message: m.JobChanged) -> None:
        job = message.job
        others = [one for one in self.store.state.jobs if one.id != job.id]
        self.store.apply("jobs", jobs=(*others, job)[-KEPT_JOBS:])
        self._frame_changed()
        self.cache_jobs.job_ended(job)
        self.sampling.watch(self.store.state.active_jobs)
        if job.state == "failed" and job.error is not None:
            self._say_error(job.error, title=f"{job.kind} {job.subject}")
        elif job.state == "done" and job.kind in TOLD_WHEN_DONE:
            self._say(f"{job.kind} {job.subject}: done")

    # Frame

    async def _show_pane(self, name: str) -> None:
        if name == self.pane_name:
            return
        panes = self.query_one("#panes")
        for pane in panes.query_children(Pane):
            pane.display = False
        shown = [pane for pane in panes.query_children(Pane) if pane.id == name]
        self.pane_name = name
        if shown:
            pane = shown[0]
            pane.display = True
        else:
            pane = make_pane(name, self.store, self.session, self.history)
            await panes.mount(pane)
            if not self.query(KeyFooter):  # the screen is gone meanwhile
                return
        pane.activated()
        self.sampling.hasten()
        self.key_footer.show_scopes(pane.SCOPES, self.session.config.keys)
        self._frame_changed()

    async def action_show_pane(self, name: str) -> None:
        """Bring a pane to the front."""
        await self._show_pane(name)

    async def on_unmount(self) -> None:
        """End jobs and backend; the embedded runtime also ends with this process by itself."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WAIT_S):
                await self.sampling.close()
                await self.recording.close()
                await self.runner.close()
                await self.backend_worker.close()

    def _save_theme(self, theme: Theme) -> None:
        if problem := self.session.save_setting("theme", theme.name):
            self._say(problem, severity="warning")


def run_app(session: Session) -> int:
    """Start the screen and return the exit code.

    Args:
        session: Settings, file locations, and which backend to look for.
    """
    return FoundryApp(session).run() or 0
