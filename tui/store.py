"""What the panes share: one frozen state, one writer, one signal per topic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from textual.dom import DOMNode
from textual.signal import Signal

from tui.cache.findings import Finding
from tui.cache.notes import CacheNotes
from tui.catalog.kv_cache import KvShape
from tui.catalog.measured import Measured
from tui.catalog.registry import Registry
from tui.catalog.usable_context import UsableContext
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import BackendInfo, CacheInfo, Model, Progress
from tui.system.device_memory import DeviceMemory
from tui.system.memory_records import MemoryRecord
from tui.system.model_memory import ModelMemory
from tui.system.recording_file import RecordingState
from tui.system.sample import Sample

JobKind = Literal[
    "download", "load", "unload", "run", "delete", "import", "compile", "export", "bench",
    "service", "move cache", "probe", "update", "roll back", "clean",
    "mend", "checksums", "verify",
]  # fmt: skip
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
Topic = Literal["backend", "models", "cache", "jobs", "system", "marks", "chat"]

TOPICS: tuple[Topic, ...] = ("backend", "models", "cache", "jobs", "system", "marks", "chat")

STALL_AFTER_S = 15.0
"""A download that has not moved for as long is shown as stalled."""


@dataclass(frozen=True, slots=True)
class Job:
    """Long work that the header shows and that can be cancelled."""

    id: int
    kind: JobKind
    subject: str
    """What it works on: a variant id or a directory."""
    state: JobState = "waiting"
    progress: Progress = Progress()
    started_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None
    rate_bytes_s: float | None = None
    error: FoundryError | None = None
    log: tuple[str, ...] = ()
    """What the tool that does the work printed, the last lines of it; of a bar, its last state."""
    moved_s: float | None = None
    """When it last came any further, on the clock of `started_s`."""

    def stalled_s(self, now_s: float) -> float | None:
        """Return for how long a download has not moved, where that is long enough to say so."""
        fetches = self.kind in ("download", "update", "run")
        if not fetches or self.state != "running" or not self.moved_s:
            return None
        still_s = now_s - self.moved_s
        whole = self.progress.fraction is None or self.progress.fraction >= 1.0
        return None if whole or still_s < STALL_AFTER_S else still_s

    @property
    def active(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in ("waiting", "running")

    @property
    def left_s(self) -> float | None:
        """Estimated seconds to go, from bytes left and rate."""
        done, total = self.progress.done_bytes, self.progress.total_bytes
        if not self.rate_bytes_s or done is None or total is None:
            return None
        return max(0.0, (total - done) / self.rate_bytes_s)


@dataclass(frozen=True, slots=True)
class State:
    """Everything that more than one pane shows."""

    connection: Literal["connecting", "ready", "failed"] = "connecting"
    info: BackendInfo | None = None
    connection_error: FoundryError | None = None
    models: tuple[Model, ...] | None = None
    """None until the first answer of the catalog."""
    models_error: FoundryError | None = None
    """Why the list is none of now; None while it is."""
    models_at: float | None = None
    """When the backend listed them, in seconds since the epoch; None for the shipped snapshot."""
    registry: Registry = Registry()
    cache: CacheInfo | None = None
    cache_error: FoundryError | None = None
    cache_notes: CacheNotes = CacheNotes()
    """What this program remembers about what is on disk."""
    cache_damage: tuple[Finding, ...] = ()
    """What the last comparison with the checksums found."""
    kv_shapes: Mapping[str, KvShape] = field(default_factory=dict)
    """What the models on disk tell about their KV caches, by variant id."""
    jobs: tuple[Job, ...] = ()
    sample: Sample | None = None
    memory: ModelMemory = ModelMemory()
    memory_records: Mapping[str, MemoryRecord] = field(default_factory=dict)
    """What loads took on this machine, in earlier sessions too; see `record_of`."""
    figures: Mapping[str, Measured] = field(default_factory=dict)
    """What benchmarks measured here, by variant id; of variants that the backend lists."""
    usable_contexts: Mapping[str, UsableContext] = field(default_factory=dict)
    """What probes of the context found; see `find_by_id`."""
    device_memory: DeviceMemory = DeviceMemory()
    """What the GPU has, as last read: at the start, and after each load and unload."""
    marked: frozenset[str] = frozenset()
    """Variant ids marked for a comparison."""
    bench_question: str = ""
    """What the user wants to measure with, beside the sets of prompts that ship."""
    runtime_reason: str = ""
    """Why the runtime's processes are not known; '' where they are."""
    recording: RecordingState | None = None
    """Samples are being written into a file."""
    answering: bool = False
    """An answer is being written in the chat."""
    service_text: str = ""
    """What the service behind the backend said last, when it was asked."""
    chat_variant: str | None = None
    """Variant that answers in the chat pane."""

    @property
    def active_jobs(self) -> tuple[Job, ...]:
        """Jobs that wait or run."""
        return tuple(job for job in self.jobs if job.active)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Ids of the variants in memory."""
        return tuple(
            variant.id
            for model in self.models or ()
            for variant in model.variants
            if variant.loaded
        )


class Store:
    """Holds the state. Only the app writes; panes read and subscribe.

    Args:
        owner: The app; signals are delivered on its message loop.
    """

    def __init__(self, owner: DOMNode) -> None:
        self.state = State()
        self.backend: Backend | None = None
        self._signals: Mapping[Topic, Signal[State]] = {
            topic: Signal(owner, topic) for topic in TOPICS
        }

    def apply(self, topic: Topic, **changes: Any) -> None:
        """Replace fields of the state and tell the topic's subscribers, if anything differs."""
        state = replace(self.state, **changes)
        if state == self.state:
            return
        self.state = state
        self._signals[topic].publish(state)

    def signal(self, topic: Topic) -> Signal[State]:
        """Return the topic's signal, for `subscribe(node, callback)` on mount."""
        return self._signals[topic]
