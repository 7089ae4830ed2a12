"""The binary is run with care: it cannot hang, ask, flood, or leave anything behind."""

from __future__ import annotations

import asyncio
import time

import psutil
import pytest

from tests.support.foundry import FoundryStandIn
from tests.support.runtime import wait_until
from tui.foundry.commands.probe import identify, is_preview, read_version
from tui.foundry.commands.process import CommandLine, checked_name, child_environment
from tui.foundry.errors import BackendUnavailable, NotFound, RequestFailed, TimedOut


def command_of(stand_in: FoundryStandIn) -> CommandLine:
    return CommandLine(str(stand_in.path))


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def hanging(stand_in: FoundryStandIn) -> list[int]:
    return [int(pid) for pid in (stand_in.folder / "hanging.pid").read_text().split()]


async def test_output_and_exit_code_come_back(service_stand_in: FoundryStandIn) -> None:
    printed = await command_of(service_stand_in).run(("--version",), limit_s=10)
    assert (printed.exit_code, printed.data) == (0, b"0.8.119\n")
    unknown = await command_of(service_stand_in).run(("server", "status"), limit_s=10)
    assert unknown.exit_code == 1


async def test_a_command_that_hangs_is_ended_with_its_children(
    service_stand_in: FoundryStandIn,
) -> None:
    service_stand_in.fail(model_list="hang")
    with pytest.raises(TimedOut) as caught:
        await command_of(service_stand_in).run(("model", "list"), limit_s=4)
    # What it said last is the only hint at what it waits for.
    assert "Downloading OpenVINOExecutionProvider" in caught.value.message
    await wait_until(lambda: not any(map(is_alive, hanging(service_stand_in))))


async def test_a_command_that_says_nothing_for_long_is_ended(
    service_stand_in: FoundryStandIn,
) -> None:
    service_stand_in.fail(model_download="hang")
    with pytest.raises(TimedOut, match=r"said nothing for 3 s"):
        await command_of(service_stand_in).run(("model", "download", "x"), silence_s=3)
    await wait_until(lambda: not any(map(is_alive, hanging(service_stand_in))))


async def test_a_command_that_goes_on_talking_goes_on(service_stand_in: FoundryStandIn) -> None:
    service_stand_in.state.change(pace_s=0.05)  # 26 steps, more than a second in all
    printed = await command_of(service_stand_in).run(
        ("model", "download", "demo-tall"), silence_s=1.0
    )
    assert printed.exit_code == 0


async def test_a_cancelled_command_is_ended_with_its_children(
    service_stand_in: FoundryStandIn,
) -> None:
    service_stand_in.fail(model_download="hang")
    task = asyncio.create_task(
        command_of(service_stand_in).run(("model", "download", "x"), silence_s=60)
    )
    await wait_until((service_stand_in.folder / "hanging.pid").exists)
    await wait_until(lambda: len(hanging(service_stand_in)) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_until(lambda: not any(map(is_alive, hanging(service_stand_in))))


async def test_a_question_finds_nobody_and_does_not_wait(service_stand_in: FoundryStandIn) -> None:
    service_stand_in.fail(cache_remove="ask")
    printed = await command_of(service_stand_in).run(("cache", "remove", "x"), limit_s=10)
    assert printed.exit_code == 4


async def test_a_flood_is_stopped(service_stand_in: FoundryStandIn) -> None:
    service_stand_in.fail(model_list="flood")
    with pytest.raises(RequestFailed, match="printed more than 8 MB"):
        await command_of(service_stand_in).run(("model", "list"), limit_s=30)


async def test_a_service_that_inherits_the_output_holds_nobody_up(
    service_stand_in: FoundryStandIn,
) -> None:
    began_s = time.monotonic()
    # Starts the service, which goes on and keeps the output open.
    printed = await command_of(service_stand_in).run(("model", "list"), limit_s=20)
    assert b"Service is Started" in printed.data
    assert time.monotonic() - began_s < 20
    assert psutil.pid_exists(service_stand_in.state.read()["pid"])


async def test_lines_come_while_it_runs_each_once(service_stand_in: FoundryStandIn) -> None:
    lines: list[str] = []
    await command_of(service_stand_in).run(
        ("model", "download", "demo-tall"), limit_s=30, on_line=lines.append
    )
    assert lines[0] == "Downloading demo-tall-cuda-gpu:4..."
    bars = [line for line in lines if line.startswith("[")]
    assert len(bars) == len(set(bars)) == 26
    assert "100.00 %" in bars[-1]


async def test_loopback_is_kept_off_proxies(
    service_stand_in: FoundryStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    await command_of(service_stand_in).run(("--version",), limit_s=10)
    (call,) = service_stand_in.call_records()
    assert call["no_proxy"] == "internal.example,localhost,127.0.0.1,::1"
    assert child_environment({})["no_proxy"] == "localhost,127.0.0.1,::1"


async def test_a_binary_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(BackendUnavailable, match="cannot be started"):
        await CommandLine("/no/such/foundry").run(("--version",), limit_s=5)


@pytest.mark.parametrize("name", ["", "-x", "--force", "*", "a\nb", "a;b", "a" * 201, "../../etc"])
def test_a_name_that_could_be_something_else_is_refused(name: str) -> None:
    with pytest.raises(NotFound):
        checked_name(name)


@pytest.mark.parametrize("name", ["phi-4:2", "Phi-3.5-mini-instruct-generic-cpu", "My Otter"])
def test_a_proper_name_passes(name: str) -> None:
    assert checked_name(name) == name


async def test_each_generation_is_recognised(stand_in: FoundryStandIn) -> None:
    identity = await identify(command_of(stand_in))
    assert not isinstance(identity, str)
    assert identity.version == stand_in.state.version
    assert identity.grammar.generation == ("preview" if stand_in.state.preview else "service")


@pytest.mark.parametrize(("fault", "why"), [("garbage", "version"), ("hang", "took longer")])
async def test_another_program_is_not_taken_for_it(
    service_stand_in: FoundryStandIn, fault: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.foundry.commands.probe.VERSION_LIMIT_S", 1.0)
    service_stand_in.fail(**{"--version": fault})
    said = await identify(command_of(service_stand_in))
    assert isinstance(said, str)
    assert why in said


@pytest.mark.parametrize(
    ("printed", "version"),
    [(b"0.8.119\n", "0.8.119"), (b"0.8.94+97f62578ec\n", "0.8.94"), (b"v0.10.3-rc1\n", "0.10.3"),
     (b"0.10\n", "0.10"), (b"forge 1.2.3 (abc)\n", None), (b"", None)],
)  # fmt: skip
def test_versions(printed: bytes, version: str | None) -> None:
    assert read_version(printed) == version


def test_the_generation_follows_from_the_version() -> None:
    assert [is_preview(v) for v in ("0.3.9267", "0.8.119", "0.9.1", "0.10.0", "1.0.0")] == [
        False, False, False, True, True,
    ]  # fmt: skip
