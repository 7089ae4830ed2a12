"""Turns what a person wants done with a model into jobs on the backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from textual.message import Message

from tui.cache.importing import import_from
from tui.catalog.ready import make_ready
from tui.catalog.resolve import find_variant
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import BackendUnavailable, FoundryError, NotFound, RequestFailed
from tui.foundry.ids import same_variant
from tui.foundry.types import Progress, ServiceAction, Variant
from tui.messages import (
    ChatRequested,
    ContextProbed,
    ImportRequested,
    RefreshRequested,
    ServiceTold,
    VariantLoaded,
    VariantUnloaded,
)
from tui.store import Job, Store
from tui.workers.jobs import JobRunner

Post = Callable[[Message], object]


class ModelJobs:
    """Starts jobs on models.

    Args:
        store: Read for the backend and the models' marks, never written.
        runner: Runs the jobs.
        post: Delivers messages to the app.
        unpacked_dir: Where imported archives are unpacked.
    """

    def __init__(self, store: Store, runner: JobRunner, post: Post, unpacked_dir: Path) -> None:
        self._store = store
        self._unpacked_dir = unpacked_dir
        self._runner = runner
        self._post = post

    def run(self, variant_id: str, *, then_chat: bool) -> Job:
        """Download if needed and load; then, if asked, open the chat with it."""

        async def work(report: ProgressCallback) -> None:
            variant = self._variant(variant_id)
            result = await make_ready(self._backend, variant, report)
            self._post(VariantLoaded(result))
            self._look_again("models")
            if not variant.cached:
                self._look_again("cache")
            if then_chat:
                self._post(ChatRequested(variant_id))

        return self._runner.start("run", variant_id, work)

    def start(self, kind: Literal["download", "load", "unload", "delete"], variant_id: str) -> Job:
        """Start one simple job on a variant."""
        work = {
            "download": self._download,
            "load": self._load,
            "unload": self._unload,
            "delete": self._delete,
        }[kind]
        return self._runner.start(kind, variant_id, lambda report: work(variant_id, report))

    def import_folder(self, wanted: ImportRequested) -> Job:
        """Add a model directory of the user's."""

        async def work(report: ProgressCallback) -> None:
            report(Progress(message="checking"))
            imported = await import_from(
                self._backend,
                wanted.folder,
                wanted.name,
                self._unpacked_dir,
                way=wanted.way,
                mend_as=wanted.mend_as,
                report=report,
            )
            for line in imported.mended:
                report(Progress(line=line))
            self._look_again("models", "cache")

        return self._runner.start("import", wanted.name, work)

    def service(self, action: ServiceAction) -> Job:
        """Do something with the service behind the backend; posts what to show about it."""

        async def work(report: ProgressCallback) -> None:
            try:
                text = await self._backend.service(action)
            except FoundryError as error:
                self._post(ServiceTold(f"{error.message}\n{error.hint}".strip()))
                raise
            self._post(ServiceTold(text))
            self._look_again("models")

        return self._runner.start("service", action, work)

    def probe(self) -> Job:
        """Let a model in memory answer with one token; posts how that went."""

        async def work(report: ProgressCallback) -> None:
            from tui.foundry.health import probe

            state = self._store.state
            if state.answering or any(job.kind == "bench" for job in state.active_jobs):
                raise RequestFailed(
                    "An answer is being written: some servers cut it for a second request.",
                    "Probe when it has ended.",
                )
            if not state.loaded:
                raise NotFound("No model is in memory that could answer.", "Run one first.")
            health = await probe(self._backend, state.loaded[0])
            self._post(ServiceTold(health.sentence()))

        return self._runner.start("probe", "one token", work)

    def probe_context(self, variant_id: str) -> Job:
        """Find out how long a context a loaded model really takes; posts what was found."""

        async def work(report: ProgressCallback) -> None:
            from tui.catalog.context_probe import probe_context
            from tui.catalog.contexts import advertised_context

            state = self._store.state
            if state.answering or any(job.kind == "bench" for job in state.active_jobs):
                raise RequestFailed(
                    "An answer is being written: some servers cut it for a second request.",
                    "Probe when it has ended.",
                )
            model, variant = find_variant(state.models or (), variant_id)
            if not variant.loaded:
                raise NotFound(f"'{variant_id}' is not in memory.", "Load it first (l).")
            told = advertised_context(model, variant, state.kv_shapes.get(variant_id)).tokens
            self._post(ContextProbed(await probe_context(self._backend, variant_id, told, report)))

        return self._runner.start("probe", variant_id, work)

    async def _download(self, variant_id: str, report: ProgressCallback) -> None:
        try:
            await self._backend.download(variant_id, report)
        finally:
            # A cancelled download leaves a partial entry that the cache pane shows.
            self._look_again("models", "cache")

    async def _load(self, variant_id: str, report: ProgressCallback) -> None:
        report(Progress(message="loading"))
        self._post(VariantLoaded(await self._backend.load(variant_id)))
        self._look_again("models")

    async def _unload(self, variant_id: str, report: ProgressCallback) -> None:
        freed = await self._backend.unload(variant_id)
        self._post(VariantUnloaded(variant_id, freed))
        self._look_again("models")

    async def _delete(self, variant_id: str, report: ProgressCallback) -> None:
        if any(same_variant(one, variant_id) for one in self._store.state.loaded):
            await self._unload(variant_id, report)
        await self._backend.remove(variant_id)
        self._look_again("models", "cache")

    def _look_again(self, *what: Literal["models", "cache"]) -> None:
        for one in what:
            self._post(RefreshRequested(one))

    @property
    def _backend(self) -> Backend:
        if self._store.backend is None:
            raise BackendUnavailable(
                "No backend is connected yet.",
                "Wait for the connection, or see `foundry-tui doctor`.",
            )
        return self._store.backend

    def _variant(self, variant_id: str) -> Variant:
        return find_variant(self._store.state.models or (), variant_id)[1]
