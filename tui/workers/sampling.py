"""Looks at the machine at a steady pace: samples on the event loop, devices in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from tui.config import LEAST_INTERVAL_S, MOST_INTERVAL_S
from tui.foundry.types import BackendInfo
from tui.messages import Sampled
from tui.session import Session
from tui.store import Job, Store
from tui.system.history import History
from tui.system.readings import ProcessGone, read_highest, read_process
from tui.system.rss_trace import MemoryTrace, RssTrace
from tui.system.sample import Sample
from tui.system.sampler import Sampler

if TYPE_CHECKING:
    from tui.system.devices import DeviceReader
    from tui.system.runtime_processes import Found, RuntimeFinder

DEVICES_HIDDEN_S = 10.0
"""How often devices are read while nobody looks."""
DEVICES_SILENT_S = 60.0
"""The same where there is none that tells anything: one may be plugged in."""
FIRST_DEVICES_S = 1.5
"""Not while the program starts."""
WATCH_EVERY_S = 0.05
WATCHED_JOBS = ("load", "run", "unload", "delete", "update")


class SamplingWorker:
    """Takes samples, puts them into the history and posts `Sampled`.

    Args:
        store: Read for what runs now, never written.
        history: Where the samples go.
        session: Settings and file locations.
        post: Delivers messages to the app.
        watched: Tells whether somebody sees more of the samples than the header.
    """

    def __init__(
        self,
        store: Store,
        history: History,
        session: Session,
        post: Callable[[Message], object],
        watched: Callable[[], bool],
    ) -> None:
        self._store = store
        self._history = history
        self._post = post
        self._watched = watched
        self._interval_s = session.config.monitor.interval_s
        self._hidden_s = session.config.monitor.hidden_interval_s
        self._sampler = Sampler(disk_path=session.paths.data_dir)
        self._timer: asyncio.TimerHandle | None = None
        self._taken_s = float("-inf")
        self._trace = RssTrace()
        self._watch_timer: asyncio.TimerHandle | None = None
        self._watched_since_s: float | None = None
        self._device_reader: DeviceReader | None = None
        self._devices_at_s = time.perf_counter() + FIRST_DEVICES_S
        self._devices_task: asyncio.Task[None] | None = None
        self._finder: RuntimeFinder | None = None
        self._closed = False
        self._runtime_reason = ""

    @property
    def interval_s(self) -> float:
        """Time between two samples while somebody looks."""
        return self._interval_s

    @interval_s.setter
    def interval_s(self, seconds: float) -> None:
        self._interval_s = min(MOST_INTERVAL_S, max(LEAST_INTERVAL_S, seconds))
        self.take()

    @property
    def pace_s(self) -> float:
        """Time to the next sample."""
        state = self._store.state
        busy = (state.answering, state.active_jobs, self._history.activity.answering)
        if any(busy) or state.recording is not None or self._watched():
            return self._interval_s
        return max(self._interval_s, self._hidden_s)

    def take(self) -> None:
        """Take a sample now, and the next one in its time."""
        if self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        sample = self._sampler.sample()
        self._taken_s = sample.at_s
        sample = replace(sample, live=self._history.activity.sample(sample.at_s))
        sample = self._with_highest(sample)
        self._history.append(sample)
        self._post(Sampled(sample, self._runtime_reason))
        self._look_further(sample)
        self._timer = asyncio.get_running_loop().call_later(self.pace_s, self.take)

    def hasten(self) -> None:
        """Take the next sample at once if somebody looks now and the last one is old."""
        if self._watched():
            self._devices_at_s = min(self._devices_at_s, time.perf_counter())
            if time.perf_counter() - self._taken_s > self._interval_s:
                self.take()

    def follow(self, info: BackendInfo | None) -> None:
        """Follow the processes of another backend; None for none."""
        from tui.system.runtime_processes import RuntimeFinder

        self._finder = None if info is None else RuntimeFinder(info.pid, info.endpoint)
        self._trace.clear()
        self._take_found(None if self._finder is None else self._finder.found)

    async def close(self) -> None:
        """Stop."""
        self._closed = True
        for timer in (self._timer, self._watch_timer):
            if timer is not None:
                timer.cancel()
        if self._devices_task is not None:
            self._devices_task.cancel()
            await asyncio.gather(self._devices_task, return_exceptions=True)

    # The runtime's memory while it loads

    def watch(self, jobs: Sequence[Job]) -> None:
        """Read the runtime's memory often as long as a job that changes it runs."""
        wanted = any(job.kind in WATCHED_JOBS for job in jobs)
        if wanted and self._watch_timer is None:
            self._watched_since_s = time.perf_counter()
            self._watch()
        elif not wanted and self._watch_timer is not None:
            self._watch_timer.cancel()
            self._watch_timer = None

    def trace(self, span_s: float) -> MemoryTrace | None:
        """Return what the runtime's memory did in the last `span_s`, up to now."""
        self._read_trace()
        now_s = time.perf_counter()
        return self._trace.between(now_s - span_s, now_s)

    def trace_of_job(self) -> MemoryTrace | None:
        """Return what the runtime's memory did since the job that changes it began."""
        since_s = self._watched_since_s
        return None if since_s is None else self.trace(time.perf_counter() - since_s)

    def _watch(self) -> None:
        self._read_trace()
        loop = asyncio.get_running_loop()
        self._watch_timer = loop.call_later(WATCH_EVERY_S, self._watch)

    def _read_trace(self) -> None:
        pids = self._sampler.pids
        total = 0
        for pid in pids:
            with contextlib.suppress(ProcessGone):
                if (reading := read_process(pid)) is not None:
                    total += reading.rss_bytes
        if total:
            highest = read_highest(pids[0]) if len(pids) == 1 else None
            self._trace.add(time.perf_counter(), total, highest)

    def _with_highest(self, sample: Sample) -> Sample:
        if sample.runtime_rss_bytes is None:
            return sample
        pids = self._sampler.pids
        highest = None
        if sample.live is not None and sample.live.answering and len(pids) == 1:
            highest = read_highest(pids[0])
        self._trace.add(sample.at_s, sample.runtime_rss_bytes, highest)
        return replace(sample, runtime_highest_bytes=highest)

    # Devices and processes, in a thread

    def _look_further(self, sample: Sample) -> None:
        if self._devices_task is not None and not self._devices_task.done():
            return
        finder = self._finder
        if finder is not None and len(sample.runtime) < len(finder.found.pids):
            finder.lost(sample.at_s)
        devices_due = sample.at_s >= self._devices_at_s
        if devices_due or (finder is not None and finder.due(sample.at_s)):
            self._devices_task = asyncio.create_task(self._read_further(finder, devices_due))

    async def _read_further(self, finder: RuntimeFinder | None, devices_due: bool) -> None:
        now_s = time.perf_counter()
        if finder is not None and finder.due(now_s):
            found = await asyncio.to_thread(finder.find, now_s)
            if finder is self._finder:  # not for a backend that was let go of meanwhile
                self._take_found(found)
        if devices_due:
            await asyncio.to_thread(self._read_devices)
            self._devices_at_s = time.perf_counter() + self._devices_pace_s()

    def _read_devices(self) -> None:
        if self._device_reader is None:
            from tui.system.devices import DeviceReader

            self._device_reader = DeviceReader()
        self._sampler.devices = self._device_reader.read(self._sampler.pids)

    def _devices_pace_s(self) -> float:
        devices = self._sampler.devices
        if devices is None or not devices.tells_anything:
            return DEVICES_SILENT_S
        # A little less, so that each sample finds it due.
        return self._interval_s * 0.9 if self._watched() else DEVICES_HIDDEN_S

    def _take_found(self, found: Found | None) -> None:
        self._runtime_reason = "" if found is None else found.reason
        self._sampler.follow(*(found.pids if found else ()))
