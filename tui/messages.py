"""Messages that travel between panes, workers and the app: facts in the past tense, wishes as
`...Requested`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual.message import Message

from tui.cache.findings import Finding
from tui.cache.notes import CacheNotes
from tui.cache.wishes import CacheWish
from tui.catalog.kv_cache import KvShape
from tui.catalog.last_good import KeptCatalog
from tui.catalog.measured import Measured
from tui.catalog.registry import Registry
from tui.catalog.usable_context import UsableContext
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import CacheInfo, LoadResult, Model, ServiceAction
from tui.store import Job
from tui.system.activity import LiveFigures
from tui.system.device_memory import DeviceMemory
from tui.system.memory_records import MemoryRecord
from tui.system.recording_file import RecordingState
from tui.system.sample import Sample

if TYPE_CHECKING:
    from tui.cache.compiling.plan import Plan
    from tui.cache.importing import Way
    from tui.foundry.connect import Target


@dataclass
class BackendConnected(Message):
    """A backend was found and is ready."""

    backend: Backend


@dataclass
class BackendFailed(Message):
    """No backend could be reached."""

    error: FoundryError
    kept: KeptCatalog | None = None
    """What to show instead of its models."""


@dataclass
class BackendChanged(Message):
    """The backend crashed, restarted or moved."""

    text: str


@dataclass
class ModelsFetched(Message):
    """The catalog answered."""

    models: tuple[Model, ...]


@dataclass
class ModelsFailed(Message):
    """The catalog could not be read."""

    error: FoundryError
    kept: KeptCatalog | None = None
    """What it held last, where that was kept."""


@dataclass
class CacheFetched(Message):
    """The disk was looked at."""

    cache: CacheInfo
    kv_shapes: Mapping[str, KvShape]
    notes: CacheNotes


@dataclass
class CacheFailed(Message):
    """The cache could not be read."""

    error: FoundryError


@dataclass
class JobChanged(Message):
    """A job began, moved on or ended."""

    job: Job


@dataclass
class VariantLoaded(Message):
    """A variant is in memory now."""

    result: LoadResult


@dataclass
class MachineRead(Message):
    """What was found out on this machine was read: loads, benchmarks, probes, its GPU's memory."""

    records: Mapping[str, MemoryRecord]
    device: DeviceMemory
    figures: Mapping[str, Measured]
    usable: Mapping[str, UsableContext]


@dataclass
class ContextProbeRequested(Message):
    """Find out how long a context a loaded model really takes."""

    variant_id: str


@dataclass
class ContextProbed(Message):
    """A probe of the context found its limit."""

    found: UsableContext


@dataclass
class VariantUnloaded(Message):
    """A variant left memory."""

    variant_id: str
    freed_bytes: int | None


@dataclass
class PaneRequested(Message):
    """Show another pane."""

    pane: str


@dataclass
class RunRequested(Message):
    """Download if needed and load; then, if asked, open the chat with it."""

    variant_id: str
    then_chat: bool = False


@dataclass
class JobRequested(Message):
    """Start one simple job on a variant."""

    kind: Literal["download", "load", "unload", "delete"]
    variant_id: str


@dataclass
class ImportRequested(Message):
    """Add a model directory under a name; see `import_from`."""

    folder: Path
    name: str
    way: Way = "link"
    mend_as: str | None = None


@dataclass
class CompileRequested(Message):
    """Make a model of a checkpoint, by a plan that was just made and has no errors."""

    plan: Plan


@dataclass
class CacheRequested(Message):
    """Do something with what is on disk."""

    wish: CacheWish


@dataclass
class DamageFound(Message):
    """All models were compared with their checksums."""

    findings: tuple[Finding, ...]


@dataclass
class Noticed(Message):
    """Something that a person may want to know; nothing to be done about at once."""

    text: str


@dataclass
class CancelRequested(Message):
    """Cancel a job."""

    job_id: int


@dataclass
class MarkRequested(Message):
    """Mark or unmark a variant for a comparison."""

    variant_id: str


@dataclass
class ChatRequested(Message):
    """Choose the variant that answers in the chat pane, and show the pane."""

    variant_id: str
    show: bool = True


@dataclass
class BenchRequested(Message):
    """Mark these models, and these alone, and show the benchmark, with a question of the user's."""

    variant_ids: tuple[str, ...]
    question: str = ""


@dataclass
class RefreshRequested(Message):
    """Ask the catalog, or look at the disk, again."""

    what: Literal["models", "cache"]
    by_user: bool = False
    """Whether to ask anew rather than take a fresh copy."""


@dataclass
class RegistryChanged(Message):
    """The team's registry was written."""

    registry: Registry


@dataclass
class AnsweringChanged(Message):
    """An answer in the chat began or ended."""

    answering: bool


@dataclass
class AnswerMoved(Message):
    """An answer, of chat or benchmark, has come further."""

    figures: LiveFigures


@dataclass
class Sampled(Message):
    """The machine was looked at; the sample is in the history already."""

    sample: Sample
    runtime_reason: str = ""
    """Why the runtime's processes are not known; '' where they are."""


@dataclass
class RecordingRequested(Message):
    """Write the samples into a file from now on, or stop that."""


@dataclass
class RecordingChanged(Message):
    """A recording began, went on or ended."""

    state: RecordingState | None
    text: str = ""
    """What a person should know about it."""
    error: FoundryError | None = None


@dataclass
class IntervalRequested(Message):
    """Take samples at another pace while somebody looks at them."""

    interval_s: float


@dataclass
class ProbeRequested(Message):
    """Find out whether a loaded model really answers."""


@dataclass
class ServiceRequested(Message):
    """Do something with the service behind the backend."""

    action: ServiceAction


@dataclass
class ServiceTold(Message):
    """The service behind the backend was asked, and this is what there is to show."""

    text: str


@dataclass
class BackendRequested(Message):
    """Let go of the backend, and take another."""

    target: Target
