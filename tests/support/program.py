"""Fixtures: the real program in a real terminal, with the real embedded runtime."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

if sys.platform != "win32":
    from tests.support.terminal import Terminal


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The child's environment: a temporary home, no `foundry`, no proxies, our registry."""
    if find_spec("foundry_local_sdk") is None:
        pytest.skip("the extra `runtime` is not installed")
    keep = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy")
        # The size that a test runner was started with would beat that of the terminal.
        and name not in {"PYTHONDONTWRITEBYTECODE", "COLUMNS", "LINES"}
    }
    python = str(Path(sys.executable).parent)
    work = home / "work"
    work.mkdir()
    shutil.copy(ROOT / "models.json", work)
    return {**keep, "PATH": f"{python}{os.pathsep}/usr/bin{os.pathsep}/bin", "PWD": str(work),
            "PYTHONPATH": str(ROOT)}  # fmt: skip


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Start the program in a terminal: `start(*arguments, columns=120, lines=40)`."""
    with ExitStack() as stack:

        def run(*arguments: str, columns: int = 120, lines: int = 40) -> Terminal:
            command = [sys.executable, "-m", "tui", *arguments]
            return stack.enter_context(
                Terminal(command, columns=columns, lines=lines, environment=environment)
            )

        yield run
