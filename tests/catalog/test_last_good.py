"""The last catalog that a backend listed, for the day when it lists none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.app import running_app
from tests.support.scripted_backend import ScriptedBackend, demo_models
from tests.support.waiting import screen_text, wait_until
from tui.catalog.last_good import LastGood, shipped
from tui.catalog.snapshot import snapshot
from tui.foundry.errors import BackendUnavailable
from tui.foundry.types import Model
from tui.paths import Paths

GONE = BackendUnavailable("The catalog cannot be read.", "Check the network.")


def as_unloaded(models: tuple[Model, ...]) -> tuple[Model, ...]:
    return tuple(
        replace(one, variants=tuple(replace(v, loaded=False) for v in one.variants))
        for one in models
    )


def test_what_was_listed_comes_back_but_nothing_is_loaded(tmp_path: Path) -> None:
    models = demo_models()
    loaded = (
        replace(models[0], variants=(replace(models[0].variants[0], loaded=True),)),
        *models[1:],
    )
    last = LastGood(tmp_path / "catalog")
    last.keep("foundry", "http://127.0.0.1:5273", loaded)
    kept = last.find("foundry", None)
    assert kept is not None
    assert kept.models == as_unloaded(loaded)
    assert kept.saved_at is not None
    assert last.find("runtime", None) is None
    assert last.find("auto", None) == kept


def test_each_endpoint_has_its_own(tmp_path: Path) -> None:
    last = LastGood(tmp_path)
    last.keep("endpoint", "http://one:1", demo_models()[:1])
    last.keep("endpoint", "http://two:1", demo_models()[:2])
    one, two = last.find("endpoint", "http://one:1"), last.find("auto", "http://two:1")
    assert one is not None
    assert two is not None
    assert (len(one.models), len(two.models)) == (1, 2)
    assert last.find("endpoint", "http://three:1") is None


def test_of_the_snapshot_and_of_nothing_nothing_is_kept(tmp_path: Path) -> None:
    last = LastGood(tmp_path)
    last.keep("runtime", None, snapshot())
    last.keep("runtime", None, ())
    assert last.find("auto", None) is None
    assert shipped().saved_at is None


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["alias", "variants", "id", "schema", "models"]), inner),
))  # fmt: skip
def test_a_file_that_somebody_spoilt_is_none(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    folder = tmp_path_factory.mktemp("c")
    content = {"schema": 1, "saved_at": 5, "models": value}
    (folder / "last-runtime.json").write_text(json.dumps(content), "utf-8")
    assert LastGood(folder).find("runtime", None) is None
    (folder / "last-runtime.json").write_text(json.dumps(value), "utf-8")
    assert LastGood(folder).find("runtime", None) is None


def test_text_of_it_cannot_steer_the_terminal(tmp_path: Path) -> None:
    last = LastGood(tmp_path)
    last.keep("runtime", None, [replace(demo_models()[2], description="a\x1b[31mb")])
    kept = last.find("runtime", None)
    assert kept is not None
    assert "\x1b" not in kept.models[0].description


def made_old(paths: Paths, hours: float) -> None:
    (file,) = paths.catalog_cache.glob("last-*.json")
    value = json.loads(file.read_text("utf-8"))
    value["saved_at"] -= hours * 3600
    file.write_text(json.dumps(value), "utf-8")
    os.utime(file)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
async def test_a_catalog_that_fails_is_shown_as_it_was_with_age_and_reason(
    paths: Paths, size: tuple[int, int]
) -> None:
    LastGood(paths.catalog_cache).keep("runtime", None, demo_models())
    made_old(paths, 3)
    backend = ScriptedBackend.with_demo_models()
    backend.fail("models", GONE, always=True)
    async with running_app(backend, size=size) as pilot:
        await wait_until(pilot, lambda: "as it was 3 h ago" in screen_text(pilot.app), "its age")
        text = screen_text(pilot.app)
        assert "The catalog cannot be read." in text
        assert "demo-small" in text
        backend.heal("models")
        await pilot.press("R")
        await wait_until(pilot, lambda: "3 h ago" not in screen_text(pilot.app), "the new one")


async def test_an_empty_catalog_is_no_reason_to_forget_the_last_one(paths: Paths) -> None:
    LastGood(paths.catalog_cache).keep("runtime", None, demo_models())
    async with running_app(ScriptedBackend()) as pilot:
        await wait_until(pilot, lambda: "lists no models now" in screen_text(pilot.app), "why")
        assert "phi-4-mini" in screen_text(pilot.app)


async def test_without_any_backend_the_last_one_can_be_browsed(paths: Paths) -> None:
    LastGood(paths.catalog_cache).keep("foundry", None, demo_models())
    made_old(paths, 50)
    async with running_app(BackendUnavailable("None.", "Install one.")) as pilot:
        await wait_until(pilot, lambda: "2 days ago" in screen_text(pilot.app), "its age")
        await pilot.press("slash", *"phi", "enter")
        await wait_until(pilot, lambda: "1 of 3 models" in screen_text(pilot.app), "a search")


async def test_a_first_start_without_backend_and_network_shows_the_snapshot_and_what_to_do() -> (
    None
):
    error = BackendUnavailable("There is no backend.", "Install one.")
    async with running_app(error, size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: "49 of 49 models" in screen_text(pilot.app), "models")
        text = screen_text(pilot.app)
        assert "ships with the program" in text
        assert "There is no backend." in text
        assert "Install one." in text
