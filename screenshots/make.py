"""Takes the pictures in this directory from the running program, with the real embedded runtime.

Run it in the root of the repository: `python screenshots/make.py`. It needs the extra `runtime` and
no network; everything that the program writes goes to a temporary directory.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

HERE = Path(__file__).parent
ROOT = HERE.parent
SIZE = (120, 32)
LIMIT_S = 40.0
QUESTION = "Explain edge AI in one sentence."


async def until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    """Let the program run until the condition holds."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await pilot.pause(0.05)


def take(pilot: Pilot[int], name: str) -> None:
    """Write what is on the screen; without the web fonts, so that no picture asks the network."""
    svg = pilot.app.export_screenshot(title="Foundry TUI")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (HERE / f"{name}.svg").write_text(svg, "utf-8")
    print(f"screenshots/{name}.svg")


async def main() -> None:
    """Walk through the panes."""
    from tests.support.waiting import screen_text
    from tui.app import FoundryApp
    from tui.cli.options import GlobalOptions
    from tui.session import load_session

    app = FoundryApp(load_session(GlobalOptions(), {}))
    async with app.run_test(size=SIZE, notifications=False) as pilot:

        def sees(text: str) -> Callable[[], bool]:
            return lambda: text in screen_text(app)

        await until(pilot, sees("demo-small"))
        await pilot.press("space", "space", "g", "enter")
        await until(pilot, lambda: len(app.store.state.loaded) == 1)
        await pilot.press("j", "enter")
        await until(pilot, lambda: len(app.store.state.loaded) == 2)
        await until(pilot, lambda: not app.store.state.active_jobs)
        await pilot.pause(0.2)
        take(pilot, "catalog")

        await pilot.press("2")
        await until(pilot, sees("2 variants"))
        take(pilot, "cache")

        await pilot.press("3")
        for number, question in enumerate((QUESTION, "Which key starts a benchmark?"), start=1):
            await pilot.press(*question, "enter")
            await until(pilot, lambda n=number: screen_text(app).count("stopped by itself") == n)
        take(pilot, "chat")

        await pilot.press("escape", "5", "p", "s")
        await until(pilot, sees("spread"))
        take(pilot, "bench")

        await pilot.press("4")
        await until(pilot, lambda: len(app.history) >= 25)
        take(pilot, "monitor")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory(prefix="foundry-tui-") as home:
        os.environ |= {"FOUNDRY_TUI_HOME": home, "TEXTUAL_ANIMATIONS": "none", "CI": "true"}
        shutil.copy(ROOT / "models.json", home)
        os.chdir(home)
        asyncio.run(main())
