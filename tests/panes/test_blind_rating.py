"""Blind rating on the screen: what a rater sees, and above all what not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from tests.support.app import running_app
from tests.support.bench_runs import kept_run
from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.bench.ratings import RatingBook
from tui.bench.recorder import Recorder
from tui.database import Database
from tui.paths import Paths

RUN = "0123456789ab"
THIRD = "my-model:1"
TELLING = ("demo", "my-model", "tok/s", " ms", "MB", "cpu", "CPU", "E2E", "TTFT")
"""Nothing of this may stand on a rater's screen: names, speed, memory, what is loaded."""


@pytest.fixture
def database(paths: Paths) -> Database:
    return Database(paths.database)


@asynccontextmanager
async def rating(
    database: Database, size: tuple[int, int] = (80, 24), *, targets: int = 2, rater: str = "anna"
) -> AsyncIterator[Pilot[int]]:
    """Open a run of some targets, whose answers are good, fair and poor, and begin to rate."""
    if not Recorder(database).list():
        times = {SMALL: 0.02, LARGE: 0.05, THIRD: 0.03}
        names = list(times)[:targets]
        kept_run(
            Recorder(database), RUN, targets={name: times[name] for name in names}, answer=said
        )
    async with running_app(ScriptedBackend.with_demo_models(), size=size) as pilot:
        await pilot.press("5", "h")
        await expect(pilot, "Earlier runs")
        await expect(pilot, "demo-small")
        await pilot.press("enter")
        await expect(pilot, f"{targets} targets · own")
        await pilot.press("b")
        await expect(pilot, "Your name")
        await pilot.press("ctrl+u", *rater, "enter")
        yield pilot


def said(target: str, prompt: int) -> str:
    quality = {SMALL: "good", LARGE: "fair", THIRD: "poor"}[target]
    return f"a {quality} answer to {prompt}, from {target}"


async def expect(pilot: Pilot[int], text: str) -> None:
    await wait_until(pilot, lambda: text in screen_text(pilot.app), repr(text))


def told(pilot: Pilot[int]) -> list[str]:
    """Return what the screen gives away."""
    return [word for word in TELLING if word in screen_text(pilot.app)]


def shown(pilot: Pilot[int]) -> list[str]:
    """Return the qualities of the answers from left to right."""
    line = next(one for one in screen_text(pilot.app).splitlines() if "answer to" in one)
    words = line.split()
    return [words[n - 1] for n, word in enumerate(words) if word == "answer"]


async def test_nothing_tells_whose_an_answer_is_until_all_are_rated(database: Database) -> None:
    async with rating(database) as pilot:
        for place in range(1, 7):
            await expect(pilot, f"prompt {place} of 6")
            assert told(pilot) == []
            assert "[model]" in screen_text(pilot.app)
            for quality in shown(pilot):
                await pilot.press(*{"good": "554", "fair": "332"}[quality])
        await expect(pilot, "All 6 prompts are done")
        assert told(pilot) == []
        await pilot.press("enter")
        await expect(pilot, "demo-small is rated 2.00 points better than demo-large")
        await expect(pilot, "few prompts")
        await pilot.press("u")
        await pilot.press("escape")
        await expect(pilot, "4.7 of 5")
        await expect(pilot, "2.7 of 5")
        await pilot.press("v")
        await expect(pilot, "rating 4.7")


async def test_scores_are_seen_taken_back_and_given_anywhere(database: Database) -> None:
    async with rating(database) as pilot:
        await expect(pilot, "▸ fluency")
        await pilot.press("4")
        await expect(pilot, "[4]")
        await expect(pilot, "▸ relevance")
        await pilot.press("u")
        await wait_until(pilot, lambda: "[4]" not in screen_text(pilot.app), "it is gone")
        await pilot.press("right", "down", "down", "5")
        await expect(pilot, "[5]")
        await expect(pilot, "▸ fluency")
        await pilot.press("t")
        await expect(pilot, "prompt 2 of 6 · 1 done")
        await pilot.press("u")
        await expect(pilot, "prompt 1 of 6 · 0 done")


async def test_one_stops_and_goes_on_later_and_another_rates_too(database: Database) -> None:
    async with rating(database) as pilot:
        await expect(pilot, "prompt 1 of 6")
        await pilot.press("t", "s")
        await expect(pilot, "prompt 3 of 6 · 2 done")
        await pilot.press("escape")
        await expect(pilot, "anna has rated 2 of 6: counted when done")
    async with rating(database) as pilot:
        await expect(pilot, "prompt 3 of 6 · 2 done")
        await pilot.press("E", "enter")
        await expect(pilot, "Rated by anna")
    async with rating(database, rater="anna") as pilot:
        await expect(pilot, "anna has finished and has seen the names; take another name")
        await pilot.press("ctrl+u", *"bert", "enter")
        await expect(pilot, "prompt 1 of 6 · 0 done")
    assert [one.rater for one in RatingBook(database).raters(RUN)] == ["anna", "bert"]


@pytest.mark.parametrize(("size", "columns"), [((120, 40), 3), ((80, 24), 2), ((60, 20), 1)])
async def test_as_many_answers_as_fit_stand_beside_each_other(
    database: Database, size: tuple[int, int], columns: int
) -> None:
    async with rating(database, size, targets=3) as pilot:
        await expect(pilot, "prompt 1 of 6")
        assert len(shown(pilot)) == columns
        assert told(pilot) == []
        first = shown(pilot)
        await pilot.press("right", "right", "1")
        await expect(pilot, "[1]")
        assert len({*first, *shown(pilot)}) == 3 or columns == 1
        assert told(pilot) == []
