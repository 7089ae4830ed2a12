"""`run` in the command line's sense, from wherever the variant is."""

from __future__ import annotations

import pytest

from tests.support.scripted_backend import BIG, SMALL, ScriptedBackend
from tui.catalog.ready import make_ready
from tui.foundry.errors import DownloadFailed
from tui.foundry.types import Capability, Progress


async def test_what_is_on_disk_is_only_loaded() -> None:
    backend = ScriptedBackend.with_demo_models()
    seen: list[Progress] = []
    result = await make_ready(backend, backend.find(SMALL), seen.append)
    assert result.variant_id == SMALL
    assert backend.calls == [f"load {SMALL}"]
    assert [one.message for one in seen] == ["loading"]


async def test_what_is_not_on_disk_is_downloaded_first() -> None:
    backend = ScriptedBackend.with_demo_models()
    seen: list[Progress] = []
    await make_ready(backend, backend.find(BIG), seen.append)
    assert backend.calls == [f"download {BIG}", f"load {BIG}"]
    assert backend.find(BIG).loaded
    assert seen[0].message == "downloading"


async def test_a_failed_download_loads_nothing() -> None:
    backend = ScriptedBackend.with_demo_models()
    backend.fail("download", DownloadFailed("cut", "try again"))
    with pytest.raises(DownloadFailed):
        await make_ready(backend, backend.find(BIG), lambda progress: None)
    assert backend.calls == [f"download {BIG}"]


async def test_a_server_that_loads_by_itself_is_ready() -> None:
    backend = ScriptedBackend.with_demo_models(
        kind="endpoint", unavailable={Capability.LOAD: "it loads by itself"}
    )
    result = await make_ready(backend, backend.find(BIG), lambda progress: None)
    assert result.already_loaded
    assert backend.calls == []
