"""Stand-ins for the binary, of each generation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.foundry import VERSIONS, FoundryStandIn, installed_foundry

collect_ignore = ["test_process.py", "test_backend.py"] if sys.platform == "win32" else []


@pytest.fixture(params=VERSIONS)
def stand_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FoundryStandIn]:
    """One of each generation."""
    with installed_foundry(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def service_stand_in(tmp_path: Path) -> Iterator[FoundryStandIn]:
    """The last of the service generation."""
    with installed_foundry(tmp_path, "0.8.119") as made:
        yield made
