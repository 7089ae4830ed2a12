"""Outputs that were cut, doubled or garbled: no crash, and no wrong row."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.foundry.commands.samples import FOLDER, sample
from tui.foundry.commands.narration import read_line
from tui.foundry.commands.preview import PreviewGrammar
from tui.foundry.commands.printed import lines_of
from tui.foundry.commands.probe import read_describe, read_groups, read_version
from tui.foundry.commands.records import Listing
from tui.foundry.commands.service import ServiceGrammar
from tui.foundry.text import clean_text

SERVICE, PREVIEW = ServiceGrammar(), PreviewGrammar()
Read = Callable[[bytes], Listing]
LISTS: list[tuple[str, Read]] = [
    ("service-0.4-model_list.txt", SERVICE.read_models),
    ("service-0.8-model_list.txt", SERVICE.read_models),
    ("service-0.3-cache_list.txt", SERVICE.read_cached),
    ("service-0.8-cache_list.txt", SERVICE.read_cached),
    ("service-0.8-service_ps.txt", SERVICE.read_loaded),
    ("preview-0.10-model_list_variants.txt", PREVIEW.read_models),
    ("preview-0.10-model_list.json", PREVIEW.read_models),
    ("preview-0.10-model_list_table.txt", PREVIEW.read_models),
    ("preview-0.10-model_list_table_ascii.txt", PREVIEW.read_models),
]
lists = pytest.mark.parametrize(("name", "read"), LISTS, ids=[name for name, _ in LISTS])


@lists
@given(data=st.data())
def test_a_cut_list_holds_only_true_rows(name: str, read: Read, data: st.DataObject) -> None:
    whole = sample(name)
    true = set(read(whole).rows)
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    assert set(read(cut).rows) <= true


@lists
@given(data=st.data())
def test_doubled_lines_change_nothing(name: str, read: Read, data: st.DataObject) -> None:
    lines = sample(name).splitlines(keepends=True)
    true = read(sample(name))
    index = data.draw(st.integers(0, len(lines) - 1))
    doubled = b"".join([*lines[: index + 1], *lines[index:]])
    assert set(read(doubled).rows) == set(true.rows)


@lists
@given(data=st.data())
def test_a_garbled_line_spoils_no_other(name: str, read: Read, data: st.DataObject) -> None:
    lines = sample(name).splitlines(keepends=True)
    true = set(read(sample(name)).rows)
    index = data.draw(st.integers(0, len(lines) - 1))
    junk = data.draw(st.binary(max_size=60).filter(lambda b: not set(b) & set(b"\r\n\x0b\x0c\x1c")))
    lines[index] = junk + b"\n"
    assert set(read(b"".join(lines)).rows) <= true


@lists
@given(data=st.data())
def test_flipped_bytes_crash_nothing(name: str, read: Read, data: st.DataObject) -> None:
    garbled = bytearray(sample(name))
    for _ in range(data.draw(st.integers(1, 8))):
        garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(st.integers(0, 255))
    for row in read(bytes(garbled)).rows:
        assert row.id
        assert clean_text(row.id, keep_newlines=False) == row.id


@given(st.binary(max_size=400))
def test_no_bytes_crash_any_reader(data: bytes) -> None:
    for grammar in (SERVICE, PREVIEW):
        grammar.read_models(data)
        grammar.read_cached(data)
        grammar.read_loaded(data)
        grammar.read_status(data)
        grammar.read_done(data)
        grammar.read_cache_location(data)
    read_version(data)
    read_groups(data)
    read_describe(data)
    for line in lines_of(data):
        text = read_line(line).text
        assert clean_text(text, keep_newlines=False) == text


@given(st.sampled_from(sorted(path.name for path in FOLDER.iterdir())), st.data())
def test_every_cut_of_every_sample_is_read_by_every_reader(name: str, data: st.DataObject) -> None:
    whole = sample(name)
    start = data.draw(st.integers(0, len(whole)))
    piece = whole[start : data.draw(st.integers(start, len(whole)))]
    for grammar in (SERVICE, PREVIEW):
        status = grammar.read_status(piece)
        assert status.url is None or status.running
        assert grammar.read_done(piece).success in (True, False, None)
