"""The first line, in every width."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult

from tests.support.waiting import screen_text
from tui.foundry.errors import FoundryError
from tui.foundry.types import BackendInfo, BackendKind
from tui.messages import PaneRequested
from tui.store import State
from tui.system.history import History
from tui.system.sample import Sample
from tui.widgets.header import Header

SAMPLE = Sample(0.0, cpu_percent=42.4, ram_total_bytes=16_000_000_000, ram_used_bytes=6_400_000_000)


def info(
    kind: BackendKind = "runtime", version: str = "2.2.1", endpoint: str | None = None
) -> BackendInfo:
    return BackendInfo(kind, version, "It was there.", endpoint)


class Host(App[None]):
    def __init__(self, state: State, active: str = "chat") -> None:
        super().__init__()
        self.state, self.active = state, active
        self.history = History()
        self.asked: list[str] = []

    def compose(self) -> ComposeResult:
        yield Header(self.history)

    def on_mount(self) -> None:
        if self.state.sample is not None:
            self.history.append(self.state.sample)
        self.query_one(Header).show(self.state, self.active)

    def on_pane_requested(self, event: PaneRequested) -> None:
        self.asked.append(event.pane)


async def line(width: int, state: State) -> str:
    app = Host(state)
    async with app.run_test(size=(width, 3)) as pilot:
        await pilot.pause()
        return screen_text(app).splitlines()[0]


def ready(**changes: Any) -> State:
    return State(connection="ready", info=info(), sample=SAMPLE, **changes)


async def test_a_wide_header_has_graphs_and_numbers() -> None:
    text = await line(140, ready())
    assert text.startswith(" Foundry TUI  1 Catalog  2 Cache  3 Chat  4 Monitor  5 Bench ")
    assert text.endswith("runtime 2.2.1   CPU      ▄ 42%  RAM      ▄ 6.4/16.0 GB ")


@pytest.mark.parametrize(("width", "ram"), [(80, "RAM 6/16G"), (120, "/16")])
async def test_digits_of_panes_and_meters_stay(width: int, ram: str) -> None:
    text = await line(width, ready())
    for title in ("1 Catalog", "2 Cache", "3 Chat", "4 Monitor", "5 Bench", "42%", ram):
        assert title in text


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("cpu", "shown"), [(0.0, "  0%"), (7.6, "  8%"), (100.0, "100%")])
async def test_the_meter_does_not_move_with_its_digits(width: int, cpu: float, shown: str) -> None:
    sample = Sample(0.0, cpu, ram_total_bytes=16_000_000_000, ram_used_bytes=6_400_000_000)
    here = State(connection="ready", info=info(), sample=sample)
    text = await line(width, here)
    assert shown in text
    assert text.index("RAM") == (await line(width, ready())).index("RAM")


@pytest.mark.parametrize("width", range(20, 160, 7))
async def test_the_active_pane_shows_in_every_width(width: int) -> None:
    text = await line(width, ready())
    assert "3 Chat" in text or width < 22
    assert len(text) == width


async def test_cpu_is_a_dash_until_it_was_measured_twice() -> None:
    first = Sample(0.0, ram_total_bytes=16_000_000_000, ram_used_bytes=6_400_000_000)
    assert "CPU  -  RAM 6/16G" in await line(80, State("ready", info(), sample=first))


async def test_it_says_that_it_is_still_connecting() -> None:
    assert (await line(120, State())).rstrip().endswith("connecting …")


async def test_it_says_that_there_is_no_backend() -> None:
    state = State(connection="failed", connection_error=FoundryError("Nothing there.", ""))
    assert (await line(120, state)).rstrip().endswith("no backend")


async def test_an_endpoint_is_named_by_its_address_without_secrets_or_escapes() -> None:
    state = State("ready", info("endpoint", "", "http://127.0.0.1:8000/v1?key=x"), sample=SAMPLE)
    text = await line(140, state)
    assert "127.0.0.1:8000" in text
    assert "key" not in text
    state = State("ready", info("runtime", "\x1b[31m2.2[red]"), sample=SAMPLE)
    assert "runtime 2.2[red]" in await line(140, state)


async def test_the_command_line_is_named_with_generation_and_port() -> None:
    service = BackendInfo("foundry", "0.8.119", "", "http://127.0.0.1:5273", generation="service")
    text = await line(140, State("ready", service, sample=SAMPLE))
    assert "foundry 0.8.119 service :5273" in text
    text = await line(140, State("ready", replace(service, endpoint=None), sample=SAMPLE))
    assert "foundry 0.8.119 service stopped" in text


async def test_a_click_on_a_pane_goes_there() -> None:
    app = Host(ready())
    async with app.run_test(size=(120, 3)) as pilot:
        await pilot.pause()
        text = screen_text(app)
        for place in ("Monitor", "2 Cache", "Foundry TUI"):
            await pilot.click(Header, offset=(text.index(place), 0))
        await pilot.pause()
        assert app.asked == ["monitor", "cache"]
