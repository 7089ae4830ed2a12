"""What a person does with the command line's backend, beyond the contract of all backends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.support.foundry import FoundryStandIn, installed_foundry
from tests.support.runtime import wait_until
from tui.foundry import connect as connecting
from tui.foundry.commands import link
from tui.foundry.commands.backend import DEFAULT_MAX_TOKENS, FoundryBackend
from tui.foundry.commands.probe import identify
from tui.foundry.commands.process import CommandLine
from tui.foundry.connect import Target
from tui.foundry.errors import (
    BackendUnavailable,
    DownloadFailed,
    LoadFailed,
    NotFound,
    RequestFailed,
)
from tui.foundry.types import (
    ChatDelta,
    ChatFinished,
    ChatMessage,
    ChatRequest,
    ImportOptions,
    Progress,
    Variant,
)

TALL = "demo-tall-generic-cpu"


@pytest.fixture(params=["0.8.119", "0.10.3"])
def stand_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FoundryStandIn]:
    """The last of each generation; 0.3 passes the contract and the walk in a terminal too."""
    with installed_foundry(tmp_path, request.param) as made:
        yield made


async def opened(stand_in: FoundryStandIn) -> FoundryBackend:
    command = CommandLine(str(stand_in.path))
    identity = await identify(command)
    assert not isinstance(identity, str)
    return FoundryBackend(command, identity, "for a test")


@pytest.fixture
async def backend(stand_in: FoundryStandIn) -> AsyncIterator[FoundryBackend]:
    made = await opened(stand_in)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def service_backend(service_stand_in: FoundryStandIn) -> AsyncIterator[FoundryBackend]:
    made = await opened(service_stand_in)
    await made.start()
    yield made
    await made.close()


async def variant(backend: FoundryBackend, name: str) -> Variant:
    for model in await backend.models():
        for one in model.variants:
            if one.id.startswith(name):
                return one
    raise AssertionError(f"{name} is not listed")


def ask(variant_id: str, max_tokens: int | None = 5) -> ChatRequest:
    return ChatRequest(variant_id, (ChatMessage("user", "Hello"),), max_tokens)


async def text_of(backend: FoundryBackend, request: ChatRequest) -> str:
    events = [event async for event in backend.chat(request)]
    assert isinstance(events[-1], ChatFinished)
    return "".join(event.text for event in events if isinstance(event, ChatDelta))


# Finding it


async def test_connect_takes_it_before_all_else_and_says_so(
    stand_in: FoundryStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{stand_in.bin}:/usr/bin:/bin")
    backend = await connecting.connect(Target(), None)
    try:
        info = backend.info
        assert (info.kind, info.version) == ("foundry", stand_in.state.version)
        assert info.generation == ("preview" if stand_in.state.preview else "service")
        assert info.reason == f"foundry was found at {stand_in.path}"
        assert info.endpoint == stand_in.state.read()["url"]
        assert info.pid == stand_in.state.read()["pid"]
    finally:
        await backend.close()


async def test_looking_does_not_start_the_service(stand_in: FoundryStandIn) -> None:
    backend = await opened(stand_in)
    await backend.start(launch=False)
    assert backend.info.endpoint is None
    assert not stand_in.state.read().get("pid")
    assert await backend.service("status") == "It does not run."
    await backend.close()


async def test_all_variants_are_listed_with_what_is_known(backend: FoundryBackend) -> None:
    tall = next(model for model in await backend.models() if model.alias == "demo-tall")
    assert [str(one.device) for one in tall.variants] == ["GPU", "CPU"]
    assert tall.variants[0].execution_provider == "CUDAExecutionProvider"
    assert tall.variants[1].size_bytes == 48 * 1024**2
    assert tall.license == "apache-2.0"
    assert not tall.cached


async def test_a_line_that_is_not_understood_is_listed_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.foundry.commands.samples import sample
    from tui.foundry.commands.process import Output

    with installed_foundry(tmp_path, "0.3.9267") as stand_in:
        backend = await opened(stand_in)
        run = CommandLine.run

        async def broken(self: CommandLine, arguments: object, **rest: object) -> Output:
            if arguments == ("model", "list"):
                return Output(0, sample("service-0.8-model_list_one_row_broken.txt"))
            return await run(self, arguments, **rest)  # type: ignore[arg-type]

        monkeypatch.setattr(CommandLine, "run", broken)
        models = await backend.models()
        await backend.close()
    lost = [model.alias for model in models if model.task == "not understood"]
    assert len(lost) == 2
    assert "XPU" in lost[0]
    assert "lynx-coder" in [model.alias for model in models]


# Running


async def test_run_downloads_loads_and_tells_line_by_line(
    stand_in: FoundryStandIn, backend: FoundryBackend
) -> None:
    tall = await variant(backend, TALL)
    told: list[Progress] = []
    result = await backend.run(tall.id, told.append)
    assert result.variant_id == tall.id
    assert (await variant(backend, TALL)).loaded
    lines = [one.line for one in told]
    assert f"Downloading {tall.id}..." in lines
    shares = [one.fraction for one in told if one.fraction is not None]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert next(one.done_bytes for one in told if one.fraction == 1.0) == tall.size_bytes
    if not stand_in.state.preview:
        assert any(call[:4] == ["model", "run", tall.id, "--verbose"] for call in stand_in.calls())
        assert "Time cost to load model: 00:00:00.2500000" in lines
        assert result.load_s == 0.25
    assert await text_of(backend, ask(tall.id)) == "word0 word1 word2 word3 word4 "
    assert (await backend.run(tall.id, told.append)).already_loaded


async def test_running_a_second_model_keeps_the_first(
    service_stand_in: FoundryStandIn, service_backend: FoundryBackend
) -> None:
    await service_backend.models()
    for name in ("demo-small-generic-cpu:1", "demo-large-generic-cpu:2"):
        await service_backend.run(name, lambda _: None)
    assert service_stand_in.state.loaded() == [
        "demo-small-generic-cpu:1", "demo-large-generic-cpu:2",
    ]  # fmt: skip


async def test_a_run_that_fails_says_why(backend: FoundryBackend) -> None:
    with pytest.raises((LoadFailed, DownloadFailed, NotFound)) as caught:
        await backend.run("no-such-model", lambda _: None)
    assert "not found" in caught.value.message
    assert caught.value.hint


async def test_the_service_generation_is_always_told_how_long_an_answer_may_be(
    service_backend: FoundryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service_backend.load("demo-small-generic-cpu:1")
    assert len((await text_of(service_backend, ask("demo-small-generic-cpu:1", None))).split()) > 32
    assert DEFAULT_MAX_TOKENS > 512


# Downloading


async def test_a_cancelled_download_leaves_an_entry_that_can_be_resumed_or_deleted(
    stand_in: FoundryStandIn, backend: FoundryBackend
) -> None:
    stand_in.state.change(pace_s=0.2)
    tall = await variant(backend, TALL)
    begun = asyncio.Event()
    task = asyncio.create_task(backend.download(tall.id, lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 10)
    await wait_until(lambda: stand_in.state.is_partial(stand_in.state.find(tall.id) or {}))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (partial,) = [one for one in (await backend.cache()).entries if one.state == "partial"]
    stand_in.state.change(pace_s=0.001)
    assert partial.variant_id == tall.id
    await backend.download(tall.id, lambda _: None)
    await backend.models()
    assert not [one for one in (await backend.cache()).entries if one.state == "partial"]
    assert await backend.remove(tall.id) > 0
    assert not (await variant(backend, TALL)).cached


async def test_what_a_download_left_can_be_deleted(
    service_stand_in: FoundryStandIn, service_backend: FoundryBackend
) -> None:
    row = service_stand_in.state.find(TALL)
    assert row is not None
    service_stand_in.state.put_on_disk(row, partial=True)
    await service_backend.models()
    await service_backend.remove(f"{TALL}:4")
    assert not service_stand_in.state.is_partial(row)


async def test_a_disk_that_is_too_small_is_noticed_first(
    stand_in: FoundryStandIn, backend: FoundryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    tall = await variant(backend, TALL)
    monkeypatch.setattr("tui.foundry.commands.cache_folder.CacheFolder.free_bytes", lambda _: 1024)
    with pytest.raises(DownloadFailed, match=r"needs 0\.1 GB on disk; 0\.0 GB are free"):
        await backend.download(tall.id, lambda _: None)
    assert not any(call[:2] == ["model", "download"] for call in stand_in.calls())


async def test_an_unknown_model_cannot_be_downloaded(backend: FoundryBackend) -> None:
    with pytest.raises(DownloadFailed, match="not found"):
        await backend.download("no-such-model", lambda _: None)


# The cache


async def test_a_loaded_model_is_not_deleted(backend: FoundryBackend) -> None:
    small = await variant(backend, "demo-small")
    await backend.load(small.id)
    with pytest.raises(RequestFailed, match="in memory"):
        await backend.remove(small.id)


async def test_a_delete_always_names_its_model_and_never_asks(
    stand_in: FoundryStandIn, backend: FoundryBackend
) -> None:
    small = await variant(backend, "demo-small")
    assert await backend.remove(small.id) == 3 * 1024 + len('{"Name": ""}{}') + len(small.id)
    (call,) = [one for one in stand_in.calls() if one[:2] in (["cache", "rm"], ["cache", "remove"])]
    assert call[2:] == [small.id, "--force" if stand_in.state.preview else "--yes"]
    for name in ("", "-f", "*"):
        with pytest.raises(NotFound):
            await backend.remove(name)
    assert (await variant(backend, "demo-large")).cached


async def test_the_cache_moves(
    stand_in: FoundryStandIn, backend: FoundryBackend, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="no directory"):
        await backend.move_cache(tmp_path / "nowhere")
    place = tmp_path / "elsewhere"
    place.mkdir()
    await backend.move_cache(place)
    assert (await backend.cache()).location == place
    assert not any(model.cached for model in await backend.models())


async def test_ones_own_model_is_linked_into_the_cache(
    backend: FoundryBackend, model_folder: Path
) -> None:
    template = {"user": "{Content}"}
    identity = {"Name": "another", "PromptTemplate": template}
    (model_folder / "inference_model.json").write_text(json.dumps(identity))
    assert await backend.import_model(model_folder, "my-otter") == "my-otter:1"
    (own,) = [one for one in (await backend.cache()).entries if one.variant_id == "my-otter:1"]
    assert own.origin == "imported"
    kept = json.loads((own.path / "inference_model.json").read_text())
    assert kept == {"Name": "my-otter:1", "PromptTemplate": template}
    await backend.remove("my-otter:1")
    assert (model_folder / "genai_config.json").exists()


async def test_a_prompt_template_is_written_where_the_directory_has_none(
    backend: FoundryBackend, model_folder: Path
) -> None:
    text = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>"
    options = ImportOptions("register", {"chat_template.jinja": text})
    await backend.import_model(model_folder, "my-otter", options)
    (own,) = [one for one in (await backend.cache()).entries if one.variant_id == "my-otter:1"]
    prompts = json.loads((own.path / "inference_model.json").read_text())["PromptTemplate"]
    assert prompts == {
        "assistant": "{Content}",
        "prompt": "<|im_start|>user\n{Content}<|im_end|>\n<|im_start|>assistant\n",
    }
    assert not (model_folder / "inference_model.json").exists()
    await backend.remove("my-otter:1")


# The service


async def test_the_service_restarts_on_another_port_and_is_followed(
    backend: FoundryBackend,
) -> None:
    told: list[str] = []
    backend.on_change(told.append)
    before = backend.info.endpoint
    text = await backend.service("restart")
    after = backend.info.endpoint
    assert after is not None
    assert after != before
    assert after in text
    assert told == [f"The service runs at {after}."]
    small = await variant(backend, "demo-small")
    await backend.load(small.id)
    assert await text_of(backend, ask(small.id, 1)) == "word0 "


async def test_a_service_that_moved_by_itself_is_noticed(
    stand_in: FoundryStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WATCH_EVERY_S", 0.05)
    backend = await opened(stand_in)
    told: list[str] = []
    backend.on_change(told.append)
    await backend.start()
    before = backend.info.endpoint
    group = "server" if stand_in.state.preview else "service"
    await CommandLine(str(stand_in.path)).run((group, "restart"), limit_s=20)
    await wait_until(lambda: backend.info.endpoint not in (None, before))
    await wait_until(lambda: any("moved from port" in one or "is back" in one for one in told))
    await backend.close()


async def test_a_question_follows_a_service_that_has_just_moved(
    stand_in: FoundryStandIn, backend: FoundryBackend
) -> None:
    small = await variant(backend, "demo-small")
    group = "server" if stand_in.state.preview else "service"
    await CommandLine(str(stand_in.path)).run((group, "restart"), limit_s=20)
    stand_in.state.change(loaded=[small.id])
    assert await text_of(backend, ask(small.id, 2)) == "word0 word1 "


async def test_a_stopped_service_stays_stopped_until_it_is_started(
    backend: FoundryBackend,
) -> None:
    small = await variant(backend, "demo-small")
    assert await backend.service("stop") == "It does not run."
    assert backend.info.endpoint is None
    with pytest.raises(BackendUnavailable, match="was stopped"):
        await text_of(backend, ask(small.id))
    assert (await backend.service("start")).startswith("The service runs at http://127.0.0.1:")


async def test_the_log_or_what_comes_nearest(
    stand_in: FoundryStandIn, backend: FoundryBackend
) -> None:
    text = await backend.service("logs")
    if stand_in.state.preview:
        assert "a made-up line of the log" in text
        (stand_in.folder / "daemon.log").write_text("a line in the daemon's own file\n")
        assert await backend.service("logs") == "a line in the daemon's own file"
    else:
        assert "prints no log" in text
        assert "a made-up machine" in text


async def test_the_command_tells_about_a_model(backend: FoundryBackend) -> None:
    assert TALL in await backend.describe((await variant(backend, TALL)).id)


async def test_nothing_of_ours_stays_and_the_service_does(stand_in: FoundryStandIn) -> None:
    import psutil

    backend = await opened(stand_in)
    await backend.start()
    pid = stand_in.state.read()["pid"]
    await backend.close()
    mine = {child.pid for child in psutil.Process().children(recursive=True)}
    assert not mine - {pid}
    assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


# Faults


@pytest.mark.parametrize("fault", ["exit", "garbage", "localised"])
async def test_a_broken_list_is_an_error_with_what_was_said(tmp_path: Path, fault: str) -> None:
    with installed_foundry(tmp_path, "0.3.9267") as stand_in:
        backend = await opened(stand_in)
        await backend.start()
        stand_in.fail(model_list=fault)
        with pytest.raises(BackendUnavailable, match="does not list its models") as caught:
            await backend.models()
        if fault == "exit":
            assert "The made-up cause." in caught.value.message
        assert caught.value.message.isprintable()
        await backend.close()


async def test_a_cache_list_that_hangs_costs_only_the_marks(
    stand_in: FoundryStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.foundry.commands.inventory.LIST_LIMIT_S", 1.0)
    backend = await opened(stand_in)
    await backend.start(launch=False)
    stand_in.fail(cache_list="hang")
    assert len(await backend.models()) == 3
    await backend.close()


async def test_closing_an_answer_early_leaves_the_service_alone(backend: FoundryBackend) -> None:
    small = await variant(backend, "demo-small")
    await backend.load(small.id)
    async with aclosing(backend.chat(ask(small.id, 200))) as events:
        async for event in events:
            if isinstance(event, ChatDelta):
                break
    assert await text_of(backend, ask(small.id, 1)) == "word0 "
