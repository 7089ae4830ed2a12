"""Turns what a person wants done with models on disk into jobs, and keeps the notes about them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from textual.message import Message

from tui.cache import versions
from tui.cache.bundle import Form, entry_of, export_bundle, sums_of, verify_bundle
from tui.cache.carrier import Way
from tui.cache.checksums import Checked, check_all, checkable, take
from tui.cache.findings import Finding
from tui.cache.manifest import Manifest
from tui.cache.moving import MovePlan, change_place
from tui.cache.notes import CacheNotebook, FileSums
from tui.cache.repairs import repair
from tui.cache.several import each
from tui.cache.threads import Tell, in_thread
from tui.cache.wishes import (
    CacheWish,
    CheckSums,
    Clean,
    Export,
    Mend,
    MoveTo,
    RollBack,
    Update,
    Verify,
)
from tui.database import Database, DatabaseError
from tui.formats import format_bytes
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import BackendUnavailable, RequestFailed
from tui.foundry.ids import same_variant
from tui.foundry.types import Progress
from tui.messages import BackendConnected, DamageFound, Noticed, RefreshRequested, VariantUnloaded
from tui.store import Job, Store
from tui.workers.jobs import JobRunner

QUIET_WAIT_S = 0.2
Post = Callable[[Message], object]
KeepPlace = Callable[[Path], str | None]


class CacheJobs:
    """Starts jobs on what is on disk.

    Args:
        store: Read for the backend and what is known, never written.
        runner: Runs the jobs.
        database: Where the notes are.
        post: Delivers messages to the app.
        keep_place: Lets the embedded runtime start in another place from now on; blocks, and
            returns why that could not be written down.
    """

    def __init__(
        self,
        store: Store,
        runner: JobRunner,
        database: Database,
        post: Post,
        keep_place: KeepPlace,
    ) -> None:
        self._store = store
        self._runner = runner
        self._keep_place = keep_place
        self._notebook = CacheNotebook(database)
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, wish: CacheWish) -> Job:
        """Start the job that a wish means."""
        match wish:
            case Update(variant_id):
                return self._runner.start(
                    "update", variant_id, lambda report: self._update(variant_id, report)
                )
            case RollBack(variant_id):
                return self._runner.start(
                    "roll back", variant_id, lambda report: self._roll_back(variant_id, report)
                )
            case MoveTo(plan, way):
                return self._runner.start(
                    "move cache", str(plan.new), lambda report: self._move(plan, way, report)
                )
            case Mend(findings):
                count = len(findings)
                subject = findings[0].path.name if count == 1 else f"{count} things"
                return self._runner.start(
                    "mend", subject, lambda report: self._mend(findings, report)
                )
            case CheckSums():
                return self._runner.start("checksums", "all models", self._check_sums)
            case Export(variant_id, target, form):
                return self._runner.start(
                    "export", variant_id,
                    lambda report: self._export(variant_id, target, form, report),
                )  # fmt: skip
            case Verify(path):
                return self._runner.start(
                    "verify", path.name, lambda report: self._verify(path, report)
                )
            case Clean(variant_ids):
                count = len(variant_ids)
                subject = variant_ids[0] if count == 1 else f"{count} old versions"
                return self._runner.start(
                    "clean", subject, lambda report: self._clean(variant_ids, report)
                )

    def note_use(self, variant_id: str) -> None:
        """Write down that a variant was brought into memory, and have the disk looked at again."""
        state = self._store.state
        if state.cache is not None:
            for old in versions.old_versions(state.cache, state.cache_notes):
                if not old.worked and same_variant(old.newer_id, variant_id):
                    self._post(
                        Noticed(
                            f"{old.newer_id} works.\n{old.entry.variant_id} is no longer needed: "
                            f"C in the pane Cache frees {format_bytes(old.entry.size_bytes)}."
                        )
                    )

        async def note() -> None:
            with contextlib.suppress(DatabaseError):  # a date is not worth a message
                await asyncio.to_thread(self._notebook.note_use, variant_id)
            self._post(RefreshRequested("cache"))

        self._spawn(note())

    def job_ended(self, job: Job) -> None:
        """Take the checksums of a model that has just come to the disk."""
        if job.state == "done" and job.kind in ("download", "update", "import"):
            self._runner.start(
                "checksums", job.subject, lambda report: self._take_sums(job.subject, report)
            )

    # Jobs

    async def _update(self, variant_id: str, report: ProgressCallback) -> None:
        try:
            new = await versions.update(
                self._backend, variant_id, self._store.state.models or (), report
            )
        finally:
            self._look_again()
        self._post(Noticed(f"{new} is on disk.\n{variant_id} stays until {new} has loaded once."))

    async def _roll_back(self, variant_id: str, report: ProgressCallback) -> None:
        new, old = versions.rollback_pair(await self._backend.cache(), variant_id)
        report(Progress(message="deleting"))
        await self._remove(new.variant_id)
        self._look_again()
        self._post(Noticed(f"{new.variant_id} is deleted.\n{old.variant_id} is used again."))

    async def _clean(self, variant_ids: tuple[str, ...], report: ProgressCallback) -> None:
        async def one(variant_id: str) -> int:
            report(Progress(message=f"deleting {variant_id}"))
            return await self._remove(variant_id)

        try:
            freed = await each(variant_ids, one)
        finally:
            self._look_again()
        self._post(Noticed(f"Old versions are deleted: {format_bytes(sum(freed))} freed."))

    async def _move(self, plan: MovePlan, way: Way, report: ProgressCallback) -> None:
        state, backend = self._store.state, self._backend
        busy = [job for job in state.active_jobs if job.kind != "move cache"]
        if busy or state.answering:
            what = f"{busy[0].kind} {busy[0].subject}" if busy else "An answer"
            raise RequestFailed(
                f"{what} is still going on, and needs the models where they are.",
                "Wait for it, or cancel it (J), then move.",
            )
        loaded = state.loaded
        try:
            moved = await change_place(backend, plan, way, self._notebook, report, loaded)
        finally:
            for variant_id in loaded:
                self._post(VariantUnloaded(variant_id, None))
            self._look_again()
        problem = None
        if backend.info.kind == "runtime":
            problem = await asyncio.to_thread(self._keep_place, plan.new)
        self._post(BackendConnected(backend))  # it has another process and another address now
        self._post(Noticed(f"{moved.sentence()}\n{problem or ''}".strip()))

    async def _mend(self, findings: tuple[Finding, ...], report: ProgressCallback) -> None:
        backend, loaded = self._backend, self._store.state.loaded
        location = (await backend.cache()).location

        async def one(finding: Finding) -> int:
            report(Progress(message=finding.path.name))
            return await repair(backend, finding, location, self._notebook, report, loaded)

        try:
            freed = await each(findings, one)
        finally:
            mended = {finding.key for finding in findings}
            left = [one for one in self._store.state.cache_damage if one.key not in mended]
            self._post(DamageFound(tuple(left)))
            self._post(RefreshRequested("models", by_user=True))
            self._post(RefreshRequested("cache"))
        self._post(Noticed(f"Mended. {format_bytes(sum(freed))} freed."))

    async def _export(
        self, variant_id: str, target: Path, form: Form, report: ProgressCallback
    ) -> None:
        entry = entry_of(await self._backend.cache(), variant_id)
        known = await asyncio.to_thread(self._notebook.checksums, entry.path)

        def pack(tell: Tell) -> tuple[Path, Manifest]:
            return export_bundle(entry.path, variant_id, target, tell, form=form, known=known)

        written, manifest = await in_thread(pack, report, "packing")
        if known is None and form == "file":
            with contextlib.suppress(DatabaseError, OSError):
                sums = await asyncio.to_thread(sums_of, entry.path, manifest)
                await asyncio.to_thread(self._notebook.keep_checksums, entry.path, sums)
        self._post(Noticed(f"{variant_id} is written to\n{written}"))

    async def _verify(self, path: Path, report: ProgressCallback) -> None:
        manifest = await in_thread(lambda tell: verify_bundle(path, tell), report, "reading")
        size = format_bytes(manifest.size_bytes)
        self._post(Noticed(f"{path.name} is whole: {manifest.variant_id}, {size}."))

    async def _check_sums(self, report: ProgressCallback) -> None:
        entries = (await self._backend.cache()).entries

        def check(tell: Tell) -> Checked:
            return check_all(entries, self._notebook, tell)

        checked = await in_thread(check, report, "reading")
        self._post(DamageFound(checked.findings))
        self._post(RefreshRequested("cache"))
        end = " The doctor (d) shows it." if checked.findings else ""
        self._post(Noticed(f"{checked.sentence()}{end}"))

    async def _take_sums(self, subject: str, report: ProgressCallback) -> None:
        """Take the checksums of the models of a name that have none; steps back for an answer."""
        for entry in checkable((await self._backend.cache()).entries):
            if not versions.same_name(entry.variant_id, subject):
                continue
            if await asyncio.to_thread(self._notebook.checksums, entry.path) is not None:
                continue

            def read(tell: Tell, folder: Path = entry.path) -> FileSums:
                return take(folder, self._when_quiet(tell))

            try:
                sums = await in_thread(read, report, "checksums")
            except OSError:
                continue  # gone meanwhile
            if sums:
                await asyncio.to_thread(self._notebook.keep_checksums, entry.path, sums)

    def _when_quiet(self, tell: Tell) -> Tell:
        """Return a `tell` that waits while something is measured or answered."""

        def told(done: int, total: int) -> None:
            tell(done, total)
            while self._is_busy():
                time.sleep(QUIET_WAIT_S)
                tell(done, total)

        return told

    def _is_busy(self) -> bool:
        state = self._store.state
        return state.answering or any(job.kind == "bench" for job in state.active_jobs)

    async def _remove(self, variant_id: str) -> int:
        loaded = self._store.state.loaded
        freed, given_back, unloaded = await versions.remove_unloaded(
            self._backend, variant_id, loaded
        )
        if unloaded:
            self._post(VariantUnloaded(variant_id, given_back))
        return freed

    # Inside

    def _look_again(self) -> None:
        self._post(RefreshRequested("models"))
        self._post(RefreshRequested("cache"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _backend(self) -> Backend:
        if self._store.backend is None:
            raise BackendUnavailable(
                "No backend is connected yet.",
                "Wait for the connection, or see `foundry-tui doctor`.",
            )
        return self._store.backend
