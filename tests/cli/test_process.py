"""The program as a process of its own, against a scripted server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.scripted_server import (
    LARGE,
    SMALL,
    ScriptedServer,
    Step,
    chat_by_model,
    delta,
    event,
    head,
    model_list,
    serving,
    stream,
)
from tui.paths import Paths

ROOT = Path(__file__).parent.parent.parent
LIMIT_S = 30
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


async def start(*arguments: str, **options: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui", *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=options.get("stdout", asyncio.subprocess.PIPE),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


async def finish(process: asyncio.subprocess.Process, stdin: str = "") -> tuple[int, str, str]:
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, (out or b"").decode(), err.decode()


async def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    return await finish(await start(*arguments), stdin)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    endless: list[Step] = [head(kind="text/event-stream"), event(delta("endless")), "silence"]
    answers = {
        "/v1/models": model_list(SMALL),
        "/v1/chat/completions": lambda request: (
            endless if "wait" in request.json["messages"][-1]["content"] else stream()
        ),
    }
    async with serving(answers) as running:
        yield running


async def test_version_and_help() -> None:
    from tui import __version__

    assert await run("--version") == (0, f"foundry-tui {__version__}\n", "")
    code, out, _ = await run("--help")
    assert code == 0
    assert "bench" in out


async def test_a_dead_endpoint_is_code_3_with_a_hint(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    code, out, err = await run("models", "--endpoint", url)
    assert (code, out) == (3, "")
    assert err.startswith(f"error: Nothing answers at {url}.\nhint: Start the server")


async def test_an_unknown_model_is_code_4(server: ScriptedServer) -> None:
    code, out, err = await run("chat", "no-such", "Hi", "--endpoint", server.url, "--json")
    assert (code, out) == (4, "")
    assert json.loads(err)["error"]["code"] == "not_found"


async def test_a_chat_through_a_pipe(server: ScriptedServer) -> None:
    result = await run("--endpoint", server.url, "chat", SMALL, stdin="Hi\n")
    assert result == (0, "Hello world\n", "")


async def test_what_an_endpoint_cannot_do_is_said(server: ScriptedServer) -> None:
    code, _, err = await run("cache", "--endpoint", server.url)
    assert code == 1
    assert "does not tell what is on its disk" in err


async def test_a_log_is_written_when_asked_for(server: ScriptedServer, paths: Paths) -> None:
    log = paths.log_dir / "foundry-tui.log"
    await run("models", "--endpoint", server.url)
    assert not log.exists()
    await run("models", "--endpoint", server.url, "--log-level", "info")
    assert f"{server.url}/v1/models" in log.read_text()


async def test_no_screen_without_a_terminal() -> None:
    code, _, err = await run()
    assert code == 2
    assert "needs a terminal" in err


@unix
@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (1, 129)]
)
async def test_a_signal_ends_it_without_a_trace(
    server: ScriptedServer, number: int, expected: int
) -> None:
    process = await start("chat", SMALL, "wait", "--endpoint", server.url)
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        assert await process.stdout.readexactly(7) == b"endless"
    process.send_signal(number)
    code, out, err = await finish(process)
    assert (code, out, err) == (expected, "\n", "")
    await asyncio.wait_for(server.gone.wait(), LIMIT_S)


@unix
async def test_an_interrupted_answer_is_in_the_json_as_far_as_it_came(
    server: ScriptedServer,
) -> None:
    process = await start("chat", SMALL, "wait", "--json", "--save", "--endpoint", server.url)
    async with asyncio.timeout(LIMIT_S):
        while not any(request.path.endswith("completions") for request in server.requests):
            server.asked.clear()
            await server.asked.wait()
    process.send_signal(signal.SIGINT)
    code, out, err = await finish(process)
    assert (code, err) == (130, "")
    values = json.loads(out)
    assert values["finish_reason"] == "user"
    assert "endless".startswith(values["text"])
    assert (values["output_tokens"], values["tokens_estimated"]) in ((1, True), (None, False))
    kept = json.loads((await run("sessions", "show", "last", "--json"))[1])
    assert kept["id"] == values["conversation"]
    assert kept["turns"][1]["content"] == values["text"]
    assert kept["turns"][1]["figures"]["ended"] == "user"


async def test_side_by_side_one_server_dies_and_one_counts_nothing() -> None:
    broken: list[Step] = [head(kind="text/event-stream"), event(delta("half")), "reset"]
    answers = {
        "/v1/models": model_list(SMALL, LARGE),
        "/v1/chat/completions": chat_by_model(
            demo_small_generic_cpu=broken, demo_large_generic_cpu=stream(tokens=None)
        ),
    }
    async with serving(answers) as server:
        models = ("--models", f"{SMALL},{LARGE}")
        code, out, _ = await run(
            "chat", *models, "Hi", "--json", "--save", "--at-once", "--endpoint", server.url
        )
    assert code == 5
    first, second = json.loads(out)["answers"]
    assert (first["text"], first["error"]["code"]) == ("half", "stream_broken")
    assert (second["text"], second["output_tokens"]) == ("Hello world", 2)
    assert second["tokens_estimated"] is True
    # What came of both is kept.
    _, out, _ = await run("sessions", "--json")
    ids = {one["id"] for one in json.loads(out)["sessions"]}
    assert ids == {first["conversation"], second["conversation"]}


async def test_a_key_reaches_the_server_and_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "very-secret")
    async with serving() as server:
        shown = await run("chat", SMALL, "Hi", "--show-request", "--endpoint", server.url)
        _, curl, _ = await run("chat", SMALL, "Hi", "--curl", "--endpoint", server.url)
        asked = [one for one in server.requests if one.path.endswith("completions")]
    assert [one.headers["authorization"] for one in asked] == ["Bearer very-secret"]
    assert "Authorization: Bearer ${API_KEY}" in shown[2]
    assert shown[1] == "Hello world\n"
    assert "Authorization: Bearer ${API_KEY}" in curl
    assert "very-secret" not in "".join((*map(str, shown), curl))


@unix
async def test_a_reader_of_an_answer_that_leaves_early_is_no_error(server: ScriptedServer) -> None:
    reading, writing = os.pipe()
    process = await start("chat", SMALL, "Hi", "--endpoint", server.url, stdout=writing)
    os.close(writing)
    os.close(reading)
    code, _, err = await finish(process)
    assert (code, err) == (0, "")


@unix
async def test_a_stopped_benchmark_tells_what_it_has(server: ScriptedServer) -> None:
    process = await start("bench", "--models", SMALL, "--rounds", "900", "--json",
                          "--endpoint", server.url)  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT_S):
        while b'"done": 2' not in await process.stderr.readline():
            pass
    process.send_signal(signal.SIGINT)
    code, out, _ = await finish(process)
    assert code == 130
    assert 2 <= len(json.loads(out)["requests"]) < 900


@unix
async def test_run_serves_until_it_is_interrupted(server: ScriptedServer) -> None:
    process = await start("run", SMALL, "--endpoint", server.url)
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        assert await process.stdout.readline() == f"{SMALL} is ready.\n".encode()
    process.send_signal(signal.SIGINT)
    code, out, err = await finish(process)
    assert (code, err) == (130, "")
    assert f"Endpoint: {server.url}/v1" in out


@unix
async def test_a_reader_that_leaves_early_is_no_error(server: ScriptedServer) -> None:
    reading, writing = os.pipe()
    process = await start("models", "--endpoint", server.url, stdout=writing)
    os.close(writing)
    os.close(reading)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        code, _, err = await finish(process)
        assert (code, err) == (0, "")
