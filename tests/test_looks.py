"""A few screens as pictures, with fixed figures; a change of looks shows in the report.

After a wanted change: `pytest tests/test_looks.py --snapshot-update`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.bench_runs import kept_run
from tests.support.scripted_backend import LARGE, SMALL, ScriptedBackend, words
from tests.support.waiting import screen_text, wait_until
from tui.app import FoundryApp
from tui.bench.history import History
from tui.bench.ratings import Rating, RatingBook, Scores
from tui.bench.recorder import Recorder
from tui.cli.options import GlobalOptions
from tui.database import Database
from tui.paths import Paths
from tui.session import load_session
from tui.system.sample import ProcessSample, Sample

ROOT = Path(__file__).parent.parent
Compare = Callable[..., bool]
ANSWER = "**Edge AI** runs models where the data is made:\n\n- no network\n- `data` stays\n"


class FixedSampler:
    """Stands for a machine whose figures are known."""

    def __init__(self, *_: object, **__: object) -> None:
        self._number = count()

    pids = ()
    devices = None

    def follow(self, *_: int) -> None:
        """Nothing to follow."""

    def sample(self) -> Sample:
        number = next(self._number)
        return Sample(
            at_s=float(number),
            cpu_percent=42.0,
            per_core=(80.0, 4.0),
            cpu_frequency_mhz=2900.0,
            load_average=1.0,
            ram_total_bytes=16_000_000_000,
            ram_used_bytes=6_400_000_000,
            ram_available_bytes=9_600_000_000,
            disk_free_bytes=80_000_000_000,
            processes=(ProcessSample(7001, "foundry-tui", 0.7, 46_000_000, 4, own=True),),
            cost_s=0.0004,
        )


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FoundryApp:
    backend = ScriptedBackend.with_demo_models()
    backend.mark(SMALL, loaded=True)
    backend.answers.append(words(ANSWER, ttft_s=0.05, itl_s=0.01))

    async def connect(*_: object) -> ScriptedBackend:
        return backend

    monkeypatch.setattr("tui.foundry.connect.connect", connect)
    monkeypatch.setattr("tui.workers.sampling.Sampler", FixedSampler)
    monkeypatch.setattr("tui.workers.sampling.SamplingWorker.pace_s", 3600.0)
    return FoundryApp(load_session(GlobalOptions(models_file=ROOT / "models.json"), {}))


async def _ready(pilot: Pilot[object]) -> None:
    await wait_until(pilot, lambda: "demo-large" in screen_text(pilot.app), "the models")
    await pilot.pause()


async def _asked(pilot: Pilot[object]) -> None:
    await _ready(pilot)
    await pilot.press("3", *"edge", "enter")
    await wait_until(pilot, lambda: "TTFT" in screen_text(pilot.app), "the answer")
    await pilot.press("escape")
    await pilot.pause()


async def _measured(pilot: Pilot[object]) -> None:
    await _ready(pilot)
    await pilot.press("5", "h")
    await wait_until(pilot, lambda: "is fastest" in screen_text(pilot.app), "the history")
    await pilot.press("enter")
    await wait_until(pilot, lambda: "4.7 of 5" in screen_text(pilot.app), "the ratings")
    await pilot.pause()


def test_a_finished_benchmark(app: FoundryApp, snap_compare: Compare, paths: Paths) -> None:
    database = Database(paths.database)
    times = {SMALL: 0.02, LARGE: 0.05, "my-model:1": 0.03}
    summary = kept_run(Recorder(database), targets=times, prompts=12, context={"started_at": ""})
    book = RatingBook(database)
    book.open(summary.run_id, "anna", 1)
    scores: dict[str, Scores] = {SMALL: (3, 3, 2), LARGE: (5, 5, 4), "my-model:1": (4, 3, 3)}
    book.put(summary.run_id, "anna", *(Rating(prompt, "scores", scores) for prompt in range(12)))
    book.finish(summary.run_id, "anna")
    History(database).write_note(summary.run_id, "after the update")
    assert snap_compare(app, terminal_size=(120, 40), run_before=_measured)


def test_the_catalog(app: FoundryApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=(120, 30), run_before=_ready)


def test_the_catalog_on_a_small_terminal(app: FoundryApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=(80, 24), run_before=_ready)


def test_a_conversation(app: FoundryApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=(80, 24), run_before=_asked)
