"""The second line: jobs, models in memory, and a backend that is gone."""

from __future__ import annotations

import time
from typing import Any

from textual.app import App, ComposeResult

from tests.support.waiting import screen_text
from tui.foundry.errors import FoundryError
from tui.foundry.types import LoadResult, Model, Progress, Variant
from tui.store import Job, State
from tui.system.model_memory import ModelMemory
from tui.widgets.status_line import StatusLine


def models(*aliases: str) -> tuple[Model, ...]:
    return tuple(
        Model(alias, (Variant(f"{alias}-generic-cpu:1", alias, cached=True, loaded=True),))
        for alias in aliases
    )


def job(number: int = 1, **changes: Any) -> Job:
    values: dict[str, Any] = {"kind": "download", "subject": "phi-4:2", "state": "running"}
    return Job(number, **(values | changes))


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield StatusLine()


async def shown(state: State, width: int = 100) -> str:
    app = Host()
    async with app.run_test(size=(width, 3)) as pilot:
        app.query_one(StatusLine).show(state)
        await pilot.pause()
        return screen_text(app).splitlines()[0].strip()


async def test_it_takes_no_line_while_there_is_nothing_to_say() -> None:
    app = Host()
    async with app.run_test(size=(80, 3)) as pilot:
        status = app.query_one(StatusLine)
        assert not status.display
        status.show(State(models=models("phi-4")))
        await pilot.pause()
        assert status.display
        status.show(State(models=()))
        await pilot.pause()
        assert not status.display


async def test_a_download_shows_how_far_it_is_and_how_long_it_takes() -> None:
    running = job(
        progress=Progress(done_bytes=1_200_000_000, total_bytes=4_800_000_000), rate_bytes_s=12e6
    )
    assert (
        await shown(State(jobs=(running,)))
        == "◐ download phi-4:2  1.2 GB of 4.8 GB  12.0 MB/s  5 min 00 s left   J jobs"
    )


async def test_a_job_without_bytes_shows_a_share_or_what_it_does() -> None:
    assert "load phi-4:2  37%" in await shown(
        State(jobs=(job(kind="load", progress=Progress(fraction=0.37)),))
    )
    assert "import phi-4:2  copying" in await shown(
        State(jobs=(job(kind="import", progress=Progress(message="copying")),))
    )


async def test_a_job_that_waits_says_so_and_others_are_counted() -> None:
    waiting = job(state="waiting")
    text = await shown(State(jobs=(waiting, job(2), job(3))))
    assert text.startswith("◐ download phi-4:2  waits  +2")


async def test_jobs_that_ended_are_not_mentioned() -> None:
    assert await shown(State(jobs=(job(state="done"), job(2, state="failed")))) == ""


async def test_a_model_in_memory_shows_what_it_took_where_that_was_measured() -> None:
    memory = ModelMemory().loaded(LoadResult("phi-4-generic-cpu:1", 1.0, 5_200_000_000), 0.0)
    text = await shown(State(models=models("phi-4", "qwen"), memory=memory))
    assert text == "● phi-4 5.2 GB   ● qwen"


async def test_many_models_are_cut_and_counted() -> None:
    text = await shown(State(models=models(*"abcdef")))
    assert text == "● a   ● b   ● c   ● d   +2"


async def test_a_lost_backend_comes_first() -> None:
    state = State(
        connection="failed",
        connection_error=FoundryError("The runtime has ended.", "Press R."),
        models=models("phi-4"),
    )
    assert (await shown(state)).startswith("! The runtime has ended.")


async def test_markup_and_escapes_in_names_show_as_text() -> None:
    text = await shown(
        State(
            jobs=(job(subject="[red]x[/red]\x1b[2J"),),
            models=models("[bold]evil\x1b]0;t\x07"),
        )
    )
    assert "download [red]x[/red]" in text
    assert "● [bold]evil" in text
    assert "\x1b" not in text


async def test_markup_in_an_error_shows_as_text() -> None:
    state = State(connection="failed", connection_error=FoundryError("No [/tmp/x] here.", ""))
    assert await shown(state) == "! No [/tmp/x] here.   R tries again"


async def test_a_line_that_is_too_long_ends_in_dots() -> None:
    text = await shown(State(models=models("a" * 30, "b" * 30)), 40)
    assert text.endswith("…")
    assert len(text) <= 40


async def test_the_same_state_paints_nothing() -> None:
    app = Host()
    async with app.run_test(size=(80, 3)) as pilot:
        status = app.query_one(StatusLine)
        state = State(models=models("phi-4"))
        status.show(state)
        await pilot.pause()
        painted: list[object] = []
        status.update = lambda *args, **_: painted.append(args)  # type: ignore[method-assign]
        status.show(state)
        assert painted == []


async def test_a_stalled_download_says_so_and_how_to_end_it() -> None:
    stuck = job(progress=Progress(0.25), moved_s=time.monotonic() - 60)
    text = await shown(State(jobs=(stuck,)))
    assert "25%  stalled for 1 min" in text
    assert "J, x cancels" in text
