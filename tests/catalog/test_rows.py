"""What the catalog's table shows."""

from __future__ import annotations

from dataclasses import replace

from tui.catalog.fit import MemoryState
from tui.catalog.inputs import FitInputs
from tui.catalog.registry import Registry, RegistryEntry
from tui.catalog.resolve import find_variant
from tui.catalog.rows import CatalogRow, CatalogView, build_rows
from tui.foundry.types import Device, Model, Variant
from tui.system.memory_records import MemoryRecord, by_variant

GB = 1_000_000_000


def variant(name: str, device: Device = Device.CPU, size: int = GB, **marks: bool) -> Variant:
    return Variant(f"{name}-{device.lower()}:1", name, device, "", size, **marks)


def model(name: str, *variants: Variant) -> Model:
    return Model(name, variants or (variant(name),), task="chat", context_tokens=4096)


ALONE = model("alone")
CACHED = model("cached", variant("cached", cached=True))
LOADED = model("loaded", variant("loaded", cached=True, loaded=True))
QWEN = model(
    "qwen2.5-7b",
    Variant("qwen2.5-7b-instruct-cuda-gpu:4", "qwen2.5-7b", Device.GPU, "", 4 * GB),
    Variant("qwen2.5-7b-instruct-generic-cpu:4", "qwen2.5-7b", Device.CPU, "", 5 * GB),
)
MODELS = (QWEN, ALONE, CACHED, LOADED)
REGISTRY = Registry(
    (
        RegistryEntry("qwen2.5-7b-instruct", "chat", 16, "good reasoning"),
        RegistryEntry("not-here", "code", 16, "coding"),
    )
)


def labels(rows: tuple[CatalogRow, ...]) -> list[str]:
    return [row.label for row in rows]


def test_loaded_then_cached_then_the_rest_by_alias() -> None:
    rows = build_rows(MODELS)
    assert labels(rows) == ["loaded", "cached", "alone", "qwen2.5-7b"]
    assert [row.state for row in rows] == ["loaded", "cached", "available", "available"]


def test_a_model_with_several_variants_opens() -> None:
    view = CatalogView(MODELS)
    closed = view.rows()[-1]
    assert (closed.expandable, closed.expanded, closed.variants) == (True, False, 2)
    assert (closed.device, closed.size_bytes) == ("GPU CPU", 5 * GB)
    assert closed.variant == find_variant(MODELS, "qwen2.5-7b")[1]
    rows = view.rows(expanded={"qwen2.5-7b", "alone"})
    assert labels(rows)[3:] == ["qwen2.5-7b", *(one.id for one in QWEN.variants)]
    assert [row.depth for row in rows] == [0, 0, 0, 0, 1, 1]
    assert rows[3].key == closed.key
    assert len({row.key for row in rows}) == len(rows)
    assert not rows[2].expanded


def test_marks_show_on_the_variant_and_on_its_model() -> None:
    rows = build_rows(MODELS, marked={QWEN.variants[0].id}, expanded={"qwen2.5-7b"})
    assert [row.marked for row in rows] == [False, False, False, True, True, False]


def test_the_registry_s_word_stands_beside_its_model() -> None:
    rows = build_rows(MODELS, REGISTRY)
    assert rows[3].note == "good reasoning"
    assert rows[0].note == ""
    assert (rows[4].label, rows[4].state, rows[4].note) == ("not-here", "registry only", "coding")
    assert rows[4].fit is None
    assert rows[4].variant is None


def test_searching() -> None:
    view = CatalogView(MODELS, REGISTRY)
    assert labels(view.rows(query="qwen")) == ["qwen2.5-7b"]
    assert labels(view.rows(query="not")) == ["not-here"]
    assert labels(view.rows(query="coding")) == ["not-here"]
    assert labels(view.rows(query="zzz")) == []
    assert labels(view.rows(query="cach")) == ["cached"]


def test_the_verdict_follows_the_memory() -> None:
    view = CatalogView(MODELS)
    verdicts = []
    for free in (20, 2):
        rows = view.rows(FitInputs(MemoryState(32 * GB, free * GB)))
        verdicts.append([row.fit.verdict if row.fit else None for row in rows])
    assert verdicts == [["fits"] * 4, ["fits", "tight", "tight", "too big"]]


def test_measured_memory_counts() -> None:
    record = MemoryRecord(ALONE.variants[0].id, 3 * GB, "runtime", "2026-11-24T10:00:00+00:00")
    inputs = FitInputs(MemoryState(32 * GB, 20 * GB), measured=by_variant([record]))
    row = next(row for row in build_rows([ALONE], inputs=inputs))
    assert row.fit is not None
    assert row.fit.source == "measured"


def test_asking_again_gives_equal_rows_and_no_old_marks() -> None:
    view = CatalogView(MODELS)
    assert view.rows() == view.rows(query="")
    assert view.rows(marked={ALONE.variants[0].id})[2].marked
    assert not view.rows()[2].marked


def test_strange_catalogs() -> None:
    bare = Model("bare", ())
    twins = (model("twin"), replace(model("twin"), variants=(variant("twin", Device.GPU),)))
    rows = build_rows((bare, *twins))
    assert len({row.key for row in rows}) == 3
    assert rows[0].variant is None
    assert rows[0].fit is None
    assert rows[0].device == ""
    assert build_rows(()) == ()
