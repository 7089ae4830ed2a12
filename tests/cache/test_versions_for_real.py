"""Updating, going back and cleaning on the real runtime, over several sessions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import runtime
from tests.support.azure_stand_in import AzureStandIn, openssl_is_there
from tests.support.runtime import running_runtime, runtime_is_there
from tui.cache.notes import CacheNotes
from tui.cache.versions import (
    newest_listed,
    old_versions,
    remove_unloaded,
    rollback_pair,
    update,
)
from tui.foundry.backend import Backend

pytestmark = pytest.mark.skipif(
    not runtime_is_there() or not openssl_is_there(),
    reason="foundry-local-sdk, the demo models or openssl are missing",
)
OLD, NEW = "other-generic-cpu:1", "other-generic-cpu:2"


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureStandIn]:
    source = tmp_path / "azure" / "other"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", source)
    (source / "card.json").unlink()
    with AzureStandIn({"other-generic-cpu": source}, tmp_path / "azure") as stand_in:
        yield stand_in


async def cached(backend: Backend) -> set[str]:
    models = await backend.models()
    marked = {one.id for model in models for one in model.variants if one.cached}
    listed = {one.variant_id for one in (await backend.cache()).entries if one.state == "complete"}
    assert marked == listed
    return {one for one in marked if not one.startswith("demo-")}


async def test_the_old_version_stays_until_the_new_one_works(
    tmp_path: Path, azure: AzureStandIn
) -> None:
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        await backend.download(OLD, lambda _: None)
    azure.version = 2
    async with running_runtime(tmp_path, **azure.settings) as backend:
        await backend.models()
        models = await backend.models(refresh=True)
        assert newest_listed(OLD, models) == NEW
        assert await update(backend, OLD, models, lambda _: None) == NEW
        assert await cached(backend) == {OLD, NEW}
    # The catalog lists the new one alone by now: the old one is known all the same, and runs.
    async with running_runtime(tmp_path, **azure.settings) as backend:
        assert await cached(backend) == {OLD, NEW}
        await backend.load(OLD)
        await backend.unload(OLD)
        (old,) = old_versions(await backend.cache(), CacheNotes({NEW: 1.0}))
        assert (old.entry.variant_id, old.worked) == (OLD, True)
        new, before = rollback_pair(await backend.cache(), OLD)
        await backend.load(NEW)
        await remove_unloaded(backend, new.variant_id, [NEW])
        assert (new.variant_id, before.variant_id) == (NEW, OLD)
        assert await cached(backend) == {OLD}
    async with running_runtime(tmp_path, **azure.settings | {"offline": True}) as backend:
        assert await cached(backend) == {OLD}
        await backend.remove(OLD)
        assert await cached(backend) == set()
    async with running_runtime(tmp_path, **azure.settings) as backend:
        assert OLD not in {one.id for model in await backend.models() for one in model.variants}
