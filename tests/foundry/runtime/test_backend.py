"""The backend with the real runtime and the demo models: what a user can do, and sees."""

from __future__ import annotations

import shutil
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.support import runtime
from tests.support.runtime import running_runtime, runtime_is_there
from tui.cache.importing import import_from
from tui.foundry.errors import (
    FoundryError,
    InvalidModelFolder,
    LoadFailed,
    NotFound,
    RequestFailed,
    Unsupported,
)
from tui.foundry.runtime.backend import RuntimeBackend
from tui.foundry.types import (
    Capability,
    ChatDelta,
    ChatEvent,
    ChatFinished,
    ChatMessage,
    ChatRequest,
    ChatStarted,
    Device,
    Model,
    Progress,
)

pytestmark = pytest.mark.skipif(
    not runtime_is_there(), reason="foundry-local-sdk or the demo models are missing"
)
DEMO = "demo-small-generic-cpu:1"


def question(variant_id: str, text: str = "What is ONNX?") -> ChatRequest:
    return ChatRequest(variant_id, (ChatMessage("user", text),), max_tokens=40, temperature=0)


async def answer(backend: RuntimeBackend, request: ChatRequest) -> list[ChatEvent]:
    async with aclosing(backend.chat(request)) as events:
        return [event async for event in events]


async def model_named(backend: RuntimeBackend, alias: str) -> Model:
    return next(model for model in await backend.models() if model.alias == alias)


async def test_the_demo_models_are_there_without_a_network(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        model = await model_named(backend, "demo-small")
        (variant,) = model.variants
        assert variant.id == DEMO
        assert (variant.device, variant.execution_provider) == (
            Device.CPU,
            "CPUExecutionProvider",
        )
        assert (model.demo, model.local, model.task) == (True, True, "chat")
        assert (variant.cached, variant.loaded) == (True, False)
        assert variant.size_bytes is not None
        assert variant.size_bytes > 10_000
        assert model.context_tokens is not None
        assert model.context_tokens > 2048
        assert not backend.info.supports(Capability.DOWNLOAD)


async def test_load_chat_and_unload(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        loaded = await backend.load(DEMO)
        assert loaded.variant_id == DEMO
        assert 0 < loaded.load_s < 10
        assert loaded.resident_bytes is not None
        assert loaded.resident_bytes > 0
        assert (await backend.load(DEMO.upper())).already_loaded
        assert (await model_named(backend, "demo-small")).loaded
        events = await answer(backend, question(DEMO))
        assert isinstance(events[0], ChatStarted)
        text = "".join(event.text for event in events if isinstance(event, ChatDelta))
        assert "ONNX" in text
        assert isinstance(events[-1], ChatFinished)
        assert events[-1].output_tokens
        freed = await backend.unload(DEMO)
        assert freed is not None
        assert freed >= 0
        assert not (await model_named(backend, "demo-small")).loaded
        assert await backend.unload(DEMO) == 0
        with pytest.raises(RequestFailed, match="not loaded"):
            await answer(backend, question(DEMO))


async def test_unloading_right_after_an_answer_works(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        for _ in range(5):
            await backend.load(DEMO)
            await answer(backend, question(DEMO))
            await backend.unload(DEMO)


async def test_errors_of_the_runtime_are_told_without_its_source_code(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", broken)
    for path in broken.glob("*.onnx"):
        path.write_bytes(path.read_bytes()[:400])
    async with running_runtime(tmp_path) as backend:
        variant_id = await backend.import_model(broken, "broken")
        with pytest.raises(LoadFailed) as caught:
            await backend.load(variant_id)
        assert ".cc:" not in caught.value.message
        assert "std::" not in caught.value.message
        assert "broken:1" in caught.value.message
        assert ".cc:" in (tmp_path / "logs" / "runtime.log").read_text()
        with pytest.raises(NotFound, match="nothing-like-it"):
            await backend.load("nothing-like-it:1")


async def test_a_directory_is_imported_used_kept_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "user"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", folder)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    async with running_runtime(tmp_path) as backend:
        variant_id = await backend.import_model(folder, "mine")
        assert variant_id == "mine:1"
        with pytest.raises(InvalidModelFolder, match="already"):
            await backend.import_model(folder, "Demo-Small")
        with pytest.raises(InvalidModelFolder, match="genai_config"):
            await backend.import_model(tmp_path, "other")
    async with running_runtime(tmp_path) as backend:
        model = await model_named(backend, "mine")
        assert (model.local, model.demo, model.cached) == (True, False, True)
        await backend.load("mine:1")
        assert isinstance((await answer(backend, question("mine:1")))[-1], ChatFinished)
        with pytest.raises(RequestFailed, match="in memory") as caught:
            await backend.remove("mine:1")
        assert "Unload" in caught.value.hint
        await backend.unload("mine:1")
        assert await backend.remove("mine:1") < 10_000
        assert "mine" not in {model.alias for model in await backend.models()}
        with pytest.raises(NotFound):
            await backend.load("mine:1")
        assert await backend.import_model(folder, "mine") == "mine:1"
        assert (await backend.load("mine:1")).load_s > 0
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())


async def test_a_model_whose_directory_is_gone_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "user"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", folder)
    async with running_runtime(tmp_path) as backend:
        await backend.import_model(folder, "mine")
        shutil.rmtree(folder)
        assert not (await model_named(backend, "mine")).cached
        with pytest.raises(NotFound, match="are gone") as caught:
            await backend.load("mine:1")
        assert "import it from its new place" in caught.value.hint
        (entry,) = [e for e in (await backend.cache()).entries if e.variant_id == "mine:1"]
        assert entry.state == "orphan"


async def test_the_cache_tells_place_sizes_and_origin(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        cache = await backend.cache()
        assert cache.location == tmp_path / "models"
        assert cache.free_bytes > 0
        (entry,) = [entry for entry in cache.entries if entry.variant_id == DEMO]
        assert (entry.state, entry.origin) == ("complete", "demo")
        assert entry.size_bytes > 10_000
        assert entry.modified_at > 0
        with pytest.raises(Unsupported, match="ships with this program"):
            await backend.remove(DEMO)


async def test_what_is_on_disk_needs_no_download(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as backend:
        seen: list[Progress] = []
        await backend.download(DEMO, seen.append)
        with pytest.raises(FoundryError):
            await backend.download("nothing-like-it:1", seen.append)


async def test_two_runtimes_share_one_cache(tmp_path: Path) -> None:
    async with running_runtime(tmp_path) as one, running_runtime(tmp_path) as other:
        assert one.info.endpoint != other.info.endpoint
        for backend in (one, other):
            await backend.load(DEMO)
            assert isinstance((await answer(backend, question(DEMO)))[-1], ChatFinished)


async def test_a_copy_with_a_template_of_its_own_loads_and_answers(tmp_path: Path) -> None:
    source = tmp_path / "mine"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", source)
    (source / "chat_template.jinja").unlink()
    (source / "tokenizer_config.json").unlink()
    async with running_runtime(tmp_path) as backend:
        imported = await import_from(
            backend, source, "mine", tmp_path / "unpacked", way="copy", mend_as="phi"
        )
        assert len(imported.mended) == 2
        shutil.rmtree(source)
        await backend.load(imported.variant_id)
        events = await answer(backend, question(imported.variant_id))
        assert isinstance(events[-1], ChatFinished)
        assert events[-1].output_tokens
        await backend.unload(imported.variant_id)
        assert await backend.remove(imported.variant_id) > 1_000_000
