"""A host that is started before anybody asks: it is taken once, and ends with its input."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.runtime import runtime_is_there, runtime_settings
from tui.cli.options import GlobalOptions
from tui.foundry.runtime.backend import RuntimeBackend
from tui.foundry.runtime.launch import start_early
from tui.session import load_session, start_runtime_early

pytestmark = pytest.mark.skipif(not runtime_is_there(), reason="no embedded runtime")


async def test_the_first_backend_takes_it_and_the_second_starts_its_own(tmp_path: Path) -> None:
    settings = runtime_settings(tmp_path)
    early = start_early(settings)
    assert early is not None
    assert early._popen is not None
    pid = early._popen.pid
    settings = replace(settings, early=early)
    first, second = RuntimeBackend(settings), RuntimeBackend(settings)
    try:
        await first.start()
        assert first.info.pid == pid
        assert {model.alias for model in await first.models()} >= {"demo-small", "demo-large"}
        await second.start()
        assert second.info.pid not in (None, pid)
    finally:
        await first.close()
        await second.close()
    assert list((tmp_path / "runtime").iterdir()) == []


async def test_one_that_nobody_takes_ends_with_its_input(tmp_path: Path) -> None:
    early = start_early(runtime_settings(tmp_path))
    assert early is not None
    popen = early.take()
    assert early.take() is None
    assert popen is not None
    assert popen.stdin is not None
    popen.stdin.close()
    assert popen.wait(10) == 0
    assert popen.stdout is not None
    popen.stdout.close()


def test_where_it_cannot_be_started_the_usual_way_tells_why(tmp_path: Path) -> None:
    settings = runtime_settings(tmp_path)
    settings.cache_dir.parent.mkdir(parents=True, exist_ok=True)
    settings.cache_dir.write_text("a file where the directory should be")
    assert start_early(settings) is None


@pytest.mark.parametrize(
    ("options", "foundry", "started"),
    [
        (GlobalOptions(), False, True),
        (GlobalOptions(backend="runtime"), True, True),
        (GlobalOptions(), True, False),
        (GlobalOptions(endpoint="http://127.0.0.1:1"), False, False),
        (GlobalOptions(backend="foundry"), False, False),
    ],
)
def test_it_is_started_only_where_it_will_be_taken(
    options: GlobalOptions, foundry: bool, started: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: "/bin/foundry" if foundry else None)
    session = start_runtime_early(load_session(options, {}))
    early = session.runtime_settings.early
    assert (early is not None) == started
    if early is not None and (popen := early.take()) is not None:
        for pipe in (popen.stdin, popen.stdout):
            if pipe is not None:
                pipe.close()
        popen.wait(10)
