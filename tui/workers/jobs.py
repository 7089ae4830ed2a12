"""Long work in the background: downloads, loads and the like, each a task that can be cancelled."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

from textual.message import Message

from tui.foundry.backend import ProgressCallback
from tui.foundry.errors import FoundryError
from tui.foundry.types import Progress
from tui.messages import JobChanged
from tui.store import Job, JobKind, JobState

Post = Callable[[Message], object]
Work = Callable[[ProgressCallback], Awaitable[None]]

REPORT_EVERY_S = 0.25
RATE_SMOOTHING = 0.3
CANCEL_WAIT_S = 3.0
LOG_LINES = 500
# One at a time: two loads at once would blur whose memory is whose, and two downloads share a link.
_SERIAL: dict[JobKind, str] = {
    "download": "network",
    "update": "network",
    "run": "memory",
    "load": "memory",
    "unload": "memory",
    "compile": "compile",
}


class JobRunner:
    """Runs jobs and posts a `JobChanged` whenever one begins, moves on or ends.

    Args:
        post: Delivers messages to the app; callable from the event loop.
        clock: Seconds, monotonic.
    """

    def __init__(self, post: Post, clock: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._clock = clock
        self._ids = itertools.count(1)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def start(self, kind: JobKind, subject: str, work: Work) -> Job:
        """Start `work(on_progress)`; expected errors end the job as failed."""
        job = Job(next(self._ids), kind, subject, started_s=self._clock())
        self._post(JobChanged(job))
        task = asyncio.create_task(self._run(job, work), name=f"job-{kind}-{subject}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))
        return job

    def cancel(self, job_id: int) -> None:
        """Ask a job to end; it reports by itself when it has."""
        if task := self._tasks.get(job_id):
            task.cancel()

    async def close(self) -> None:
        """Cancel everything and wait for it, at most `CANCEL_WAIT_S`."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_WAIT_S)

    async def _run(self, job: Job, work: Work) -> None:
        meter = _ProgressMeter(job, self._post, self._clock)
        try:
            if lane := _SERIAL.get(job.kind):
                async with self._locks.setdefault(lane, asyncio.Lock()):
                    meter.begin()
                    await work(meter.report)
            else:
                meter.begin()
                await work(meter.report)
        except asyncio.CancelledError:
            meter.end("cancelled")
        except FoundryError as error:
            meter.end("failed", error)
        except Exception:
            # A defect of ours: the job must not look as if it ran on, and the report must appear.
            meter.end("failed", FoundryError("Internal error.", "See the log; please report it."))
            raise
        else:
            meter.end("done")


class _ProgressMeter:
    """Turns progress into job values, with a rate, and not more often than one can read."""

    def __init__(self, job: Job, post: Post, clock: Callable[[], float]) -> None:
        self._job = job
        self._post = post
        self._clock = clock
        self._posted_s = float("-inf")
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._in_bar = False
        self._measured: tuple[float, int] | None = None

    def begin(self) -> None:
        self._job = replace(self._job, state="running", started_s=self._clock())
        self._post(JobChanged(self._job))

    def report(self, progress: Progress) -> None:
        now = self._clock()
        if progress.line:
            self._keep_line(progress)
            if progress.fraction is None:  # words, not how far it is
                message = progress.message or self._job.progress.message
                known = replace(self._job.progress, message=message)
                self._job = replace(self._job, progress=known, log=tuple(self._log))
                self._post(JobChanged(self._job))
                return
        if progress.fraction != self._job.progress.fraction:
            self._job = replace(self._job, moved_s=now)
        if now - self._posted_s < REPORT_EVERY_S and progress.fraction != 1.0:
            # Not worth a message; what is told next starts from here.
            self._job = replace(self._job, progress=progress)
            return
        rate = self._job.rate_bytes_s
        if progress.done_bytes is not None:
            if self._measured is not None and now > self._measured[0]:
                since_s, since_bytes = self._measured
                fresh = (progress.done_bytes - since_bytes) / (now - since_s)
                rate = fresh if rate is None else rate + RATE_SMOOTHING * (fresh - rate)
            self._measured = (now, progress.done_bytes)
        else:
            rate = None
        self._posted_s = now
        self._job = replace(self._job, progress=progress, rate_bytes_s=rate, log=tuple(self._log))
        self._post(JobChanged(self._job))

    def _keep_line(self, progress: Progress) -> None:
        bar = progress.fraction is not None
        if bar and self._in_bar:
            self._log.pop()
        self._in_bar = bar
        self._log.append(progress.line)

    def end(self, state: JobState, error: FoundryError | None = None) -> None:
        self._job = replace(
            self._job, state=state, error=error, ended_s=self._clock(), log=tuple(self._log)
        )
        self._post(JobChanged(self._job))
