"""A backend in memory whose answers, failures and delays are written down by the test."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tui.foundry.backend import ProgressCallback
from tui.foundry.errors import FoundryError, InvalidModelFolder, NotFound, Unsupported
from tui.foundry.ids import same_variant
from tui.foundry.types import (
    AS_LINKS,
    BackendInfo,
    BackendKind,
    CacheEntry,
    CacheInfo,
    Capability,
    ChatDelta,
    ChatEvent,
    ChatFinished,
    ChatRequest,
    ChatStarted,
    Device,
    FinishReason,
    ImportOptions,
    LoadResult,
    Model,
    Progress,
    ServiceAction,
    Variant,
)

MIB = 1024 * 1024
SMALL, LARGE, BIG = "demo-small-generic-cpu:1", "demo-large-generic-cpu:1", "phi-4-mini-cpu:5"


@dataclass(frozen=True)
class ScriptedAnswer:
    """One answer. Times are written into the events, not waited for."""

    deltas: tuple[str, ...] = ("Hello", " from", " the", " script", ".")
    reasoning: tuple[str, ...] = ()
    """Deltas before the answer, marked as reasoning."""
    finish_reason: FinishReason = "stop"
    error: FoundryError | None = None
    """Raised after the deltas instead of finishing."""
    input_tokens: int | None = 7
    output_tokens: int | None = -1
    """-1: as many as there are deltas; None: the server sends no usage."""
    ttft_s: float = 0.05
    itl_s: float = 0.01
    gate: asyncio.Event | None = None
    """Waited for before the first delta."""
    gate_after: int = 0
    """How many deltas pass before the gate."""


def words(text: str, **changes: object) -> ScriptedAnswer:
    """Return an answer that streams `text` word by word."""
    pieces = text.split(" ")
    deltas = tuple(piece if index == 0 else f" {piece}" for index, piece in enumerate(pieces))
    return replace(ScriptedAnswer(deltas=deltas), **changes)  # type: ignore[arg-type]


def demo_models() -> tuple[Model, ...]:
    """Return two demo models on disk and a big one that has to be downloaded."""
    return (
        _model("demo-small", SMALL, 2 * MIB, task="chat", context_tokens=1024),
        _model("demo-large", LARGE, 4 * MIB, task="chat", context_tokens=2048),
        Model(
            alias="phi-4-mini",
            variants=(
                Variant(BIG, "phi-4-mini", Device.CPU, "CPUExecutionProvider", 4800 * MIB),
                Variant(
                    "phi-4-mini-gpu:5", "phi-4-mini", Device.GPU, "WebGpuExecutionProvider",
                    3700 * MIB,
                ),
            ),
            display_name="Phi 4 mini",
            publisher="Microsoft",
            license="MIT",
            task="chat",
            description="A small model from the public catalog.",
            context_tokens=131072,
            supports_tools=True,
        ),
    )  # fmt: skip


def _model(alias: str, variant_id: str, size: int, *, task: str, context_tokens: int) -> Model:
    return Model(
        alias=alias,
        variants=(
            Variant(variant_id, alias, Device.CPU, "CPUExecutionProvider", size, cached=True),
        ),
        display_name=alias,
        publisher="Foundry TUI",
        license="MIT",
        task=task,
        description="Ships with the program; knows little.",
        context_tokens=context_tokens,
        supports_tools=False,
        demo=True,
        local=True,
    )


class ScriptedBackend:
    """Implements `Backend` without a process or a network.

    Args:
        models: What the catalog lists.
        kind: Which kind of backend it claims to be.
        unavailable: Capabilities it lacks, with reasons.
        location: Where its cache claims to be; nothing is read or written there.

    Tests set the attributes below, and read `calls`, `requests`, `closed_chats`, `closed`.
    """

    def __init__(
        self,
        models: Sequence[Model] = (),
        *,
        kind: BackendKind = "runtime",
        unavailable: Mapping[Capability, str] | None = None,
        location: Path = Path("/scripted/models"),
    ) -> None:
        self._models = list(models)
        self._info = BackendInfo(
            kind=kind,
            version="0.0-scripted",
            reason="scripted for a test",
            endpoint="http://127.0.0.1:5273",
            unavailable=dict(unavailable or {}),
        )
        self.location = location
        self._callbacks: list[Callable[[str], None]] = []
        self._failures: dict[str, deque[FoundryError]] = {}
        self._lasting: dict[str, FoundryError] = {}
        self.answers: deque[ScriptedAnswer] = deque()
        self.default_answer = ScriptedAnswer()
        self.answers_by_variant: dict[str, ScriptedAnswer] = {}
        """Used when `answers` is empty; key: variant id."""
        self.load_gate: asyncio.Event | None = None
        self.download_gate: asyncio.Event | None = None
        """Waited for after the first download step."""
        self.models_gate: asyncio.Event | None = None
        self.load_s = 0.25
        self.resident_bytes: dict[str, int | None] = {SMALL: 15 * MIB, LARGE: 37 * MIB}
        self.freed_bytes: int | None = None
        """What `unload` says was given back; None: not known."""
        self.download_steps: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
        self.free_bytes = 50 * 1024 * MIB
        self.calls: list[str] = []
        """`load demo-small-generic-cpu:1` and the like, in order."""
        self.requests: list[ChatRequest] = []
        self.open_chats = 0
        self.closed_chats = 0
        """Iterators that were closed or cancelled before their end."""
        self.closed = 0
        """How often `close` was called."""

    @classmethod
    def with_demo_models(cls, **options: object) -> ScriptedBackend:
        """Return a backend with `demo_models()`."""
        return cls(demo_models(), **options)  # type: ignore[arg-type]

    # For tests

    def fail(self, method: str, error: FoundryError, *, always: bool = False) -> None:
        """Let the next call (or every call) of `method` raise `error`."""
        if always:
            self._lasting[method] = error
        else:
            self._failures.setdefault(method, deque()).append(error)

    def heal(self, method: str) -> None:
        """Forget the failures of `method`."""
        self._lasting.pop(method, None)
        self._failures.pop(method, None)

    def say(self, *answers: str | ScriptedAnswer) -> None:
        """Queue answers; text is streamed word by word."""
        self.answers += [words(a) if isinstance(a, str) else a for a in answers]

    def change(self, message: str, **fields: object) -> None:
        """Change `info` and tell those who registered, as after a restart."""
        self._info = replace(self._info, **fields)  # type: ignore[arg-type]
        for callback in self._callbacks:
            callback(message)

    def mark(self, variant_id: str, **marks: bool) -> None:
        """Set `cached` and `loaded` of a variant."""
        for index, model in enumerate(self._models):
            variants = tuple(
                replace(v, **marks) if same_variant(v.id, variant_id) else v  # type: ignore[arg-type]
                for v in model.variants
            )
            self._models[index] = replace(model, variants=variants)

    def find(self, variant_id: str) -> Variant:
        """Return the variant as it stands now; raises `NotFound`."""
        for model in self._models:
            for variant in model.variants:
                if same_variant(variant.id, variant_id):
                    return variant
        raise NotFound(f"No model '{variant_id}'.", "List the models with `foundry-tui models`.")

    # Backend

    @property
    def info(self) -> BackendInfo:
        return self._info

    def on_change(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    async def models(self, *, refresh: bool = False) -> tuple[Model, ...]:
        await self._enter("models", "refresh" if refresh else "")
        if self.models_gate is not None:
            await self.models_gate.wait()
        return tuple(self._models)

    async def load(self, variant_id: str) -> LoadResult:
        await self._enter("load", variant_id, Capability.LOAD)
        variant = self.find(variant_id)
        if variant.loaded:
            return LoadResult(variant.id, 0.0, None, already_loaded=True)
        if not variant.cached:
            raise NotFound(f"'{variant_id}' is not on disk.", "Download it first.")
        if self.load_gate is not None:
            await self.load_gate.wait()
        self.mark(variant_id, loaded=True)
        return LoadResult(variant.id, self.load_s, self.resident_bytes.get(variant.id))

    async def unload(self, variant_id: str) -> int | None:
        await self._enter("unload", variant_id, Capability.LOAD)
        self.find(variant_id)
        self.mark(variant_id, loaded=False)
        return self.freed_bytes

    async def download(self, variant_id: str, on_progress: ProgressCallback) -> None:
        await self._enter("download", variant_id, Capability.DOWNLOAD)
        size = self.find(variant_id).size_bytes
        for index, fraction in enumerate(self.download_steps):
            done = None if size is None else int(size * fraction)
            on_progress(Progress(fraction, done, size, "downloading"))
            await asyncio.sleep(0)
            if index == 0 and self.download_gate is not None:
                await self.download_gate.wait()
            self._raise("download_midway")
        self.mark(variant_id, cached=True)

    async def cache(self) -> CacheInfo:
        await self._enter("cache", "", Capability.CACHE)
        entries = tuple(
            CacheEntry(
                variant.id,
                self.location / variant.id.replace(":", "-"),
                variant.size_bytes or 0,
                modified_at=1_790_000_000.0,
                origin="demo" if model.demo else "imported" if model.local else "catalog",
            )
            for model in self._models
            for variant in model.variants
            if variant.cached
        )
        return CacheInfo(self.location, entries, self.free_bytes)

    async def remove(self, variant_id: str) -> int:
        await self._enter("remove", variant_id, Capability.REMOVE)
        variant = self.find(variant_id)
        if not variant.cached:
            raise NotFound(f"'{variant_id}' is not on disk.", "Nothing to delete.")
        self.mark(variant_id, cached=False, loaded=False)
        return variant.size_bytes or 0

    async def import_model(self, folder: Path, name: str, options: ImportOptions = AS_LINKS) -> str:
        await self._enter("import_model", f"{folder} {name} {options.way}", Capability.IMPORT)
        if not (folder / "genai_config.json").is_file():
            raise InvalidModelFolder(
                f"{folder} holds no genai_config.json.", "Choose the directory with the model."
            )
        variant_id = f"{name}:1"
        variant = Variant(variant_id, name, Device.CPU, "CPUExecutionProvider", MIB, cached=True)
        self._models.append(Model(name, (variant,), local=True))
        return variant_id

    async def service(self, action: ServiceAction) -> str:
        await self._enter("service", action, Capability.SERVICE)
        return f"scripted: {action} done"

    async def move_cache(self, folder: Path) -> None:
        await self._enter("move_cache", str(folder), Capability.MOVE_CACHE)
        self.location = folder

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        await self._enter("chat", request.variant_id)
        self.requests.append(request)
        variant = self.find(request.variant_id)
        if not variant.loaded and self._info.supports(Capability.LOAD):
            from tui.foundry.errors import RequestFailed

            raise RequestFailed(f"'{request.variant_id}' is not loaded.", "Load it first.")
        if self.answers:
            answer = self.answers.popleft()
        else:
            answer = self.answers_by_variant.get(variant.id, self.default_answer)
        self.open_chats += 1
        ended = False
        try:
            async for event in self._play(answer):
                ended = isinstance(event, ChatFinished)
                yield event
            ended = True
        except FoundryError:
            ended = True
            raise
        finally:
            self.open_chats -= 1
            self.closed_chats += not ended

    async def close(self) -> None:
        self.closed += 1

    # Inside

    async def _play(self, answer: ScriptedAnswer) -> AsyncGenerator[ChatEvent, None]:
        start = time.perf_counter()
        yield ChatStarted(start)
        pieces = [(text, True) for text in answer.reasoning]
        pieces += [(text, False) for text in answer.deltas]
        at = start + answer.ttft_s
        for index, (text, reasoning) in enumerate(pieces):
            if answer.gate is not None and index == answer.gate_after:
                await answer.gate.wait()
            await asyncio.sleep(0)
            at = start + answer.ttft_s + index * answer.itl_s
            yield ChatDelta(text, at, reasoning)
        if answer.error is not None:
            raise answer.error
        count = len(pieces) if answer.output_tokens == -1 else answer.output_tokens
        yield ChatFinished(answer.finish_reason, at, answer.input_tokens, count)

    async def _enter(
        self, method: str, subject: str = "", capability: Capability | None = None
    ) -> None:
        self.calls.append(f"{method} {subject}".strip())
        await asyncio.sleep(0)
        if capability is not None and not self._info.supports(capability):
            raise Unsupported(self._info.unavailable[capability])
        self._raise(method)

    def _raise(self, method: str) -> None:
        if waiting := self._failures.get(method):
            raise waiting.popleft()
        if method in self._lasting:
            raise self._lasting[method]
