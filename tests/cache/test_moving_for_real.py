"""Changing the directory of the real runtime, and of each generation of the command line."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import runtime
from tests.support.azure_stand_in import AzureStandIn, openssl_is_there
from tests.support.foundry import VERSIONS, installed_foundry
from tests.support.runtime import running_runtime, runtime_is_there
from tui.cache.carrier import Way
from tui.cache.moving import change_place, plan_move
from tui.cache.notes import CacheNotebook
from tui.database import Database
from tui.foundry.backend import Backend
from tui.foundry.commands.backend import FoundryBackend
from tui.foundry.commands.probe import identify
from tui.foundry.commands.process import CommandLine

OTHER, OWN = "other-generic-cpu:1", "mine:1"
needs_runtime = pytest.mark.skipif(
    not runtime_is_there() or not openssl_is_there(),
    reason="foundry-local-sdk, the demo models or openssl are missing",
)


@pytest.fixture
def notebook(tmp_path: Path) -> CacheNotebook:
    return CacheNotebook(Database(tmp_path / "x.sqlite3"))


async def cached(backend: Backend) -> set[str]:
    models = await backend.models()
    marked = {one.id for model in models for one in model.variants if one.cached}
    whole = {one.variant_id for one in (await backend.cache()).entries if one.state == "complete"}
    assert marked == whole
    return {one for one in marked if not one.startswith("demo-")}


async def move(backend: Backend, place: Path, way: Way, notebook: CacheNotebook) -> None:
    plan = plan_move(await backend.cache(), place)
    await change_place(backend, plan, way, notebook, lambda _: None)
    assert (await backend.cache()).location == place


@needs_runtime
async def test_the_runtime_takes_its_models_along(tmp_path: Path, notebook: CacheNotebook) -> None:
    source = tmp_path / "azure" / "other"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", source)
    (source / "card.json").unlink()
    mine = shutil.copytree(runtime.DEMO_MODELS / "demo-small", tmp_path / "mine")
    new, third = tmp_path / "new", tmp_path / "third"
    with AzureStandIn({"other-generic-cpu": source}, tmp_path / "azure") as azure:
        async with running_runtime(tmp_path, **azure.settings) as backend:
            await backend.models()
            await backend.download(OTHER, lambda _: None)
            assert await backend.import_model(mine, "mine") == OWN
            pid = backend.info.pid
            await move(backend, new, "move", notebook)
            assert backend.info.pid != pid
            assert await cached(backend) == {OTHER, OWN}
            assert (await backend.load(OTHER)).load_s > 0
            await backend.unload(OTHER)
            await move(backend, third, "link", notebook)
            assert await cached(backend) == {OTHER, OWN}
            linked = {one.variant_id: one.linked for one in (await backend.cache()).entries}
            assert linked[OTHER]
            await backend.load(OTHER)
            await backend.unload(OTHER)
            # Deleting the links leaves the files.
            await backend.remove(OTHER)
            assert await cached(backend) == {OWN}
            await move(backend, new, "leave", notebook)
            assert await cached(backend) == {OTHER, OWN}
            await move(backend, tmp_path / "models", "move", notebook)
            assert await cached(backend) == {OTHER, OWN}
            assert not list(new.glob("Contoso/*"))


@pytest.fixture(params=VERSIONS)
async def foundry(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FoundryBackend]:
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")
    with installed_foundry(tmp_path, request.param) as stand_in:
        command = CommandLine(str(stand_in.path))
        identity = await identify(command)
        assert not isinstance(identity, str)
        backend = FoundryBackend(command, identity, "for a test", tmp_path / "sizes.json")
        await backend.start()
        yield backend
        await backend.close()


async def test_the_command_line_takes_its_models_along(
    foundry: FoundryBackend, tmp_path: Path, notebook: CacheNotebook
) -> None:
    models = await cached_names(foundry)
    assert len(models) == 2
    old, new = (await foundry.cache()).location, tmp_path / "new"
    await move(foundry, new, "move", notebook)
    assert await cached_names(foundry) == models
    assert notebook.read("foundry").previous == old
    await move(foundry, old, "link", notebook)
    assert await cached_names(foundry) == models
    await move(foundry, tmp_path / "empty", "leave", notebook)
    assert await cached_names(foundry) == set()


async def cached_names(backend: FoundryBackend) -> set[str]:
    return {one.id for model in await backend.models() for one in model.variants if one.cached}
