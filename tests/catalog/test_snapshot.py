"""The snapshot of the public catalog: to browse before the first network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.app import running_app
from tests.support.scripted_backend import ScriptedBackend, demo_models
from tests.support.waiting import screen_text, wait_until
from tui.catalog.fit import MemoryState, judge
from tui.catalog.snapshot import out_of_reach, snapshot, with_snapshot

DEMOS = tuple(model for model in demo_models() if model.demo)


def test_it_has_what_a_choice_needs() -> None:
    models = snapshot()
    assert len(models) == 49
    ids = [variant.id for model in models for variant in model.variants]
    assert len(ids) == len(set(ids))
    for model in models:
        assert model.as_of == "2026-09"
        assert model.task in ("chat", "vision", "speech", "embeddings")
        assert model.license
        assert not model.cached
        for variant in model.variants:
            assert variant.execution_provider
            assert variant.size_bytes
    room = MemoryState(16 * 2**30, 8 * 2**30, 100 * 2**30)
    verdicts = {judge(model.variants[0], model, room).verdict for model in models}
    assert verdicts >= {"fits", "too big"}


def test_it_stands_in_only_while_the_runtime_knows_no_catalog() -> None:
    assert len(with_snapshot(DEMOS, "runtime")) == 2 + 49
    assert with_snapshot(DEMOS, "foundry") == DEMOS
    assert with_snapshot(demo_models(), "runtime") == demo_models()
    own = replace(DEMOS[0], alias="Phi-4-Mini", demo=False)
    assert "phi-4-mini" not in [model.alias for model in with_snapshot((own,), "runtime")]


def test_what_is_out_of_reach_says_so() -> None:
    error = out_of_reach(snapshot()[0])
    assert "2026-09" in error.message
    assert "network" in error.hint


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_first_start_without_a_network_can_browse_and_judge(size: tuple[int, int]) -> None:
    backend = ScriptedBackend(DEMOS)
    async with running_app(backend, size=size) as pilot:
        text = screen_text(pilot.app)
        assert "51 of 51 models" in text
        assert text.index("demo-small") < text.index("deepseek-r1-1.5b")
        await pilot.press("slash", *"gpt-oss", "enter")
        await wait_until(pilot, lambda: "offline" in screen_text(pilot.app), "the row")
        await pilot.press("enter")
        await wait_until(
            pilot, lambda: "cannot be reached now" in screen_text(pilot.app), "the reason"
        )
        assert not [call for call in backend.calls if call.startswith(("download", "load"))]
