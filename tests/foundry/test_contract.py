"""What every backend must do, asked of each of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support.foundry import VERSIONS, installed_foundry
from tests.support.runtime import running_runtime, runtime_is_there
from tests.support.scripted_backend import ScriptedBackend
from tests.support.scripted_server import chat_by_model, model_list, serving, stream
from tui.foundry.backend import Backend
from tui.foundry.commands.backend import FoundryBackend
from tui.foundry.commands.probe import identify
from tui.foundry.commands.process import CommandLine
from tui.foundry.endpoint.backend import EndpointBackend
from tui.foundry.errors import FoundryError, NotFound, RequestFailed, Unsupported
from tui.foundry.types import (
    Capability,
    ChatDelta,
    ChatEvent,
    ChatFinished,
    ChatMessage,
    ChatRequest,
    ChatStarted,
    Variant,
)


@asynccontextmanager
async def scripted(_tmp_path: Path) -> AsyncIterator[Backend]:
    yield ScriptedBackend.with_demo_models()


@asynccontextmanager
async def endpoint(_tmp_path: Path) -> AsyncIterator[Backend]:
    answers = {
        "/v1/models": model_list("demo-small", "demo-large"),
        "/v1/chat/completions": chat_by_model(
            demo_small=stream(["a"] * 50, gap_s=0.001), demo_large=stream()
        ),
    }
    async with serving(answers) as server:
        yield EndpointBackend(server.url, None, "for a test")


@asynccontextmanager
async def foundry_service(tmp_path: Path) -> AsyncIterator[Backend]:
    """A Foundry Local service that only its address is known of."""
    async with command_line(tmp_path, "0.8.119") as backend:
        endpoint_backend = EndpointBackend(str(backend.info.endpoint), None, "for a test")
        await endpoint_backend.start()
        yield endpoint_backend


@asynccontextmanager
async def command_line(tmp_path: Path, version: str) -> AsyncIterator[Backend]:
    with installed_foundry(tmp_path, version) as stand_in:
        command = CommandLine(str(stand_in.path))
        identity = await identify(command)
        assert not isinstance(identity, str)
        backend = FoundryBackend(command, identity, "for a test")
        await backend.start()
        try:
            yield backend
        finally:
            await backend.close()


def runtime(tmp_path: Path) -> AbstractAsyncContextManager[Backend]:
    return running_runtime(tmp_path)


needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
BACKENDS = [
    scripted,
    endpoint,
    pytest.param(foundry_service, marks=needs_posix),
    *(
        pytest.param(partial(command_line, version=version), id=version, marks=needs_posix)
        for version in VERSIONS
    ),
    pytest.param(
        runtime,
        marks=pytest.mark.skipif(
            not runtime_is_there(), reason="no embedded runtime or demo models"
        ),
    ),
]


@pytest.fixture(params=BACKENDS)
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    async with request.param(tmp_path) as made:
        try:
            yield made
        finally:
            await made.close()


async def find(backend: Backend, alias: str = "demo-small") -> Variant:
    for model in await backend.models():
        if model.alias == alias:
            return model.variants[0]
    raise AssertionError(f"{alias} is not listed")


async def ready(backend: Backend, alias: str = "demo-small") -> Variant:
    variant = await find(backend, alias)
    if backend.info.supports(Capability.LOAD):
        await backend.load(variant.id)
    return variant


def ask(variant: Variant | str, max_tokens: int = 24) -> ChatRequest:
    name = variant if isinstance(variant, str) else variant.id
    return ChatRequest(name, (ChatMessage("user", "Hello"),), max_tokens, temperature=0.0)


async def answer(backend: Backend, request: ChatRequest) -> list[ChatEvent]:
    return [event async for event in backend.chat(request)]


async def test_it_says_what_it_is_and_why(backend: Backend) -> None:
    info = backend.info
    assert info.kind in ("foundry", "runtime", "endpoint")
    assert info.reason
    assert info.endpoint is None or info.endpoint.startswith("http")
    assert not (info.endpoint or "").endswith("/v1")


async def test_models_have_variants_with_unique_ids(backend: Backend) -> None:
    models = await backend.models()
    ids = [variant.id for model in models for variant in model.variants]
    assert len(ids) == len(set(ids)) >= 2
    for model in models:
        assert {variant.alias for variant in model.variants} == {model.alias}
        assert all(variant.cached or not variant.loaded for variant in model.variants)


async def test_an_answer_is_started_then_deltas_then_finished(backend: Backend) -> None:
    events = await answer(backend, ask(await ready(backend)))
    started, *deltas, finished = events
    assert isinstance(started, ChatStarted)
    assert deltas
    assert all(isinstance(event, ChatDelta) and event.text for event in deltas)
    assert isinstance(finished, ChatFinished)
    times = [event.at_s for event in events]
    assert times == sorted(times)
    assert finished.output_tokens is None or finished.output_tokens >= 1


async def test_an_unknown_model_is_not_found(backend: Backend) -> None:
    with pytest.raises(NotFound) as caught:
        await answer(backend, ask("no-such-model:9"))
    assert caught.value.message
    assert caught.value.hint


async def test_load_and_unload_move_the_marks(backend: Backend) -> None:
    if not backend.info.supports(Capability.LOAD):
        pytest.skip("loads its models itself")
    before = await find(backend)
    assert before.cached
    assert not before.loaded
    result = await backend.load(before.id)
    assert result.variant_id == before.id
    assert result.load_s >= 0
    assert not result.already_loaded
    assert (await find(backend)).loaded
    assert (await backend.load(before.id)).already_loaded
    await backend.unload(before.id)
    assert not (await find(backend)).loaded
    with pytest.raises(RequestFailed):
        await answer(backend, ask(before))


async def test_an_unknown_model_cannot_be_loaded(backend: Backend) -> None:
    if not backend.info.supports(Capability.LOAD):
        pytest.skip("loads its models itself")
    with pytest.raises(NotFound) as caught:
        await backend.load("no-such-model:9")
    assert caught.value.hint


async def test_what_it_cannot_do_is_refused_with_the_reason(backend: Backend) -> None:
    calls: dict[Capability, Callable[[], Awaitable[object]]] = {
        Capability.LOAD: lambda: backend.load("x:1"),
        Capability.DOWNLOAD: lambda: backend.download("x:1", lambda _: None),
        Capability.CACHE: backend.cache,
        Capability.REMOVE: lambda: backend.remove("x:1"),
        Capability.IMPORT: lambda: backend.import_model(Path("x"), "x"),
        Capability.SERVICE: lambda: backend.service("status"),
        Capability.MOVE_CACHE: lambda: backend.move_cache(Path("x")),
    }
    for capability, reason in backend.info.unavailable.items():
        assert reason
        with pytest.raises(Unsupported) as caught:
            await calls[capability]()
        assert caught.value.message == reason


async def test_the_cache_lists_what_is_marked_as_cached(backend: Backend) -> None:
    if not backend.info.supports(Capability.CACHE):
        pytest.skip("does not tell what is on disk")
    cache = await backend.cache()
    marked = {v.id for model in await backend.models() for v in model.variants if v.cached}
    listed = {entry.variant_id for entry in cache.entries if entry.state == "complete"}
    assert marked == listed
    assert cache.free_bytes > 0
    assert all(entry.size_bytes > 0 for entry in cache.entries)


async def test_a_folder_without_a_model_is_not_imported(backend: Backend, tmp_path: Path) -> None:
    if not backend.info.supports(Capability.IMPORT):
        pytest.skip("cannot be given models")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FoundryError) as caught:
        await backend.import_model(empty, "mine")
    assert caught.value.code == "invalid_model_folder"
    assert caught.value.hint


async def test_closing_an_answer_early_leaves_the_backend_usable(backend: Backend) -> None:
    variant = await ready(backend)
    async with aclosing(backend.chat(ask(variant, 200))) as events:
        async for event in events:
            if isinstance(event, ChatDelta):
                break
    assert isinstance((await answer(backend, ask(variant)))[-1], ChatFinished)


async def test_an_answer_can_be_cancelled(backend: Backend) -> None:
    variant = await ready(backend)
    first = asyncio.Event()

    async def listen() -> None:
        async with aclosing(backend.chat(ask(variant, 200))) as events:
            async for event in events:
                if isinstance(event, ChatDelta):
                    first.set()
                    await asyncio.Event().wait()

    task = asyncio.create_task(listen())
    await asyncio.wait_for(first.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance((await answer(backend, ask(variant)))[-1], ChatFinished)


async def test_closing_twice_is_fine(backend: Backend) -> None:
    await backend.close()
    await backend.close()
