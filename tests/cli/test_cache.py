from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran
from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend
from tui.foundry.errors import DownloadFailed, RequestFailed
from tui.foundry.types import Capability

Run = Callable[..., Ran]


def test_the_cache_is_listed_with_its_sum(run: Run) -> None:
    ran = run("cache")
    assert ran.code == 0
    assert SMALL in ran.out
    assert ran.out.splitlines()[-1] == "/scripted/models: 6.3 MB in 2 entries, 53.7 GB free"
    values = run("cache", "list", "--json").json
    assert values["total_bytes"] == 6 * 1024 * 1024
    assert [one["variant"] for one in values["entries"]] == [LARGE, SMALL]
    assert values["entries"][0]["modified_at"].endswith("+00:00")


def test_the_location_alone(run: Run) -> None:
    assert run("cache", "location").out == "/scripted/models\n"
    assert "entries" not in run("cache", "location", "--json").json


def test_deleting_tells_what_it_freed(run: Run, backend: ScriptedBackend) -> None:
    ran = run("cache", "rm", "demo-small", "demo-large")
    assert ran.code == 0
    assert f"Deleted {SMALL}: 2.1 MB freed" in ran.out
    assert backend.calls.count(f"remove {LARGE}") == 1


def test_some_of_several_failed(run: Run, backend: ScriptedBackend) -> None:
    ran = run("cache", "rm", "demo-small", "nothing", "--json")
    assert ran.code == 5
    assert [row["variant"] for row in ran.json["removed"]] == [SMALL]
    assert ran.error["code"] == "not_found"


def test_all_failed_gives_the_code_of_the_failure(run: Run, backend: ScriptedBackend) -> None:
    assert run("cache", "rm", "nothing").code == 4
    backend.fail("remove", RequestFailed("It is in use.", "Unload it."))
    ran = run("cache", "rm", "demo-small")
    assert (ran.code, ran.out) == (1, "")


def test_what_the_backend_cannot_do_is_said(run: Run, backend: ScriptedBackend) -> None:
    backend.info.unavailable[Capability.CACHE] = "It does not tell."
    ran = run("cache")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "error: It does not tell.")


def test_downloading_shows_progress_on_a_terminal_only(run: Run, backend: ScriptedBackend) -> None:
    ran = run("download", "phi-4-mini", terminal=True)
    assert ran.code == 0
    assert "phi-4-mini-cpu:5: downloading 50% 2.5 GB of 5.0 GB" in ran.err
    assert ran.out == "Got phi-4-mini-cpu:5 (5.0 GB).\n"
    again = run("download", "phi-4-mini")
    assert (again.out, again.err) == ("phi-4-mini-cpu:5 is on disk already.\n", "")


def test_progress_as_json_lines(run: Run) -> None:
    ran = run("download", "phi-4-mini", "--json")
    assert ran.json["already_cached"] is False
    assert len(ran.err.splitlines()) == 5
    assert '"fraction": 0.25' in ran.err


def test_a_download_that_fails(run: Run, backend: ScriptedBackend) -> None:
    backend.fail("download", DownloadFailed("The network dropped.", "Try again."))
    ran = run("download", "phi-4-mini")
    assert (ran.code, ran.out) == (1, "")
    assert "hint: Try again." in ran.err


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("location",), ("doctor",), ("doctor", "--checksums"), ("cd", "/x"), ("cd", "-"),
     ("rm", "demo-small"), ("update", "phi-4-mini"), ("update", "--all"), ("clean",),
     ("rollback", "demo-small"), ("export", "demo-small", "x.tar")],
)  # fmt: skip
def test_a_bare_endpoint_says_why_it_cannot(
    run: Run, backend: ScriptedBackend, arguments: tuple[str, ...]
) -> None:
    for capability in Capability:
        backend.info.unavailable[capability] = "The server keeps that to itself."
    ran = run("cache", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[0] == "error: The server keeps that to itself."


def test_a_loaded_model_is_unloaded_first_where_that_was_agreed_to(
    run: Run, backend: ScriptedBackend
) -> None:
    backend.mark(SMALL, loaded=True)
    run("cache", "rm", "demo-small", "--yes")
    done = [call for call in backend.calls if call.startswith(("unload", "remove"))]
    assert done == [f"unload {SMALL}", f"remove {SMALL}"]
    backend.mark(LARGE, loaded=True)
    backend.fail("remove", RequestFailed("It is in memory.", "Unload it first."))
    assert run("cache", "rm", "demo-large").code == 1
    assert f"unload {LARGE}" not in backend.calls
