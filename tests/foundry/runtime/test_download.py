"""The public catalog and its downloads, against Azure on loopback."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import runtime
from tests.support.azure_stand_in import AzureStandIn, openssl_is_there
from tests.support.runtime import running_runtime, runtime_is_there, wait_until
from tui.foundry.errors import DownloadFailed
from tui.foundry.types import ChatFinished, ChatMessage, ChatRequest, Progress

pytestmark = [
    pytest.mark.skipif(
        not runtime_is_there(), reason="foundry-local-sdk or the demo models are missing"
    ),
    pytest.mark.skipif(not openssl_is_there(), reason="openssl is missing"),
]
OTHER = "other-generic-cpu:1"
MIB = 1024 * 1024
SIZE = 48 * MIB
"""24 blocks; the runtime fetches eight at a time and notes every eight whole ones."""


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureStandIn]:
    """A catalog with a copy of a demo model, made large so that it takes some blocks."""
    source = tmp_path / "azure" / "other"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", source)
    (source / "card.json").unlink()
    (source / "padding.data").write_bytes(bytes(range(256)) * (SIZE // 256))
    with AzureStandIn({"other-generic-cpu": source}, tmp_path / "azure") as stand_in:
        yield stand_in


async def test_from_the_catalog_over_the_download_to_an_answer(
    tmp_path: Path, azure: AzureStandIn
) -> None:
    async with running_runtime(tmp_path, **azure.settings) as backend:
        models = {model.alias: model for model in await backend.models()}
        assert {"demo-small", "other"} <= set(models)
        other = models["other"]
        assert (other.publisher, other.license, other.task) == ("Contoso", "MIT", "chat")
        assert other.description == "The model other-generic-cpu."
        assert other.supports_tools
        assert other.supports_reasoning
        assert backend.info.providers == ("CPUExecutionProvider",)
        assert not other.local
        assert not other.cached
        assert backend.catalog_reached
        size = other.variants[0].size_bytes
        assert size is not None
        assert size > SIZE

        seen: list[Progress] = []
        await backend.download(OTHER, seen.append)
        fractions = [progress.fraction for progress in seen if progress.fraction is not None]
        assert fractions[-1] == 1.0
        assert fractions == sorted(set(fractions))
        assert seen[-1].total_bytes == seen[-1].done_bytes == size
        (entry,) = [e for e in (await backend.cache()).entries if e.variant_id == OTHER]
        assert (entry.state, entry.origin) == ("complete", "catalog")
        assert entry.size_bytes >= size

        await backend.load(OTHER)
        request = ChatRequest(OTHER, (ChatMessage("user", "What is ONNX?"),), max_tokens=10)
        events = [event async for event in backend.chat(request)]
        assert isinstance(events[-1], ChatFinished)
        await backend.unload(OTHER)
        assert await backend.remove(OTHER) >= size
        assert OTHER not in {e.variant_id for e in (await backend.cache()).entries}
        assert not next(m for m in await backend.models() if m.alias == "other").cached


async def test_a_cancelled_download_goes_on_where_it_stopped(
    tmp_path: Path, azure: AzureStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.foundry.runtime.process.CANCEL_LIMIT_S", 0.1)
    azure.hold_after = 40 * MIB
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        seen: list[Progress] = []
        task = asyncio.create_task(backend.download(OTHER, seen.append))
        await wait_until(lambda: bool(seen) and (seen[-1].fraction or 0) > 0.4)
        await wait_until(azure.held.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (entry,) = [e for e in (await backend.cache()).entries if e.variant_id == OTHER]
        assert entry.state == "partial"
        assert entry.size_bytes < SIZE

    azure.hold_after = None
    azure.release.set()
    first = len(azure.ranges)
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        await backend.download(OTHER, seen.append)
        (entry,) = [e for e in (await backend.cache()).entries if e.variant_id == OTHER]
        assert entry.state == "complete"
        blocks = [asked for name, asked in azure.ranges[first:] if name == "padding.data"]
        assert 0 < len(blocks) < 24
        for path in azure.models["other-generic-cpu"].iterdir():
            assert (entry.path / path.name).read_bytes() == path.read_bytes()


async def test_a_partial_download_can_be_removed(tmp_path: Path, azure: AzureStandIn) -> None:
    azure.hold_after = 12 * MIB
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        task = asyncio.create_task(backend.download(OTHER, lambda _: None))
        await wait_until(azure.held.is_set)
        task.cancel()
        azure.release.set()
        await asyncio.wait({task})
        assert await backend.remove(OTHER) > 0
        assert OTHER not in {e.variant_id for e in (await backend.cache()).entries}


async def test_a_download_that_does_not_fit_is_refused_first(
    tmp_path: Path, azure: AzureStandIn
) -> None:
    azure.claimed_size = 10**18
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        with pytest.raises(DownloadFailed, match="GB are free") as caught:
            await backend.download(OTHER, lambda _: None)
        assert "bigger disk" in caught.value.hint
    assert azure.ranges == []


async def test_a_network_that_goes_away_is_told(tmp_path: Path, azure: AzureStandIn) -> None:
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        azure.down = True
        with pytest.raises(DownloadFailed, match="other-generic-cpu:1") as caught:
            await backend.download(OTHER, lambda _: None)
        assert ".cc:" not in caught.value.message
        assert "goes on where it stopped" in caught.value.hint
        # What was known stays listed.
        assert "other" in {model.alias for model in await backend.models(refresh=True)}
        assert backend.catalog_reached is False


async def test_new_models_of_the_catalog_come_with_a_message_or_a_refresh(
    tmp_path: Path, azure: AzureStandIn
) -> None:
    source = azure.models["other-generic-cpu"]
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        azure.models["second-generic-cpu"] = source
        assert "second" in {model.alias for model in await backend.models(refresh=True)}
    azure.models["third-generic-cpu"] = source
    async with running_runtime(tmp_path, **azure.settings) as backend:
        said: list[str] = []
        backend.on_change(said.append)
        assert "second" in {model.alias for model in await backend.models()}
        await wait_until(lambda: bool(said))
        assert said == ["The public catalog was renewed: 1 new variant."]
        assert "third" in {model.alias for model in await backend.models()}
    azure.down = True
    async with running_runtime(tmp_path, **azure.settings) as backend:
        assert "third" in {model.alias for model in await backend.models()}
