"""The team's `models.json`: read tolerantly, written faithfully, never overwritten when broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.catalog.registry import (
    RegistryError,
    load_registry,
    load_registry_or_empty,
)
from tui.catalog.registry_edit import RegistryFile
from tui.foundry.types import Model, Variant

COURSE = Path(__file__).parent.parent.parent / "models.json"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "models.json"


def test_the_file_that_ships_is_the_course_s() -> None:
    registry = load_registry(COURSE)
    assert registry.problem is None
    assert [(one.name, one.task, one.min_ram_gb) for one in registry.entries] == [
        ("phi-4-mini", "chat", 8),
        ("qwen2.5-7b-instruct", "chat", 16),
        ("deepseek-r1-distill-qwen-7b", "code", 16),
    ]
    assert registry.entries[0].notes == "fast, great for general chat"
    assert registry.tasks == ("chat", "code")


def test_a_missing_file_is_an_empty_registry_with_a_note(file: Path) -> None:
    registry = load_registry(file)
    assert registry.entries == ()
    assert registry.problem == "There is no models.json here yet."


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b'[\n  {"name": "a",}\n]', "line 2, column 1"),
        (b'[{"name": "a"}', "line 1, column 15"),
        (b"", "line 1, column 1"),
        (b'{"name": "a"}', "line 1, column 1"),
        (b'[\n"\xff"]', "line 2, column 2"),
        (b"[" * 100_000, "cannot be read"),
        (b"[" + b"9" * 5000 + b"]", "cannot be read"),
    ],
)
def test_a_broken_file_is_located_and_never_overwritten(
    file: Path, text: bytes, where: str
) -> None:
    file.write_bytes(text)
    with pytest.raises(RegistryError, match=where) as caught:
        load_registry(file)
    assert caught.value.hint
    with pytest.raises(RegistryError):
        RegistryFile(file)
    assert file.read_bytes() == text
    registry = load_registry_or_empty(file)
    assert registry.entries == ()
    assert where in (registry.problem or "")


def test_entries_that_are_not_understood_are_kept_with_a_reason(file: Path) -> None:
    bad: list[Any] = [
        "text",
        {"task": "chat", "min_ram_gb": 1},
        {"name": 7, "task": "chat", "min_ram_gb": 1},
        {"name": "a", "task": "chat", "min_ram_gb": "8"},
        {"name": "a", "task": "chat", "min_ram_gb": True},
        {"name": "a", "task": "chat", "min_ram_gb": float("inf")},
    ]
    good = {"name": "fine", "task": "chat", "min_ram_gb": 8}
    items = [bad[0], good, *bad[1:]]
    file.write_text(json.dumps(items))
    registry = load_registry(file)
    assert [one.name for one in registry.entries] == ["fine"]
    assert [one.index for one in registry.not_understood] == [0, 2, 3, 4, 5, 6]
    assert all(one.reason.endswith(".") for one in registry.not_understood)
    assert "entry 1" in (registry.problem or "")
    assert [one.raw for one in registry.not_understood] == bad


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
good_entries = st.fixed_dictionaries(
    {
        "name": st.text(min_size=1).filter(lambda text: text.strip() != ""),
        "task": st.sampled_from(["chat", "code", "Chat"]),
        "min_ram_gb": st.integers(-9, 99) | st.floats(-9, 99),
    },
    optional={"notes": st.text() | st.none() | st.integers(), "extra": values, "path": values},
).flatmap(lambda entry: st.permutations(list(entry.items())).map(dict))


@given(st.lists(good_entries | values, max_size=6))
def test_what_is_read_is_what_stands_there(
    tmp_path_factory: pytest.TempPathFactory, items: list[Any]
) -> None:
    file = tmp_path_factory.mktemp("r") / "models.json"
    file.write_text(json.dumps(items), "ascii")
    registry = load_registry(file)
    read = {bad.index: bad.raw for bad in registry.not_understood}
    entries = iter(registry.entries)
    both = [read[i] if i in read else next(entries).as_dict() for i in range(len(items))]
    # As text: the order of the keys counts.
    assert json.dumps(both) == json.dumps(items)


def test_a_name_that_stands_twice_is_told_with_its_place_and_counts(file: Path) -> None:
    one = {"name": "a", "task": "chat", "min_ram_gb": 64}
    file.write_text(f"[{json.dumps(one)},\n  {json.dumps(one | {'task': 'code'})}]")
    registry = load_registry(file)
    assert [entry.task for entry in registry.entries] == ["chat", "code"]
    assert registry.problem == (
        'models.json, line 2, column 3, entry 2: there is an entry named "a" before it already.'
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"notes": None}, "'notes' must be a text, not null."),
     ({"min_ram_gb": -1}, "'min_ram_gb' must not be below 0, as -1 is.")],
)  # fmt: skip
def test_what_the_course_s_script_would_take_is_taken_and_told(
    file: Path, changes: dict[str, Any], told: str
) -> None:
    entry = {"name": "a", "task": "chat", "min_ram_gb": 8} | changes
    file.write_text(json.dumps([entry]))
    registry = load_registry(file)
    assert [one.name for one in registry.entries] == ["a"]
    assert registry.problem == f"models.json, line 1, column 2, entry 1: {told}"
    assert registry.entries[0].as_dict() == entry
    with pytest.raises(RegistryError, match="is not written"):
        RegistryFile(file).add({**entry, "name": "b"})


def test_an_entry_finds_its_model() -> None:
    model = Model("qwen2.5-7b", (Variant("qwen2.5-7b-instruct-generic-cpu:4", "qwen2.5-7b"),))
    assert load_registry(COURSE).entry_for(model) == load_registry(COURSE).entries[1]
    assert load_registry(COURSE).entry_for(Model("other", ())) is None
