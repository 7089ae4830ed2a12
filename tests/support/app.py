"""The whole app on a scripted backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot

from tests.support.waiting import wait_until
from tui.app import FoundryApp
from tui.cli.options import GlobalOptions
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.session import load_session


@asynccontextmanager
async def running_app(
    backend: Backend | FoundryError,
    *,
    size: tuple[int, int] = (120, 40),
    models_file: Path | None = None,
    config_file: Path | None = None,
) -> AsyncIterator[Pilot[int]]:
    """Run the app with `backend`, or with nothing but the error that `connect` raises."""

    async def connect(*_: object) -> Backend:
        if isinstance(backend, FoundryError):
            raise backend
        return backend

    options = GlobalOptions(models_file=models_file, config_file=config_file)
    with patch("tui.foundry.connect.connect", connect):
        app = FoundryApp(load_session(options, {}))
        async with app.run_test(size=size, notifications=True) as pilot:
            await wait_until(
                pilot, lambda: app.store.state.connection != "connecting", "a connection"
            )
            if not isinstance(backend, FoundryError):
                await wait_until(pilot, lambda: app.store.state.models is not None, "the models")
            yield pilot
