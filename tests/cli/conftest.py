"""Runs verbs in this process, with a scripted backend."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_backend import ScriptedBackend
from tui.__main__ import main
from tui.foundry import connect as connecting
from tui.foundry.connect import Target


@dataclass(frozen=True)
class Ran:
    """What one run gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend.with_demo_models()


@pytest.fixture
def targets() -> list[Target]:
    """What was asked of `connect`, in order."""
    return []


@pytest.fixture(autouse=True)
def scripted(
    backend: ScriptedBackend,
    targets: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    async def connect(target: Target, settings: object) -> ScriptedBackend:
        targets.append(target)
        return backend

    monkeypatch.setattr(connecting, "connect", connect)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    def run(*arguments: str, stdin: str = "", terminal: bool = False) -> Ran:
        monkeypatch.setattr(sys, "stdin", StringIO(stdin))
        monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
        try:
            code = main(arguments)
        except SystemExit as leaving:  # argparse: --help, --version
            code = int(leaving.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
