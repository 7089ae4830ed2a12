"""What is recorded comes back; what is broken is told with its line, and the rest is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.foundry.errors import NotFound
from tui.foundry.types import LoadResult
from tui.system.activity import LiveSample
from tui.system.history import Event
from tui.system.model_memory import ModelMemory
from tui.system.player import Player
from tui.system.recording import LONGEST_LINE, read_recording
from tui.system.recording_file import (
    RecordingError,
    RecordingFile,
    event_values,
    models_values,
    sample_values,
    start_values,
)
from tui.system.sample import (
    DeviceSample,
    GpuSample,
    NpuSample,
    ProcessSample,
    Sample,
    SensorSample,
)

SAMPLE = Sample(
    at_s=1000.0,
    cpu_percent=42.5,
    per_core=(80.0, 5.0),
    ram_total_bytes=16_000_000_000,
    ram_used_bytes=6_000_000_000,
    processes=(ProcessSample(7, "us", 0.5, 50_000_000, 3, own=True),
               ProcessSample(8, "runtime", None, None, None)),
    devices=DeviceSample(
        (GpuSample("GPU", 40.0, 1, 2, runtime_only=True, throttled="heat"),),
        (NpuSample("NPU", None, note="silent"),),
        SensorSample(66.0, True, 31.0, "package", None, 80.0),
        (("gpu", "no driver"),),
    ),
    live=LiveSample(41.0, 0.34, ("phi:4",)),
    cost_s=0.0004,
)  # fmt: skip


def recorded(path: Path, count: int = 5) -> Path:
    file = RecordingFile(path)
    file.write([start_values(1.0, "1.0", SAMPLE)])
    for number in range(count):
        file.write([sample_values(replace(SAMPLE, at_s=1000.0 + number))])
    file.write([event_values(Event(1001.5, "load", "phi:4"))])
    memory = ModelMemory().loaded(LoadResult("phi:4", 2.0, 900), at=1.0)
    file.write([models_values(memory, 1001.5), models_values(memory.unloaded("phi:4", 100), 1003)])
    file.close()
    return path


def test_what_was_recorded_comes_back(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path / "deep" / "a.jsonl"))
    assert recording.problems == ()
    assert len(recording.samples) == 5
    assert recording.span_s == pytest.approx(4.0, abs=0.01)
    first = recording.samples[0]
    assert first.at_s == pytest.approx(1000.0, abs=0.1)
    assert replace(first, at_s=0, devices=None) == replace(SAMPLE, at_s=0, devices=None)
    assert SAMPLE.devices is not None
    assert first.devices == replace(SAMPLE.devices, reasons=())
    assert recording.reasons == {"gpu": "no driver"}
    [event] = recording.events
    assert (event.kind, event.label) == ("load", "phi:4")
    assert recording.memory_at(1000.0).models == ()
    assert recording.memory_at(1002.0).models[0].resident_bytes == 900
    assert recording.memory_at(1004.0).unloads[0].freed_bytes == 100
    history = recording.history()
    assert len(history) == 5
    assert history.events[0].kind == "load"


def test_each_line_stands_for_itself_with_schema_and_zone(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    for line in map(json.loads, lines):
        assert line["schema"] == 1
        assert line["at"][-6] in "+-"
    assert json.loads(lines[1])["ram_available_bytes"] is None


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.jsonl")
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="exists already"):
        RecordingFile(path).write([{}])
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(RecordingError, match="cannot be written"):
        RecordingFile(tmp_path / "file" / "a.jsonl").write([{}])


def test_a_file_that_was_cut_off_shows_what_there_is(tmp_path: Path) -> None:
    path = recorded(tmp_path / "a.jsonl")
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:3]) + whole[3][:40])
    recording = read_recording(path)
    assert len(recording.samples) == 2
    [problem] = recording.problems
    assert problem.startswith("line 4: no JSON at column")
    assert "cut off" in problem


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "no JSON object"),
        ('{"kind": "sample"}', "schema None"),
        ('{"schema": 2, "kind": "sample"}', "schema 2, not 1"),
        ('{"schema": 1, "kind": "sample", "at": "yesterday"}', "no time"),
        ('{"schema": 1, "kind": "sample", "at": "2026-01-01T00:00:00"}', "without zone"),
        ('{"schema": 1, "kind": "sample", "at": "1999-01-01T00:00:00+00:00"}', "set back"),
        ('{"schema": 1, "kind": "event", "at": "2026-01-01T00:00:00+00:00"}', "kind"),
        ('{"schema": 1, "kind": "sample", "at": "3026-01-01T00:00:00Z", "cpu_percent": "x"}',
         "no number in 'cpu_percent'"),
        ('{"schema": 1, "kind": "sample", "at": "3026-01-01T00:00:00Z", "processes": [{}]}',
         "no number in 'pid'"),
        ('{"schema": 1, "kind": "sample", "at": "3026-01-01T00:00:00Z", "per_core": 7}',
         "no list in 'per_core'"),
        ("x" * (LONGEST_LINE + 10), "longer"),
        ("[" * 100_000, "no JSON"),
    ],
)  # fmt: skip
def test_a_broken_line_is_told_and_left_out(tmp_path: Path, line: str, said: str) -> None:
    path = recorded(tmp_path / "a.jsonl")
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[:4], line, "", *lines[4:]]) + "\n", "utf-8")
    recording = read_recording(path)
    assert len(recording.samples) == 5
    [problem] = recording.problems
    assert problem.startswith("line 5: ")
    assert said in problem


def test_a_file_without_samples_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_recording(tmp_path / "a.jsonl")
    (tmp_path / "empty").write_text("", "utf-8")
    with pytest.raises(RecordingError, match="holds no sample"):
        read_recording(tmp_path / "empty")
    (tmp_path / "letter").write_text("Dear all,\n", "utf-8")
    with pytest.raises(RecordingError, match="line 1: no JSON"):
        read_recording(tmp_path / "letter")
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(tmp_path)


def test_text_from_a_file_cannot_reach_the_terminal_as_control(tmp_path: Path) -> None:
    evil = replace(SAMPLE, processes=(ProcessSample(1, "\x1b]0;evil\x07", None, None, None),))
    file = RecordingFile(tmp_path / "a.jsonl")
    file.write([sample_values(evil), event_values(Event(1000.5, "load", "\x1b[2J"))])
    recording = read_recording(file.path)
    file.close()
    assert "\x1b" not in recording.samples[0].processes[0].name
    assert "\x1b" not in recording.events[0].label


@given(st.binary(max_size=300), st.integers(0, 6))
def test_no_bytes_make_it_fall_over(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int
) -> None:
    path = recorded(tmp_path_factory.mktemp("hostile") / "a.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    lines.insert(place, data)
    path.write_bytes(b"".join(lines))
    assert len(read_recording(path).samples) >= 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(sample_values(SAMPLE))), json_values)
def test_no_value_makes_it_fall_over(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    path = recorded(tmp_path_factory.mktemp("odd") / "a.jsonl", 2)
    with path.open("a", encoding="utf-8") as file:
        line = {**sample_values(replace(SAMPLE, at_s=2000.0)), key: value}
        file.write(json.dumps(line) + "\n")
    assert len(read_recording(path).samples) >= 2


def test_a_player_goes_forward_back_and_stops_at_the_end() -> None:
    player = Player(10.0, 20.0, 10.0)
    assert player.played(2.0).position_s == 12.0
    fast = player.faster(1).faster(1)
    assert fast.speed == 5.0
    assert fast.played(1.0).position_s == 15.0
    assert fast.played(100.0).ended
    assert player.moved(-5.0).position_s == 10.0
    paused = player.toggled()
    assert paused.paused
    assert paused.played(5.0).position_s == 10.0
    assert paused.moved(5.0).position_s == 15.0
    assert fast.played(100.0).toggled().position_s == 10.0  # again from the beginning
    slowest = player
    for _ in range(9):
        slowest = slowest.faster(-1)
    assert slowest.speed == 0.5
