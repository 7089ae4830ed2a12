"""Search, filter, fit and compare on a catalog of the public one's size and shape, and at scale."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest

from tests.support.app import running_app
from tests.support.made_up_catalog import COUNT, made_up_catalog
from tests.support.scripted_backend import ScriptedBackend
from tests.support.waiting import screen_text, wait_until
from tui.catalog import inputs as inputs_module
from tui.catalog.compare import compare
from tui.catalog.fit import MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.query import facets
from tui.catalog.registry import Registry
from tui.catalog.resolve import find_variant
from tui.catalog.rows import CatalogRow, CatalogView
from tui.catalog.sorting import SORT_KEYS
from tui.panes.catalog import cells
from tui.widgets.table import Cell

GB = 10**9
MODELS = made_up_catalog()
INPUTS = FitInputs(MemoryState(16 * GB, 8 * GB, 100 * GB), providers=("CPUExecutionProvider",))
MANY = 5_000


def found(query: str) -> list[CatalogRow]:
    rows = CatalogView(MODELS).rows(INPUTS, query=query, expanded={one.alias for one in MODELS})
    return [row for row in rows if row.depth == 0]


def test_it_has_the_shape_of_the_public_one() -> None:
    assert len(MODELS) == COUNT
    assert {len(model.variants) for model in MODELS} == {1, 3}
    assert {model.task for model in MODELS} == {"chat", "vision", "speech", "embeddings"}


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("otter", lambda m: m.alias.startswith("otter")),
        ("lakeside", lambda m: m.publisher == "Lakeside"),
        ("publisher:seaside", lambda m: m.publisher == "Seaside"),
        ("license:mit", lambda m: m.license == "MIT"),
        ("task:speech", lambda m: m.task == "speech"),
        ("device:cpu", lambda m: len(m.variants) == 3),
        ("ep:webgpu", lambda m: len(m.variants) == 3),
        ("is:runs", lambda m: len(m.variants) == 3),
        ("is:cached", lambda m: m.cached),
        ("is:loaded", lambda m: m.loaded),
        ("is:tools", lambda m: m.supports_tools),
        ("is:reasoning", lambda m: m.supports_reasoning),
        ("size<1gb", lambda m: m.variants[0].size_bytes < GB),
        ("context>100k", lambda m: m.context_tokens == 131_072),
        ("is:fits", lambda m: any(INPUTS.judge(m, v).verdict == "fits" for v in m.variants)),
        ("chat license:mit is:tools", lambda m: False),
    ],
)
def test_each_filter_finds_exactly_what_it_says(query: str, passes: object) -> None:
    wanted = {model.alias for model in MODELS if passes(model)}  # type: ignore[operator]
    assert {row.alias for row in found(query)} == wanted


def test_every_filter_that_is_offered_finds_as_many_as_it_says() -> None:
    for token, _, count in facets(MODELS, INPUTS):
        assert len(found(token)) == count, token


@pytest.mark.parametrize("sort", [key for key, _ in SORT_KEYS])
def test_every_order_keeps_all_and_turns_round(sort: str) -> None:
    view = CatalogView(MODELS)
    rows = view.rows(INPUTS, sort=sort)  # type: ignore[arg-type]
    turned = view.rows(INPUTS, sort=sort, reverse=True)  # type: ignore[arg-type]
    assert [row.key for row in turned] == [row.key for row in reversed(rows)]
    assert {row.alias for row in rows} == {model.alias for model in MODELS}


def test_the_verdicts_follow_size_device_and_memory() -> None:
    small, big = found("otter-0.5b-chat device:cpu")[0], found("marten-14b device:cpu")[0]
    assert small.fit is not None
    assert big.fit is not None
    assert (small.fit.verdict, big.fit.verdict) == ("fits", "too big")
    for row in found(""):
        assert row.verdict == (row.fit.verdict if row.fit else None)


def test_two_are_compared_in_every_property() -> None:
    pairs = [find_variant(MODELS, "otter-0.5b-chat"), find_variant(MODELS, "heron-1.5b-chat")]
    lines = {line.label: line for line in compare(pairs, INPUTS, Registry())}
    assert lines["Publisher"].differs
    assert lines["Asks for"].values == ("CPU", "CPU")
    assert lines["Registered"].values == ("yes", "yes")
    assert lines["Size"].best == 0
    assert {"Reasoning", "Context", "Usable", "Needs", "Fit", "Memory", "Rating"} <= set(lines)


def test_at_scale_a_letter_makes_no_sum_and_new_memory_none_twice() -> None:
    models = made_up_catalog(MANY)
    variants = sum(len(model.variants) for model in models)
    assert variants >= MANY
    view = CatalogView(models)
    with patch.object(inputs_module, "sum_up", wraps=inputs_module.sum_up) as summed:
        for letters in ("", "o", "ot", "ott"):
            assert view.rows(INPUTS, query=letters)
        assert summed.call_count == 0
        view.rows(replace(INPUTS, sums={}), query="is:fits")
        once = summed.call_count
        assert 0 < once <= variants
        less = replace(INPUTS, memory=MemoryState(16 * GB, 7 * GB), sums={})
        view.rows(less, query="is:fits")
        view.rows(replace(less, memory=MemoryState(16 * GB, 6 * GB)), query="is:fits")
        assert summed.call_count == 2 * once  # the sums were handed on, the memory was another


async def test_at_scale_only_what_is_on_the_screen_is_written() -> None:
    backend = ScriptedBackend(made_up_catalog(MANY), kind="foundry")
    written: list[str] = []
    write = cells._cells

    def counted(row: CatalogRow) -> tuple[Cell, ...]:
        written.append(row.key)
        return write(row)

    with patch.object(cells, "_cells", counted):
        async with running_app(backend, size=(120, 40)) as pilot:
            shown = f"of {len(made_up_catalog(MANY)):d} models"
            await wait_until(pilot, lambda: shown in screen_text(pilot.app), "the list")
            await pilot.press("slash", *"heron-7")
            await wait_until(pilot, lambda: " 0 of" not in screen_text(pilot.app), "a search")
            await pilot.press("escape", "G")
            await wait_until(pilot, lambda: "wren" in screen_text(pilot.app), "its end")
    assert len(set(written)) < 500


async def test_what_was_typed_survives_a_refresh() -> None:
    backend = ScriptedBackend(MODELS, kind="foundry")
    async with running_app(backend) as pilot:
        await pilot.press("slash", *"otter is:cached", "enter")
        await wait_until(pilot, lambda: "1 of 49 models" in screen_text(pilot.app), "a search")
        backend._models = list(made_up_catalog(200))
        await pilot.press("R")
        await wait_until(pilot, lambda: "of 147 models" in screen_text(pilot.app), "the new list")
        assert "otter is:cached" in screen_text(pilot.app)
        assert "147 of 147" not in screen_text(pilot.app)
