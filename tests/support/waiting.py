"""Waiting for conditions in Pilot tests, and reading what is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot

LIMIT_S = 10.0


async def wait_until(pilot: Pilot[object], condition: Callable[[], bool], what: str = "") -> None:
    """Let the app run until `condition()` holds; fail with the screen's text after `LIMIT_S`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LIMIT_S
    while not condition():
        if loop.time() > deadline:
            raise AssertionError(f"waited for {what or condition}\n{screen_text(pilot.app)}")
        await pilot.pause(0.01)


def screen_text(app: App[object]) -> str:
    """Return the characters on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join(
        "".join(segment.text for segment in strip).ljust(width) for strip in lines[:height]
    )
