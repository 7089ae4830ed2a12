"""Filters in the search, and the orders of the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scripted_backend import demo_models
from tui.catalog.fit import MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.query import facets, parse_query, toggled
from tui.catalog.registry import load_registry
from tui.catalog.rows import CatalogView
from tui.catalog.snapshot import snapshot
from tui.catalog.sorting import SORT_KEYS, SortKey
from tui.foundry.types import Device, Model, Variant

GB = 10**9
MODELS = (
    Model(
        "otter-reasoning",
        (
            Variant("otter-gpu:1", "otter-reasoning", Device.GPU, "CUDAExecutionProvider", 3 * GB),
            Variant("otter-cpu:1", "otter-reasoning", Device.CPU, "CPUExecutionProvider", 4 * GB,
                    cached=True),
        ),
        license="MIT", task="chat", publisher="Made up", context_tokens=8192, supports_tools=True,
        supports_reasoning=True,
    ),
    Model(
        "heron", (Variant("heron-cpu:2", "heron", Device.CPU, "CPUExecutionProvider", 90 * GB),),
        license="apache-2.0", task="vision", context_tokens=131_072, as_of="2026-09",
    ),
    Model("lynx", (Variant("lynx-npu:1", "lynx", Device.NPU, "QNNExecutionProvider", None,
                           cached=True, loaded=True),), task="speech", local=True, demo=True),
)  # fmt: skip
INPUTS = FitInputs(MemoryState(32 * GB, 20 * GB, 500 * GB))


def found(query: str, sort: SortKey = "state", *, reverse: bool = False) -> list[str]:
    rows = CatalogView(MODELS).rows(INPUTS, query=query, sort=sort, reverse=reverse)
    return [row.alias for row in rows]


@pytest.mark.parametrize(
    ("query", "aliases"),
    [
        ("is:loaded", ["lynx"]),
        ("is:cached", ["lynx", "otter-reasoning"]),
        ("-is:cached", ["otter-reasoning", "heron"]),
        ("is:fits", ["lynx", "otter-reasoning"]),
        ("fit:big", ["heron"]),
        ("is:tools", ["otter-reasoning"]),
        ("is:reasoning", ["otter-reasoning"]),
        ("is:demo is:local", ["lynx"]),
        ("is:offline", ["heron"]),
        ("task:vis", ["heron"]),
        ("device:GPU", ["otter-reasoning"]),
        ("ep:qnn", ["lynx"]),
        ("license:mit", ["otter-reasoning"]),
        ("licence:apache", ["heron"]),
        ("publisher:made", ["otter-reasoning"]),
        ("size<4gb", ["otter-reasoning"]),
        ("size>=4gb", ["otter-reasoning", "heron"]),
        ("context>8k", ["heron"]),
        ("context<=8k", ["otter-reasoning"]),
        ("device:cpu size<50gb", ["otter-reasoning"]),
        ("heron device:gpu", []),
        ("ott device:gpu", ["otter-reasoning"]),
    ],
)
def test_filters(query: str, aliases: list[str]) -> None:
    assert sorted(found(query)) == sorted(aliases)


@pytest.mark.parametrize("text", ["is:nothing", "size<many", "size:3gb", "colour:red", "http://x"])
def test_what_only_looks_like_a_filter_is_searched_as_text(text: str) -> None:
    query = parse_query(f"otter {text}")
    assert query.words == f"otter {text}"
    assert query.tests == ()


def test_the_variant_that_is_run_is_one_that_passes() -> None:
    (row,) = CatalogView(MODELS).rows(INPUTS, query="device:gpu")
    assert row.variant is not None
    assert row.variant.id == "otter-gpu:1"
    rows = CatalogView(MODELS).rows(INPUTS, query="device:gpu", expanded={"otter-reasoning"})
    assert [one.label for one in rows] == ["otter-reasoning", "otter-gpu:1"]


@pytest.mark.parametrize(
    ("sort", "aliases"),
    [
        ("state", ["lynx", "otter-reasoning", "heron"]),
        ("name", ["heron", "lynx", "otter-reasoning"]),
        ("size", ["otter-reasoning", "heron", "lynx"]),
        ("context", ["heron", "otter-reasoning", "lynx"]),
        ("needs", ["lynx", "otter-reasoning", "heron"]),
        ("device", ["heron", "otter-reasoning", "lynx"]),
        ("task", ["otter-reasoning", "lynx", "heron"]),
        ("license", ["heron", "otter-reasoning", "lynx"]),
        ("tools", ["otter-reasoning", "heron", "lynx"]),
    ],
)
def test_orders(sort: SortKey, aliases: list[str]) -> None:
    assert found("", sort) == aliases
    assert found("", sort, reverse=True) == aliases[::-1]


def test_the_order_of_the_registry_is_its_task_then_the_memory_it_asks_for(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text(
        '[{"name": "heron", "task": "chat", "min_ram_gb": 16},'
        ' {"name": "lynx", "task": "chat", "min_ram_gb": 8},'
        ' {"name": "gone", "task": "chat", "min_ram_gb": 4}]'
    )
    registry = load_registry(file)
    rows = CatalogView(MODELS, registry).rows(INPUTS, sort="registry")
    # A name that no model answers to stays below them all.
    assert [row.alias for row in rows] == ["lynx", "heron", "otter-reasoning", "gone"]


def test_the_filters_and_orders_that_are_offered_are_read_whole_at_80_columns() -> None:
    told = [f"{meaning} ({count})" for _, meaning, count in facets(MODELS, INPUTS)]
    told += [meaning for _, meaning in SORT_KEYS]
    assert max(len(text) for text in told) <= 48


def test_a_filter_is_added_and_taken_away() -> None:
    assert toggled("otter", "is:cached") == "otter is:cached"
    assert toggled("otter IS:cached x", "is:cached") == "otter x"


def test_the_filters_that_are_offered_find_something() -> None:
    models = (*demo_models(), *snapshot())
    offered = facets(models, INPUTS)
    tokens = {token for token, _, _ in offered}
    assert tokens >= {"is:demo", "is:offline", "task:speech", "device:cpu", "ep:cuda", "size<1gb"}
    for token, meaning, count in offered:
        assert meaning
        assert len(CatalogView(models).rows(INPUTS, query=token)) == count


def test_five_thousand_variants_are_asked_once_for_a_query() -> None:
    models = tuple(
        replace(MODELS[0], alias=f"otter-{number}",
                variants=tuple(replace(one, id=f"{number}-{one.id}") for one in MODELS[0].variants))
        for number in range(2500)
    )  # fmt: skip
    view = CatalogView(models)
    first = view.rows(INPUTS, query="is:fits otter-24")
    again = view.rows(INPUTS, query="is:fits otter-249")
    assert len(first) > len(again) > 0
    assert {id(row) for row in again} <= {id(row) for row in first}  # no verdict is made twice


@given(st.text(max_size=60))
def test_no_query_crashes(text: str) -> None:
    for row in CatalogView(MODELS).rows(INPUTS, query=text):
        assert row.alias


def test_three_devices_are_written_in_the_room_of_two() -> None:
    devices = (Device.GPU, Device.NPU, Device.CPU)
    variants = tuple(Variant(f"x-{one}:1", "x", one, "", GB, cached=True) for one in devices)
    assert [CatalogView([Model("x", variants[:n])]).rows()[0].device for n in (1, 2, 3)] == [
        "GPU", "GPU NPU", "GPU +2",
    ]  # fmt: skip
