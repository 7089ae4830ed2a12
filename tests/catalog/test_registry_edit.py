"""Changes of `models.json`: what was not meant stays as it was, to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.catalog.measured import Measured
from tui.catalog.registry import RegistryError, load_registry
from tui.catalog.registry_edit import RegistryFile
from tui.catalog.registry_text import appended, place_of, removed, replaced, spans

TEAM = """[
  {"name": "otter", "task": "chat", "min_ram_gb": 8, "notes": "schnell, größer"},

  {
      "owner": "team",
      "name": "heron",
      "task": "code",
      "min_ram_gb": 16.5
  },
  "a line of somebody's",
  {"name": "lynx", "task": "chat", "min_ram_gb": 4}
]
"""
NEW = {"name": "robin", "task": "chat", "min_ram_gb": 2, "notes": "quick"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.json"
    path.write_text(TEAM, "utf-8")
    return path


def test_an_entry_is_added_in_the_style_of_the_last(file: Path) -> None:
    team = RegistryFile(file)
    registry = team.write(team.add(NEW))
    assert registry.entries[-1].name == "robin"
    assert file.read_text("utf-8") == TEAM.replace(
        '"min_ram_gb": 4}\n', f'"min_ram_gb": 4}},\n  {json.dumps(NEW)}\n'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", f"[\n  {json.dumps(NEW)}\n]"),
        ('[{"name": "a"}]', f'[{{"name": "a"}}, {json.dumps(NEW)}]'),
        ('[\n\t{\n\t\t"name": "a"\n\t}\n]',
         '[\n\t{\n\t\t"name": "a"\n\t},\n\t{\n\t\t"name": "robin",\n\t\t"task": "chat",\n'
         '\t\t"min_ram_gb": 2,\n\t\t"notes": "quick"\n\t}\n]'),
    ],
)  # fmt: skip
def test_an_entry_is_added_to_lists_of_every_style(text: str, expected: str) -> None:
    assert appended(text, NEW) == expected


def test_the_first_entry_makes_the_file(tmp_path: Path) -> None:
    team = RegistryFile(tmp_path / "models.json")
    team.write(team.add(NEW))
    assert json.loads((tmp_path / "models.json").read_text()) == [NEW]


def test_an_edit_keeps_order_style_and_unknown_keys(file: Path) -> None:
    team = RegistryFile(file)
    change = team.edit("HERON", {"min_ram_gb": 24})
    assert change.diff.splitlines()[-3:] == [
        '-      "min_ram_gb": 16.5', '+      "min_ram_gb": 24', "   },",
    ]  # fmt: skip
    team.write(change)
    assert file.read_text("utf-8") == TEAM.replace("16.5", "24")


def test_an_entry_is_removed_with_its_comma(file: Path) -> None:
    for name in ("otter", "lynx", "heron"):
        team = RegistryFile(file)
        team.write(team.remove(name))
    assert json.loads(file.read_text("utf-8")) == ["a line of somebody's"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (NEW | {"name": "Otter"}, "there is one named 'Otter' already"),
        (NEW | {"task": "chatt"}, "'chatt' is no known task"),
        (NEW | {"min_ram_gb": "8"}, "'min_ram_gb' must be a number"),
        (NEW | {"name": " "}, "'name' must be a text"),
        ({"name": "x"}, "'task' is missing"),
    ],
)
def test_a_wrong_entry_is_not_written(file: Path, entry: dict[str, Any], words: str) -> None:
    with pytest.raises(RegistryError, match=words) as caught:
        RegistryFile(file).add(entry)
    assert caught.value.hint
    assert file.read_text("utf-8") == TEAM


def test_an_unknown_name_is_told_with_what_is_near(file: Path) -> None:
    with pytest.raises(RegistryError, match="no entry 'oter'") as caught:
        RegistryFile(file).remove("oter")
    assert caught.value.hint == "Did you mean 'otter'?"


def test_a_change_by_somebody_else_is_noticed_and_kept(file: Path) -> None:
    team = RegistryFile(file)
    change = team.add(NEW)
    file.write_text("[]", "utf-8")
    with pytest.raises(RegistryError, match="changed by somebody else"):
        team.write(change)
    assert file.read_text("utf-8") == "[]"


def test_what_was_measured_goes_into_an_object_of_its_own(file: Path) -> None:
    team = RegistryFile(file)
    change = team.contribute("otter", Measured("otter:1", ttft_s=0.25, run_id="r1"))
    assert change.diff.count("\n+") == 1
    registry = team.write(change)
    assert registry.entries[0].extra["measured"] == {
        "variant_id": "otter:1", "ttft_s": 0.25, "run_id": "r1",
    }  # fmt: skip
    again = RegistryFile(file)
    again.write(again.contribute("otter", Measured("otter:1", decode_tok_s=50.0)))
    kept = load_registry(file).entries[0].extra["measured"]
    assert (kept["ttft_s"], kept["decode_tok_s"]) == (0.25, 50.0)


def other(tmp_path: Path, items: list[Any], name: str = "theirs.json") -> RegistryFile:
    path = tmp_path / name
    path.write_text(json.dumps(items))
    return RegistryFile(path)


def test_a_merge_without_an_ancestor_adds_and_tells_conflicts(file: Path, tmp_path: Path) -> None:
    theirs = other(tmp_path, [
        {"name": "OTTER", "task": "chat", "min_ram_gb": 12, "measured": {"ttft_s": 1}}, NEW,
    ])  # fmt: skip
    merged = RegistryFile(file).merge(theirs)
    assert (merged.added, merged.changed, merged.removed) == (("robin",), ("OTTER",), ())
    assert merged.conflicts == ("'OTTER': min_ram_gb is 8 here and 12 there; ours stays.",)
    items = json.loads(merged.change.after)
    assert items[0]["min_ram_gb"] == 8
    assert items[0]["measured"] == {"ttft_s": 1}
    assert items[-1] == NEW


def test_a_merge_with_the_ancestor_takes_what_only_they_changed(tmp_path: Path) -> None:
    def entry(name: str, ram: float, notes: str = "") -> dict[str, Any]:
        return {"name": name, "task": "chat", "min_ram_gb": ram, "notes": notes}

    base = other(tmp_path, [entry("a", 1), entry("b", 1), entry("c", 1), entry("d", 1)], "b.json")
    mine = other(tmp_path, [entry("a", 1), entry("b", 5), entry("c", 7)], "m.json")
    theirs = other(tmp_path, [entry("a", 9), entry("b", 6), entry("d", 1), entry("e", 1)], "t.json")
    merged = mine.merge(theirs, base)
    assert merged.changed == ("a",)
    assert merged.added == ("e",)
    assert merged.removed == ()
    assert merged.conflicts == (
        "'b': min_ram_gb is 5 here and 6 there; ours stays.",
        "'c': they removed it, we changed it; it stays.",
    )
    assert [one["min_ram_gb"] for one in json.loads(merged.change.after)] == [9, 5, 7, 1]
    gone = other(tmp_path, [entry("a", 1)], "m2.json").merge(other(tmp_path, [], "t2.json"), base)
    assert gone.removed == ("a",)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.lists(values, max_size=5), st.sampled_from([None, 1, 2, "\t"]), st.data())
def test_every_list_can_be_changed_anywhere(
    items: list[Any], indent: int | str | None, data: st.DataObject
) -> None:
    text = json.dumps(items, indent=indent)
    assert [json.loads(text[a:b]) for a, b in spans(text)] == items
    assert json.loads(appended(text, NEW)) == [*items, NEW]
    if items:
        index = data.draw(st.integers(0, len(items) - 1))
        assert json.loads(replaced(text, index, NEW)) == [*items[:index], NEW, *items[index + 1 :]]
        assert json.loads(removed(text, index)) == [*items[:index], *items[index + 1 :]]
        line, column = place_of(text, spans(text)[index][0])
        assert text.split("\n")[line - 1][column - 1 :]
