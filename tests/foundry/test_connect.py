from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.scripted_server import json_answer, model_list, serving, stream, text_answer
from tui.foundry import commands, connect
from tui.foundry.connect import Target, probe_known_ports
from tui.foundry.errors import BackendUnavailable, RequestFailed
from tui.foundry.types import Capability, ChatMessage, ChatRequest


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing is installed, nothing listens, nothing is on PATH."""
    monkeypatch.setattr(connect, "_runtime_installed", lambda: False)
    monkeypatch.setattr(connect, "KNOWN_PORTS", ())
    monkeypatch.setattr(connect.probe_known_ports, "__defaults__", ((), 0.3))
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


def known(*ports: int) -> tuple[tuple[int, str], ...]:
    return tuple((port, f"server {index}") for index, port in enumerate(ports))


async def test_a_named_endpoint_is_taken_and_the_reason_kept() -> None:
    async with serving() as server:
        target = Target(endpoint_url=server.url, reason="--endpoint")
        backend = await connect.connect(target, None)
        assert backend.info.kind == "endpoint"
        assert backend.info.endpoint == server.url
        assert backend.info.reason == "--endpoint"
        await backend.close()


async def test_a_named_endpoint_that_is_dead_is_an_error(unused_tcp_port: int) -> None:
    target = Target(kind="endpoint", endpoint_url=f"127.0.0.1:{unused_tcp_port}")
    with pytest.raises(BackendUnavailable) as caught:
        await connect.connect(target, None)
    assert caught.value.exit_code == 3
    assert caught.value.hint


async def test_the_kind_endpoint_needs_an_address() -> None:
    with pytest.raises(BackendUnavailable) as caught:
        await connect.connect(Target(kind="endpoint"), None)
    assert "--endpoint URL" in caught.value.hint


async def test_a_server_without_a_list_still_serves_the_typed_model() -> None:
    for script in (json_answer({"detail": "Not Found"}, 404), text_answer("", 500)):
        answers = {"/v1/models": script, "/v1/chat/completions": stream()}
        async with serving(answers) as server:
            target = Target(endpoint_url=server.url, model="phi")
            backend = await connect.connect(target, None)
            (model,) = await backend.models()
            assert (model.alias, model.loaded) == ("phi", True)
            await backend.close()
            with pytest.raises((BackendUnavailable, RequestFailed)):
                await connect.connect(Target(endpoint_url=server.url), None)


@pytest.mark.parametrize("data", [None, []])
async def test_an_empty_list_and_a_typed_model(data: object) -> None:
    answers = {"/v1/models": json_answer({"data": data}), "/v1/chat/completions": stream()}
    async with serving(answers) as server:
        backend = await connect.connect(Target(endpoint_url=server.url, model="phi"), None)
        assert [model.alias for model in await backend.models()] == ["phi"]
        request = ChatRequest("phi", (ChatMessage("user", "Hi"),))
        assert len([event async for event in backend.chat(request)]) == 4
        await backend.close()


async def test_a_refused_key_is_told_at_once() -> None:
    async with serving({"/v1/models": json_answer({"error": "Unauthorized"}, 401)}) as server:
        target = Target(endpoint_url=server.url, api_key="sk-secret", model="phi")
        with pytest.raises(RequestFailed) as caught:
            await connect.connect(target, None)
    assert "refused the key" in caught.value.message
    assert "sk-secret" not in repr(target)


async def test_without_anything_it_says_what_to_install(bare_machine: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        await connect.connect(Target(), None)
    lines = caught.value.hint.splitlines()
    assert len(lines) == 3
    assert "foundry-tui[runtime]" in lines[0]


@pytest.mark.parametrize("kind", ["runtime", "foundry"])
async def test_a_kind_that_is_not_there_is_an_error(
    bare_machine: pytest.MonkeyPatch, kind: connect.TargetKind
) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        await connect.connect(Target(kind=kind), None)
    assert caught.value.hint


async def test_a_known_port_that_serves_models_is_found(bare_machine: pytest.MonkeyPatch) -> None:
    async with serving({"/v1/models": model_list("llama")}) as server:
        bare_machine.setattr(
            connect.probe_known_ports, "__defaults__", (((server.port, "Ollama"),), 5.0)
        )
        backend = await connect.connect(Target(), None)
        assert f"{server.url} (usually Ollama)" in backend.info.reason
        assert [model.alias for model in await backend.models()] == ["llama"]
        await backend.close()


async def test_a_probe_wants_proof(unused_tcp_port: int) -> None:
    async with (
        serving({"/v1/models": json_answer({"error": "Unexpected endpoint"})}) as odd,
        serving({"/v1/models": text_answer("<html>", 200, "text/html")}) as web,
        serving({"/v1/models": ["silence"]}) as silent,
        serving({"/v1/models": model_list("x")}) as good,
        serving({"/v1/models": json_answer({"data": None})}) as empty,
    ):
        fakes = known(unused_tcp_port, odd.port, web.port, silent.port)
        assert await probe_known_ports(fakes, 0.2) is None
        found = await probe_known_ports(known(unused_tcp_port, good.port, empty.port), 5.0)
        assert found == (good.url, "server 1")
        assert await probe_known_ports(known(empty.port), 5.0) == (empty.url, "server 0")


async def test_another_program_called_foundry_is_named_and_not_used(
    bare_machine: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binary = tmp_path / "foundry"
    binary.write_text("#!/bin/sh\nexit 1\n")
    binary.chmod(0o755)
    note = (await commands.find()).note
    assert note.startswith(f"foundry at {binary} is not used: ")
    for target in (Target(), Target(kind="foundry")):
        with pytest.raises(BackendUnavailable) as caught:
            await connect.connect(target, None)
        assert note in caught.value.message


async def test_what_an_endpoint_cannot_do_has_a_reason() -> None:
    async with serving() as server:
        backend = await connect.connect(Target(endpoint_url=server.url), None)
        assert set(backend.info.unavailable) == set(Capability)
        assert all(server.url in reason for reason in backend.info.unavailable.values())
        await asyncio.gather(backend.close(), backend.close())
