"""`cache update`, `cache rollback`, `cache clean`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import ScriptedBackend
from tui.foundry.errors import DownloadFailed
from tui.foundry.types import Capability, Device, Model, Variant

Run = Callable[..., Ran]
OLD, NEW = "otter-generic-cpu:3", "otter-generic-cpu:4"


@pytest.fixture
def backend() -> ScriptedBackend:
    variants = (
        Variant(OLD, "otter", Device.CPU, size_bytes=10**9, cached=True),
        Variant(NEW, "otter", Device.CPU, size_bytes=10**9),
    )
    return ScriptedBackend([Model("otter", variants)])


def test_update_run_clean(run: Run, backend: ScriptedBackend) -> None:
    assert "▲4" in run("cache").out
    ran = run("cache", "update", "otter")
    assert ran.out.startswith(f"{NEW} is on disk. {OLD} stays until {NEW} has loaded once")
    assert run("cache", "update", "--all").out == "All is up to date.\n"
    kept = run("cache", "clean")
    assert kept.out.startswith(f"Kept {OLD}: version 4 has not been loaded yet")
    run("run", NEW, "--once")
    values = run("cache", "clean", "--json").json
    assert (values["removed"][0]["variant"], values["freed_bytes"]) == (OLD, 10**9)
    assert run("cache", "clean").out == "No old version is on disk.\n"
    assert backend.find(NEW).cached


def test_all_that_have_a_newer_one(run: Run, backend: ScriptedBackend) -> None:
    assert run("cache", "update", "--all", "--json").json["updated"] == [{"old": OLD, "new": NEW}]


def test_going_back_unloads_first(run: Run, backend: ScriptedBackend) -> None:
    assert run("cache", "rollback", "otter").code == 4
    backend.mark(NEW, cached=True, loaded=True)
    ran = run("cache", "rollback", "otter", "--json")
    assert (ran.json["removed"], ran.json["kept"]) == (NEW, OLD)
    assert backend.calls.index(f"unload {NEW}") < backend.calls.index(f"remove {NEW}")


def test_what_goes_wrong(run: Run, backend: ScriptedBackend) -> None:
    assert run("cache", "update").code == 2
    assert run("cache", "update", "otter", "--all").code == 2
    assert run("cache", "update", "nothing", "--json").error["code"] == "not_found"
    ran = run("cache", "update", "nothing", "otter")
    assert ran.code == 5
    backend.mark(NEW, cached=False)
    backend.fail("download", DownloadFailed("The network dropped.", "Try again."))
    assert run("cache", "update", "otter").code == 1
    backend.info.unavailable[Capability.DOWNLOAD] = "It is offline."
    assert "It is offline." in run("cache", "update", "otter").err


def test_the_list_tells_versions_and_uses(run: Run, backend: ScriptedBackend) -> None:
    (entry,) = run("cache", "--json").json["entries"]
    assert (entry["newer"], entry["last_used_at"], entry["replaced_by"]) == (NEW, None, None)
    run("run", OLD, "--once")
    (entry,) = run("cache", "--json").json["entries"]
    assert entry["last_used_at"].endswith("+00:00")
    assert entry["loaded"]
    backend.mark(NEW, cached=True)
    rows = run("cache", "--json").json["entries"]
    assert {row["variant"]: row["replaced_by"] for row in rows} == {OLD: NEW, NEW: None}
