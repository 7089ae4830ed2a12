"""What the app does with what is told about the machine: samples, loads, memory, recordings."""

from __future__ import annotations

from textual import on
from textual.getters import query_one

from tui import messages as m
from tui.app_actions import AppActions
from tui.widgets.header import Header
from tui.widgets.status_line import StatusLine
from tui.workers.cache_jobs import CacheJobs
from tui.workers.machine import MachineWorker
from tui.workers.recording import RecordingWorker
from tui.workers.sampling import SamplingWorker


class AppMachine(AppActions):
    """The part of the app that keeps what is known about the machine, and shows it in the frame."""

    cache_jobs: CacheJobs
    machine_worker: MachineWorker
    recording: RecordingWorker
    sampling: SamplingWorker

    header = query_one("#header", Header)
    status_line = query_one("#status-line", StatusLine)

    def _frame_changed(self) -> None:
        if self.is_running and self.query(Header):  # a job may end after the screen is gone
            self.header.show(self.store.state, self.pane_name)
            self.status_line.show(self.store.state)

    @on(m.AnswerMoved)
    def _answer_moved(self, message: m.AnswerMoved) -> None:
        self.history.take(message.figures)

    @on(m.VariantLoaded)
    def _variant_loaded(self, message: m.VariantLoaded) -> None:
        self.history.mark("load", message.result.variant_id)
        self.sampling.take()
        trace = self.sampling.trace(message.result.load_s)
        memory = self.store.state.memory.loaded(message.result, trace=trace)
        self.store.apply("system", memory=memory)
        self.cache_jobs.note_use(message.result.variant_id)
        entry = memory.entry(message.result.variant_id)
        self.machine_worker.keep_load(
            message.result, entry.load_peak_growth_bytes if entry else None
        )

    @on(m.MachineRead)
    def _machine_read(self, message: m.MachineRead) -> None:
        self.store.apply(
            "system",
            memory_records=message.records,
            device_memory=message.device,
            figures=message.figures,
            usable_contexts=message.usable,
        )

    @on(m.ContextProbed)
    def _context_probed(self, message: m.ContextProbed) -> None:
        self.machine_worker.keep_context(message.found)

    @on(m.VariantUnloaded)
    def _variant_unloaded(self, message: m.VariantUnloaded) -> None:
        self.history.mark("unload", message.variant_id)
        self.sampling.take()
        memory = self.store.state.memory.unloaded(
            message.variant_id, message.freed_bytes, trace=self.sampling.trace_of_job()
        )
        self.store.apply("system", memory=memory)
        self.machine_worker.keep_unload(memory.unloads[-1])

    @on(m.Sampled)
    def _sampled(self, message: m.Sampled) -> None:
        memory = self.store.state.memory.answered(message.sample)
        self.store.apply(
            "system", sample=message.sample, memory=memory, runtime_reason=message.runtime_reason
        )
        self.recording.take(message.sample, memory)
        if not self.history.activity.answering:
            self.machine_worker.keep_peaks(memory)
        self._frame_changed()

    @on(m.RecordingRequested)
    def _recording_requested(self, message: m.RecordingRequested) -> None:
        self.recording.toggle()

    @on(m.RecordingChanged)
    def _recording_changed(self, message: m.RecordingChanged) -> None:
        self.store.apply("system", recording=message.state)
        if message.text:
            self._say(message.text)
        if message.error is not None:
            self._say_error(message.error, title="Recording stopped")

    @on(m.IntervalRequested)
    def _interval_requested(self, message: m.IntervalRequested) -> None:
        self.sampling.interval_s = message.interval_s
