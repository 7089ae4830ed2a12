"""The verbs that drive a service which stays, and the course's own spelling of the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Ran
from tests.support.foundry import VERSIONS, FoundryStandIn, installed_foundry
from tests.support.scripted_backend import SMALL, ScriptedBackend

Run = Callable[..., Ran]
ROOT = Path(__file__).parents[2]


def test_without_a_service_its_verbs_say_why(run: Run, backend: ScriptedBackend) -> None:
    for verb in ("load", "unload"):
        ran = run(verb, "demo-small")
        assert ran.code == 1
        assert "ends with this command" in ran.err
        assert "foundry-tui run X" in ran.err
    assert backend.calls == []


def test_load_and_unload_on_a_service(run: Run, backend: ScriptedBackend) -> None:
    backend.change("a service", kind="foundry")
    ran = run("load", "demo-small")
    assert ran.code == 0
    assert ran.out.startswith(f"{SMALL} loaded in 250 ms")
    assert run("load", "demo-small").out == f"{SMALL} is loaded already\n"
    assert run("unload", "demo-small", "--json").json == {
        "schema": 1, "variant": SMALL, "freed_bytes": None,
    }  # fmt: skip


def test_a_run_on_a_service_that_stays_does_not_wait(run: Run, backend: ScriptedBackend) -> None:
    backend.change("a service", kind="foundry")
    ran = run("run", "demo-small", "--verbose")
    assert ran.code == 0
    assert "Endpoint: http://127.0.0.1:5273/v1" in ran.out


@pytest.mark.parametrize("spelling", [("model", "ls"), ("model", "list"), ("models",), ("model",)])
def test_the_models_in_the_spelling_of_the_course(run: Run, spelling: tuple[str, ...]) -> None:
    assert "demo-small-generic-cpu:1" in run(*spelling).out


@pytest.mark.parametrize("spelling", [("cache", "ls"), ("cache", "list"), ("cache",)])
def test_the_cache_in_the_spelling_of_the_course(run: Run, spelling: tuple[str, ...]) -> None:
    assert "demo-small-generic-cpu:1" in run(*spelling).out


@pytest.mark.parametrize("action", ["status", "start", "stop", "restart", "logs"])
@pytest.mark.parametrize("name", ["service", "server"])
def test_the_service_by_either_name(
    run: Run, backend: ScriptedBackend, name: str, action: str
) -> None:
    assert run(name, action).out == f"scripted: {action} done\n"
    assert backend.calls == [f"service {action}"]


def test_the_cache_moves(run: Run, backend: ScriptedBackend, tmp_path: Path) -> None:
    ran = run("cache", "cd", str(tmp_path))
    assert ran.out == f"The models are kept in {tmp_path} now.\n"
    assert f"move_cache {tmp_path}" in backend.calls


# The real program on a stand-in for the binary

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


@pytest.fixture(params=VERSIONS)
def stand_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FoundryStandIn]:
    with installed_foundry(tmp_path, request.param) as made:
        yield made


def program(stand_in: FoundryStandIn, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{stand_in.bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@needs_posix
def test_the_course_on_the_command_line(stand_in: FoundryStandIn) -> None:
    listed = program(stand_in, "model", "list")
    assert listed.returncode == 0, listed.stderr
    assert "demo-tall-generic-cpu" in listed.stdout
    ran = program(stand_in, "model", "run", "demo-small", "--verbose")
    assert ran.returncode == 0, ran.stderr
    if not stand_in.state.preview:
        assert "Time cost to load model" in ran.stderr
    asked = program(stand_in, "chat", "demo-small", "Where is it?", "--max-tokens", "3", "--json")
    assert json.loads(asked.stdout)["text"] == "word0 word1 word2 "
    doctor = json.loads(program(stand_in, "doctor", "--probe", "--json").stdout)
    assert doctor["backends"]["foundry"] == {
        "version": stand_in.state.version,
        "generation": "preview" if stand_in.state.preview else "service",
    }
    assert doctor["probe"]["answered"]
    assert doctor["backend"]["port"] == int(stand_in.state.read()["url"].rpartition(":")[2])
    assert [one.partition(":")[0] for one in doctor["models"]["loaded"]] == [
        "demo-small-generic-cpu"
    ]
    removed = program(stand_in, "cache", "rm", "demo-large")
    assert removed.returncode == 0, removed.stderr
    assert "demo-large" not in program(stand_in, "cache", "ls").stdout
    stopped = program(stand_in, "service", "stop")
    assert stopped.stdout == "It does not run.\n"
    assert "does not run" in program(stand_in, "doctor").stdout


async def test_a_server_that_lists_nothing_is_asked_for_what_was_typed(home: Path) -> None:
    import asyncio

    from tests.support.scripted_server import serving, stream, text_answer

    answers = {"/v1/models": text_answer(""), "/v1/chat/completions": stream(["Hi"])}
    async with serving(answers) as server:

        def chat() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "tui", "chat", "otter", "Hello", "--endpoint", server.url],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip

        ran = await asyncio.to_thread(chat)
    assert (ran.returncode, ran.stdout) == (0, "Hi\n"), ran.stderr


@needs_posix
def test_the_doctor_of_the_cache_finds_and_mends(stand_in: FoundryStandIn) -> None:
    row = stand_in.state.find("demo-tall-generic-cpu")
    assert row is not None
    stand_in.state.put_on_disk(row, partial=True)
    (stand_in.state.cache / "foundry.modelinfo.json").write_text('{"savedAtUnix": 1}')
    found = program(stand_in, "cache", "doctor")
    assert found.returncode == 1
    assert "a download that ended early" in found.stdout
    assert "copy of the catalog" in found.stdout
    unasked = program(stand_in, "cache", "doctor", "--repair", "--json")
    assert unasked.returncode == 2
    assert "Give --yes" in unasked.stdout + unasked.stderr
    assert stand_in.state.is_partial(row)
    mended = json.loads(program(stand_in, "cache", "doctor", "--repair", "--yes", "--json").stdout)
    assert {one["kind"] for one in mended["findings"] if one["mended"]} == {"partial", "stale"}
    assert not stand_in.state.is_partial(row)
    assert "ended early" not in program(stand_in, "cache", "doctor").stdout
