"""Frozen values that cross the boundary between a backend and the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal


class Device(StrEnum):
    """The kind of processor a variant is built for."""

    CPU = "CPU"
    GPU = "GPU"
    NPU = "NPU"
    UNKNOWN = "unknown"


class Capability(StrEnum):
    """What a backend may be able to do beyond listing models and chatting."""

    LOAD = "load"
    DOWNLOAD = "download"
    CACHE = "cache"
    REMOVE = "remove"
    IMPORT = "import"
    SERVICE = "service"
    """Starting, stopping and restarting the service, and reading its log."""
    MOVE_CACHE = "move_cache"


BackendKind = Literal["foundry", "runtime", "endpoint"]
ServiceAction = Literal["status", "start", "stop", "restart", "logs"]


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """Which backend serves this session."""

    kind: BackendKind
    version: str
    """Version of the runtime, the command line or the server; '' when it does not tell."""
    reason: str
    """Why `connect()` chose it, as a sentence for the user."""
    endpoint: str | None = None
    """Base URL of the OpenAI-compatible service, without `/v1`."""
    pid: int | None = None
    """Process that holds the models in memory, where it runs on this machine."""
    unavailable: dict[Capability, str] = field(default_factory=dict)
    """Capabilities that this backend lacks, each with the reason for the user."""
    generation: str = ""
    """Of the foundry command line: `service` (to 0.9) or `preview` (from 0.10)."""
    providers: tuple[str, ...] = ()
    """Execution providers that the service says this machine has; empty where it does not tell."""
    catalog_saved_at: float | None = None
    """When the public catalog answered last, in seconds since the epoch; None while it answers."""

    def supports(self, capability: Capability) -> bool:
        """Tell whether the backend can do `capability`."""
        return capability not in self.unavailable


@dataclass(frozen=True, slots=True)
class Variant:
    """One downloadable build of a model."""

    id: str
    """`name:version`, or whatever the endpoint calls it."""
    alias: str
    device: Device = Device.UNKNOWN
    execution_provider: str = ""
    size_bytes: int | None = None
    cached: bool = False
    loaded: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """An alias in a catalog, with the variants it can be had in."""

    alias: str
    variants: tuple[Variant, ...]
    display_name: str = ""
    publisher: str = ""
    license: str = ""
    task: str = ""
    """The registry's word for what it is for: `chat`, `code`, `embeddings` ...; '' when unknown."""
    description: str = ""
    context_tokens: int | None = None
    supports_tools: bool | None = None
    """None where the backend does not tell."""
    supports_reasoning: bool | None = None
    """Writes down its reasoning first; None where the backend does not tell."""
    demo: bool = False
    """Ships with this program."""
    local: bool = False
    """Imported by the user, or shipped; not in the public catalog."""
    as_of: str = ""
    """Month of the snapshot that it is known from, `2026-09`; '' for what the backend lists."""

    @property
    def cached(self) -> bool:
        """Whether any variant is on disk."""
        return any(variant.cached for variant in self.variants)

    @property
    def loaded(self) -> bool:
        """Whether any variant is in memory."""
        return any(variant.loaded for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long call has come. Fields that are not known are None."""

    fraction: float | None = None
    """0.0 to 1.0."""
    done_bytes: int | None = None
    total_bytes: int | None = None
    message: str = ""
    line: str = ""
    """What the tool that does the work printed, for the job's log."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading a variant cost."""

    variant_id: str
    load_s: float
    resident_bytes: int | None
    """Growth of the runtime's resident memory; None where it cannot be read."""
    already_loaded: bool = False


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One variant on disk."""

    variant_id: str
    """'' for a directory that holds no model the backend knows."""
    path: Path
    size_bytes: int
    modified_at: float
    """Seconds since the epoch; 0 where the directory was not found."""
    state: Literal["complete", "partial", "orphan"] = "complete"
    origin: Literal["catalog", "demo", "imported"] = "catalog"
    linked: bool = False
    """Its files are links to files elsewhere."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What is on disk, and where."""

    location: Path
    entries: tuple[CacheEntry, ...]
    free_bytes: int

    @property
    def total_bytes(self) -> int:
        """Sum over all entries."""
        return sum(entry.size_bytes for entry in self.entries)


ImportWay = Literal["link", "register", "move"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a model directory joins the cache."""

    way: ImportWay = "link"
    """`link`: symbolic links to its files. `register`: hard links, the same data under a second
    name, on the same disk only. `move`: the directory itself, made by this program for that."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts by file name that stand beside, or in place of, those of the directory."""


AS_LINKS = ImportOptions()


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn as the endpoint sees it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for one answer. Parameters that are None are left to the server."""

    variant_id: str
    messages: tuple[ChatMessage, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    """Texts at which the answer ends; they are not part of it."""
    raw: bool = False
    """Send the last message as it is to `/v1/completions`, which knows no roles and applies no
    chat template; not every server has that route."""


@dataclass(frozen=True, slots=True)
class ChatStarted:
    """The request is on its way; the connection was already open."""

    at_s: float
    """`time.perf_counter()` when the first byte of the request was sent (t0)."""


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """Generated text has arrived. Never empty."""

    text: str
    at_s: float
    """`time.perf_counter()` when the bytes that complete this event arrived."""
    reasoning: bool = False


FinishReason = Literal["stop", "length", "content_filter", "tool_calls", "unknown"]


@dataclass(frozen=True, slots=True)
class ChatFinished:
    """The answer is complete: a finish reason was seen."""

    finish_reason: FinishReason
    at_s: float
    """`time.perf_counter()` at the last byte."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    """From the server's `usage`; None where it sends none."""


ChatEvent = ChatStarted | ChatDelta | ChatFinished
