"""Guards and fixtures for all tests: no home directory but a temporary one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tui.paths import Paths, default_paths

# A busy machine is slow at times: no test fails on the clock.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")

pytest_plugins = ["tests.support.program"]

FOREIGN_VARIABLES = ("FOUNDRY_ENDPOINT", "BASE_URL", "MODEL", "API_KEY", "NO_COLOR")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put every file of the program below a temporary directory."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("FOUNDRY_TUI_HOME", str(root / "foundry-tui"))
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("USERPROFILE", str(root))
    # The runtime's telemetry is off in tests as on any build machine.
    monkeypatch.setenv("CI", os.environ.get("CI", "true"))
    for name in FOREIGN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def paths() -> Paths:
    """Return the program's file locations below the temporary home."""
    return default_paths()
