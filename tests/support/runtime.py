"""A real embedded runtime for tests: offline, in a temporary directory, with the demo models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import tui
from tui.foundry.runtime import installed
from tui.foundry.runtime.backend import RuntimeBackend
from tui.foundry.runtime.settings import RuntimeSettings

DEMO_MODELS = Path(tui.__file__).parent / "demo_models"


def runtime_is_there() -> bool:
    """Tell whether the SDK is installed and the demo models are there."""
    return installed() and any(DEMO_MODELS.glob("*/card.json"))


def runtime_settings(folder: Path, **changes: Any) -> RuntimeSettings:
    """Return settings with all places below `folder`, offline."""
    settings = RuntimeSettings(
        cache_dir=folder / "models",
        catalog_cache_dir=folder / "catalog",
        work_dir=folder / "runtime",
        log_file=folder / "logs" / "runtime.log",
        demo_models_dir=DEMO_MODELS,
        offline=True,
    )
    return replace(settings, **changes)


@asynccontextmanager
async def running_runtime(folder: Path, **changes: Any) -> AsyncIterator[RuntimeBackend]:
    """Start a runtime below `folder` (`tmp_path`), and end it.

    Args:
        folder: Where all its files go.
        changes: Other values of `RuntimeSettings`.
    """
    backend = RuntimeBackend(runtime_settings(folder, **changes), reason="a test asked for it")
    try:
        await backend.start()
        yield backend
    finally:
        await backend.close()


async def wait_until(condition: Callable[[], bool], limit_s: float = 15.0) -> None:
    """Let the event loop run until `condition()` holds; `TimeoutError` after `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.005)
