"""What the doctor mends on the real runtime is found by it again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import runtime
from tests.support.azure_stand_in import AzureStandIn, openssl_is_there
from tests.support.runtime import running_runtime, runtime_is_there
from tui.cache.doctor import examine
from tui.cache.findings import Finding
from tui.cache.notes import CacheNotebook
from tui.cache.repairs import repair
from tui.database import Database
from tui.foundry.backend import Backend

pytestmark = pytest.mark.skipif(
    not runtime_is_there() or not openssl_is_there(),
    reason="foundry-local-sdk, the demo models or openssl are missing",
)
OTHER = "other-generic-cpu:1"


async def findings(backend: Backend) -> list[Finding]:
    cache, models = await backend.cache(), await backend.models()
    return [one for one in examine(cache, models) if one.kind != "duplicate"]


async def test_a_model_without_its_name_and_a_download_without_its_end(tmp_path: Path) -> None:
    source = tmp_path / "azure" / "other"
    shutil.copytree(runtime.DEMO_MODELS / "demo-small", source)
    (source / "card.json").unlink()
    notebook = CacheNotebook(Database(tmp_path / "x.sqlite3"))
    with AzureStandIn({"other-generic-cpu": source}, tmp_path / "azure") as azure:
        async with running_runtime(tmp_path, **azure.settings) as backend:
            await backend.models()
            await backend.download(OTHER, lambda _: None)
            assert await findings(backend) == []
            cache = await backend.cache()
            (entry,) = [one for one in cache.entries if one.variant_id == OTHER]
            next(entry.path.rglob("inference_model.json")).unlink()
        async with running_runtime(tmp_path, **azure.settings) as backend:
            (finding,) = await findings(backend)
            assert (finding.kind, finding.variant_id) == ("unnamed", OTHER)
            await repair(backend, finding, cache.location, notebook, lambda _: None)
        async with running_runtime(tmp_path, **azure.settings) as backend:
            assert await findings(backend) == []
            assert (await backend.load(OTHER)).load_s > 0
            await backend.unload(OTHER)
            next(entry.path.rglob("genai_config.json")).with_name("download.tmp").touch()
            (finding,) = await findings(backend)
            assert (finding.kind, finding.certain) == ("partial", True)
            assert await repair(backend, finding, cache.location, notebook, lambda _: None) > 0
            assert await findings(backend) == []
            assert not entry.path.exists()
