"""Turns a plan for compiling a model into a job."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from tui.foundry.backend import ProgressCallback
from tui.foundry.errors import BackendUnavailable
from tui.foundry.types import Progress
from tui.messages import CompileRequested, RefreshRequested
from tui.paths import Paths
from tui.store import Job, Store
from tui.workers.jobs import JobRunner

Post = Callable[[Message], object]


class CompileJobs:
    """Starts jobs that compile.

    Args:
        store: Read for the backend, never written.
        runner: Runs the jobs.
        post: Delivers messages to the app.
        paths: For the log, and for what could not be imported.
    """

    def __init__(self, store: Store, runner: JobRunner, post: Post, paths: Paths) -> None:
        self._store = store
        self._runner = runner
        self._post = post
        self._paths = paths

    def start(self, wanted: CompileRequested) -> Job:
        """Compile, check and import; its log holds what the builder prints."""
        plan = wanted.plan

        async def work(report: ProgressCallback) -> None:
            from tui.cache.compiling.compiler import compile_model

            backend = self._store.backend
            if backend is None:
                raise BackendUnavailable("No backend is connected.", "Wait for the connection.")
            log, kept = self._paths.compile_log, self._paths.compiled
            compiled = await compile_model(plan, backend, report, log, kept)
            for line in compiled.mended:
                report(Progress(line=line))
            self._post(RefreshRequested("models"))
            self._post(RefreshRequested("cache"))

        return self._runner.start("compile", plan.recipe.name, work)
