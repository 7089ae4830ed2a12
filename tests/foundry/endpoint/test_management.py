"""Foundry Local's own routes, in both dialects, good and bad."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted_server import (
    Answer,
    Step,
    head,
    http_chunk,
    json_answer,
    model_list,
    serving,
    text_answer,
)
from tui.foundry.endpoint.backend import EndpointBackend
from tui.foundry.endpoint.management import FoundryService, read_facts, read_progress, recognise
from tui.foundry.errors import (
    BackendUnavailable,
    DownloadFailed,
    FoundryError,
    LoadFailed,
    NotFound,
    RequestFailed,
    TimedOut,
    Unsupported,
)
from tui.foundry.types import Capability, Progress

SERVICE: dict[str, Answer] = {
    "/openai/status": json_answer({"Endpoints": ["http://x"], "ModelDirPath": "/m"}),
}
RUNTIME: dict[str, Answer] = {
    "/status": json_answer({"modelCachePath": "/m", "endpoints": [], "pid": 4711}),
}
ROW = {
    "name": "otter-cuda-gpu:3", "alias": "otter", "uri": "azureml://x", "publisher": "Made up",
    "providerType": "AzureFoundry", "promptTemplate": {"user": "{Content}"}, "license": "MIT",
    "runtime": {"deviceType": "GPU", "executionProvider": "CUDAExecutionProvider"},
    "fileSizeMb": 100, "task": "chat-completion", "supportsToolCalling": True,
}  # fmt: skip


async def service(url: str) -> FoundryService:
    found = await recognise(url)
    assert found is not None
    return found


async def test_each_dialect_is_recognised() -> None:
    async with serving(SERVICE) as server:
        assert (await service(server.url)).dialect == "service"
        assert str((await service(f"{server.url}/v1")).facts.cache_dir) == "/m"
    async with serving(RUNTIME) as server:
        assert (await service(server.url)).dialect == "runtime"
        assert (await service(server.url)).facts.pid == 4711


def test_the_status_in_either_spelling() -> None:
    for body in ({"modelDirPath": "/m"}, {"ModelDirPath": "/m"}, {"endpoints": ["x"]}):
        assert read_facts(body, "service") is not None
    assert read_facts({"status": "ok"}, "runtime") is None


@pytest.mark.parametrize(
    "answer",
    [text_answer("<html>", kind="text/html"), json_answer([1]), json_answer({"error": "x"}),
     json_answer({}, status=500), ["reset"], text_answer("{")],
)  # fmt: skip
async def test_others_are_not_taken_for_it(answer: Answer) -> None:
    async with serving({"/openai/status": answer, "/status": answer}) as server:
        assert await recognise(server.url) is None


async def test_a_silent_server_is_not_waited_for() -> None:
    async with serving({"/openai/status": ["silence"], "/status": ["silence"]}) as server:
        assert await recognise(server.url, limit_s=0.1) is None


async def test_nobody_there_is_nobody(unused_tcp_port: int) -> None:
    assert await recognise(f"http://127.0.0.1:{unused_tcp_port}") is None


async def test_catalog_cached_and_loaded_of_the_service() -> None:
    answers = {
        **SERVICE,
        "/foundry/list": json_answer([ROW, "noise"]),
        "/openai/models": json_answer(["otter-cuda-gpu:3", 5, "\x1b[31mred"]),
        "/openai/loadedmodels": json_answer([]),
    }
    async with serving(answers) as server:
        found = await service(server.url)
        assert await found.catalog() == [ROW]
        assert await found.cached() == ["otter-cuda-gpu:3"]
        assert await found.loaded() == []


async def test_the_catalog_in_the_wrapping_of_a_test_double() -> None:
    async with serving({**SERVICE, "/foundry/list": json_answer({"models": [ROW]})}) as server:
        assert await (await service(server.url)).catalog() == [ROW]


async def test_the_runtime_tells_only_what_is_loaded() -> None:
    async with serving({**RUNTIME, "/models/loaded": json_answer(["otter:3"])}) as server:
        found = await service(server.url)
        assert await found.catalog() is None
        assert await found.cached() is None
        assert await found.loaded() == ["otter:3"]


async def test_a_model_is_kept_in_memory_for_a_day_and_its_name_is_quoted() -> None:
    path = "/openai/load/my%20otter%3A3?ttl=86400"
    async with serving({**SERVICE, path: json_answer({})}) as server:
        await (await service(server.url)).load("my otter:3")
        assert server.requests[-1].path == path


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (text_answer("No OpenAIService provider found for modelName x"), LoadFailed, "not on disk"),
        (text_answer("", status=404), NotFound, "knows no model 'otter'"),
        (text_answer("out of memory", status=500), LoadFailed, "out of memory"),
        (json_answer({"error": {"message": "Model not cached"}}, status=400), LoadFailed,
         "not cached"),
        (["reset"], BackendUnavailable, "does not answer"),
    ],
)  # fmt: skip
async def test_a_load_that_fails_says_why(
    answer: Answer, kind: type[FoundryError], words: str
) -> None:
    async with serving({**SERVICE, "/openai/load/otter?ttl=86400": answer}) as server:
        with pytest.raises(kind, match=words) as caught:
            await (await service(server.url)).load("otter")
        assert caught.value.hint


async def test_an_unload_that_is_refused_says_why() -> None:
    busy = json_answer({"error": {"message": "1 session(s) still using it"}}, status=500)
    async with serving({**RUNTIME, "/models/unload/otter": busy}) as server:
        with pytest.raises(RequestFailed, match="still using it"):
            await (await service(server.url)).unload("otter")


async def test_a_list_that_is_no_json_is_an_error() -> None:
    async with serving({**SERVICE, "/openai/loadedmodels": text_answer("{half")}) as server:
        with pytest.raises(RequestFailed, match="no JSON"):
            await (await service(server.url)).loaded()


async def test_a_service_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.foundry.endpoint.management.ASK_LIMIT_S", 0.1)
    async with serving({**SERVICE, "/openai/loadedmodels": ["silence"]}) as server:
        with pytest.raises(TimedOut):
            await (await service(server.url)).loaded()


# Downloads


def download(*pieces: bytes, end: Step = b"0\r\n\r\n") -> Sequence[Step]:
    return [head(kind="text/plain"), *(http_chunk(piece) for piece in pieces), end]


async def fetched(answer: Answer) -> tuple[list[Progress], Any]:
    told: list[Progress] = []
    async with serving({**SERVICE, "/openai/download": answer}) as server:
        await (await service(server.url)).download(ROW, told.append)
        return told, server.requests[-1].json


@pytest.mark.parametrize(
    "pieces",
    [
        (b"Total 0.5% Downloading v3/model.onnx\nTotal 5", b"0% Downloading\r\n",
         b'{"success":true,\n"errorMessage":null}\n'),
        (b'("genai_config.json", 0.005)\n', b'("model.onnx", 0.5)\n',
         b'{"Success":true,"ErrorMessage":null}'),
    ],
    ids=["late builds", "documented"],
)  # fmt: skip
async def test_progress_in_both_dialects(pieces: tuple[bytes, ...]) -> None:
    told, asked = await fetched(download(*pieces))
    assert [one.fraction for one in told] == [0.005, 0.5]
    assert asked["model"]["ProviderType"] == "AzureFoundryLocal"
    assert asked["model"]["Name"] == "otter-cuda-gpu:3"
    assert asked["IgnorePipeReport"] is True


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (download(b'Total 5% x\n{"success":false,"errorMessage":"disk full"}'), "disk full"),
        (download(b"Total 5% x\n"), "without saying whether"),
        (download(b'{"success":'), "without saying whether"),
        (download(b'{"success":"maybe"}'), "no reason"),
    ],
)
async def test_a_download_that_fails_says_why(answer: Answer, words: str) -> None:
    with pytest.raises(DownloadFailed, match=words):
        await fetched(answer)


async def test_a_download_that_breaks_off_is_an_error() -> None:
    with pytest.raises(BackendUnavailable):
        await fetched(download(b"Total 5% x\n", end="reset"))


@given(st.text(max_size=200))
def test_any_line_is_some_progress(line: str) -> None:
    progress = read_progress(line)
    assert progress.fraction is None or 0 <= progress.fraction <= 1
    assert "\x1b" not in progress.line


# A service of which only the address is known


async def test_an_address_of_a_service_is_enough_to_load_and_download() -> None:
    answers = {
        **SERVICE,
        "/foundry/list": json_answer([ROW]),
        "/openai/models": json_answer([]),
        "/openai/loadedmodels": json_answer([]),
        "/openai/load/otter-cuda-gpu%3A3?ttl=86400": json_answer({}),
        "/openai/download": download(b'Total 50% x\n{"success":true}'),
    }
    async with serving(answers) as server:
        backend = EndpointBackend(server.url, None, "for a test")
        await backend.start()
        for able in (Capability.LOAD, Capability.DOWNLOAD):
            assert backend.info.supports(able)
        (model,) = await backend.models()
        (variant,) = model.variants
        assert (variant.cached, variant.size_bytes) == (False, 100 * 1024**2)
        assert (model.publisher, model.supports_tools) == ("Made up", True)
        told: list[Progress] = []
        await backend.download("otter-cuda-gpu", told.append)
        assert [one.fraction for one in told] == [0.5]
        assert not (await backend.load(variant.id)).already_loaded
        with pytest.raises(NotFound):
            await backend.download("heron", told.append)
        with pytest.raises(Unsupported):
            await backend.cache()
        await backend.close()


async def test_the_daemon_lists_by_alias_what_is_on_disk() -> None:
    rows = {"data": [{"id": "otter-cuda-gpu", "parent": "otter", "owned_by": "Microsoft"}]}
    answers = {
        **RUNTIME,
        "/v1/models": json_answer(rows),
        "/models/loaded": json_answer(["otter-cuda-gpu:3"]),
    }
    async with serving(answers) as server:
        backend = EndpointBackend(server.url, None, "for a test")
        await backend.start()
        (model,) = await backend.models()
        await backend.close()
    assert (model.alias, model.cached, model.loaded) == ("otter", True, True)
    assert str(model.variants[0].device) == "GPU"
    assert model.variants[0].execution_provider == "CUDAExecutionProvider"


async def test_a_plain_server_is_not_asked_to_load() -> None:
    async with serving({"/v1/models": model_list("otter")}) as server:
        backend = EndpointBackend(server.url, None, "for a test")
        await backend.start()
        with pytest.raises(Unsupported):
            await backend.load("otter")
        await backend.close()
        assert json.dumps([one.path for one in server.requests]).count("load") == 0
