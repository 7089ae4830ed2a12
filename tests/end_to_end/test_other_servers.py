"""Against real servers that this project did not write; slow, since they are installed first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the servers are run in process groups", allow_module_level=True)

from tests.support.other_servers import OtherServer, free_port, installed, running
from tui.foundry.endpoint.backend import EndpointBackend
from tui.foundry.endpoint.wording import KeyRefused
from tui.foundry.errors import FoundryError, NotFound, RequestFailed
from tui.foundry.health import probe
from tui.foundry.types import (
    ChatDelta,
    ChatFinished,
    ChatMessage,
    ChatRequest,
    ChatStarted,
)

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
KEY = "sk-made-up-for-this-test"
TOKENS = 5


@pytest.fixture(scope="module")
def mlx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherServer]:
    """mlx-lm: HTTP/1.0, a role in every delta, keep-alive comments, errors as 404."""
    folder = tmp_path_factory.mktemp("mlx")
    binaries = installed(folder, "mlx[cpu]", "mlx-lm")
    model = folder / "tiny-llama"
    subprocess.run(
        [str(binaries / "python"), str(ROOT / "tests/support/tiny_llama.py"), str(model)],
        check=True, timeout=120,
    )  # fmt: skip
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(binaries / "mlx_lm.server"), "--model", str(model), "--port", str(port)]
    with running(command, url, "/health", folder / "home"):
        yield OtherServer(url, str(model))


@pytest.fixture(scope="module")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherServer]:
    """LiteLLM's proxy: wants a key, sends role and text together, estimates usage."""
    folder = tmp_path_factory.mktemp("litellm")
    binaries = installed(folder, "litellm[proxy]")
    settings = folder / "config.yaml"
    settings.write_text(
        "model_list:\n"
        "  - model_name: mock-otter\n"
        "    litellm_params:\n"
        "      model: openai/mock\n"
        "      api_key: none\n"
        "      mock_response: Otters hold hands while they sleep in the river at night.\n"
        "litellm_settings:\n  telemetry: false\n"
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(binaries / "litellm"), "--config", str(settings), "--host", "127.0.0.1",
               "--port", str(port)]  # fmt: skip
    with running(
        command, url, "/health/liveliness", folder / "home", LITELLM_MASTER_KEY=KEY,
        LITELLM_LOCAL_MODEL_COST_MAP="True",
    ):  # fmt: skip
        yield OtherServer(url, "mock-otter", KEY)


@pytest.fixture(params=["mlx", "litellm"])
def server(request: pytest.FixtureRequest) -> OtherServer:
    found: OtherServer = request.getfixturevalue(request.param)
    return found


def ask(server: OtherServer, max_tokens: int = TOKENS) -> ChatRequest:
    return ChatRequest(
        server.model, (ChatMessage("user", "the model runs"),), max_tokens, temperature=0.0
    )


@pytest.mark.parametrize("suffix", ["", "/v1", "/v1/"])
async def test_it_lists_and_answers_with_and_without_v1(server: OtherServer, suffix: str) -> None:
    backend = EndpointBackend(f"{server.url}{suffix}", server.key, "for a test", server.model)
    await backend.start()
    assert server.model in {model.alias for model in await backend.models()}
    events = [event async for event in backend.chat(ask(server))]
    await backend.close()
    started, *deltas, finished = events
    assert isinstance(started, ChatStarted)
    assert deltas
    assert all(isinstance(event, ChatDelta) and event.text for event in deltas)
    assert isinstance(finished, ChatFinished)
    times = [event.at_s for event in events]
    assert times == sorted(times)
    assert finished.input_tokens
    assert finished.output_tokens


async def test_the_length_is_kept_and_told(mlx: OtherServer) -> None:
    backend = EndpointBackend(mlx.url, None, "for a test", mlx.model)
    finished = [event async for event in backend.chat(ask(mlx))][-1]
    await backend.close()
    assert isinstance(finished, ChatFinished)
    assert finished.finish_reason in ("length", "stop")
    assert finished.output_tokens is not None
    assert finished.output_tokens <= TOKENS


async def test_a_raw_completion(mlx: OtherServer) -> None:
    backend = EndpointBackend(mlx.url, None, "for a test", mlx.model)
    request = ChatRequest(mlx.model, (ChatMessage("user", "this machine"),), TOKENS, raw=True)
    events = [event async for event in backend.chat(request)]
    await backend.close()
    assert isinstance(events[-1], ChatFinished)


async def test_an_answer_that_was_left_early_leaves_the_server_usable(server: OtherServer) -> None:
    backend = EndpointBackend(server.url, server.key, "for a test", server.model)
    async with aclosing(backend.chat(ask(server, 200))) as events:
        async for event in events:
            if isinstance(event, ChatDelta):
                break
    health = await probe(backend, server.model)
    await backend.close()
    assert health.error is None, health.sentence()


async def test_an_unknown_model_is_an_error_with_a_hint(server: OtherServer) -> None:
    backend = EndpointBackend(server.url, server.key, "for a test")
    request = ChatRequest("no-such-model", (ChatMessage("user", "Hi"),), TOKENS)
    with pytest.raises((NotFound, RequestFailed)) as caught:
        [event async for event in backend.chat(request)]
    await backend.close()
    assert caught.value.hint


@pytest.mark.parametrize("key", [None, "sk-a-wrong-one"])
async def test_a_missing_or_wrong_key_is_an_error_that_does_not_repeat_it(
    litellm: OtherServer, key: str | None
) -> None:
    backend = EndpointBackend(litellm.url, key, "for a test")
    for attempt in (backend.models(), anext(backend.chat(ask(litellm)))):
        with pytest.raises(FoundryError) as caught:
            await attempt
        said = f"{caught.value.message} {caught.value.hint}"
        assert "sk-a-wrong-one" not in said
        assert isinstance(caught.value, KeyRefused | RequestFailed)
    await backend.close()


def test_the_program_itself(server: OtherServer, tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[endpoints.other]\nurl = "{server.url}"\napi_key_env = "OTHER_KEY"\n')
    ran = subprocess.run(
        [sys.executable, "-m", "tui", "chat", server.model, "the model runs", "--max-tokens",
         str(TOKENS), "--endpoint", "other", "--config", str(settings), "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OTHER_KEY": server.key or ""},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    values = json.loads(ran.stdout)
    assert values["text"]
    assert values["ttft_s"] > 0
    assert KEY not in ran.stdout + ran.stderr
