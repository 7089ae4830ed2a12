"""Scales, labels and titles of the graphs, and the part of the past that one looks at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.system.activity import LiveSample
from tui.system.history import Graph, History
from tui.system.sample import DeviceSample, GpuSample, NpuSample, Sample, SensorSample
from tui.widgets.monitor.graphs import (
    GRAPHS,
    byte_label,
    nice,
    number_label,
    percent_label,
    scale_of,
    second_label,
)
from tui.widgets.monitor.view import View, graphs_of, window_text

GB = 1_000_000_000
EVERYTHING = Sample(
    0.0, cpu_percent=50.0, ram_total_bytes=16 * GB, ram_used_bytes=8 * GB,
    disk_read_bytes_s=1e6, disk_write_bytes_s=2e6, net_received_bytes_s=1e3, net_sent_bytes_s=1e3,
    swap_total_bytes=GB, swap_used_bytes=0,
    devices=DeviceSample(
        (GpuSample("A", 10.0, GB, 8 * GB, None, 50.0, 100.0), GpuSample("B", 90.0, GB, 8 * GB)),
        (NpuSample("N", 20.0),), SensorSample(60.0, True, 15.0, "package"),
    ),
    live=LiveSample(41.0, 0.3, ("phi:4",)),
)  # fmt: skip


def spec(name: str):  # type: ignore[no-untyped-def]
    return next(one for one in GRAPHS if one.id == name)


@given(st.floats(0, 1e15))
def test_labels_fit_beside_the_axis(value: float) -> None:
    assert max(len(write(value)) for write in (byte_label, number_label, second_label)) <= 4
    assert len(percent_label(min(value, 100))) <= 4


def test_labels() -> None:
    assert [byte_label(v) for v in (0, 25e9, 1.5e9, 512e6, 2e12)] == [
        "0", " 25G", "1.5G", "512M", "  2T",
    ]  # fmt: skip
    assert [number_label(v) for v in (0, 0.5, 120, 4120)] == ["0", "0.5", "120", "4.1k"]
    assert [second_label(v) for v in (0, 0.004, 0.2, 10, 6e3)] == [
        "0s", "4ms", "0.2s", "10s", "100m",
    ]  # fmt: skip


@given(st.floats(1e-6, 1e14))
def test_a_nice_number_is_no_smaller_and_not_much_larger(value: float) -> None:
    assert value * (1 - 1e-6) <= nice(value) <= 2.5 * value * (1 + 1e-6)
    assert nice(0) == nice(float("inf")) == 1.0


def test_a_fixed_scale_ends_where_it_is_full() -> None:
    graph = Graph((1.0, 50.0))
    assert scale_of(spec("cpu"), graph, EVERYTHING, fixed=True) == (0, 100)
    assert scale_of(spec("ram"), graph, EVERYTHING, fixed=True) == (0, 16 * GB)
    assert scale_of(spec("speed"), graph, EVERYTHING, fixed=True) == (0, 50)


def test_an_automatic_scale_shows_a_small_load_on_a_large_machine() -> None:
    graph = Graph((8.0 * GB, 8.2 * GB))
    low, high = scale_of(spec("ram"), graph, EVERYTHING, fixed=False)
    assert 0 < low < 8 * GB
    assert 8.2 * GB < high < 9 * GB
    assert scale_of(spec("cpu"), Graph((3.0,)), EVERYTHING, fixed=False) == (0, 5)
    assert scale_of(spec("ram"), Graph((None,)), EVERYTHING, fixed=False) == (0, 1)


def test_an_automatic_scale_reads_differently_at_foot_and_top() -> None:
    for level in (61.9e6, 99.96e6, 1.01 * GB, 999.6e6):
        low, high = scale_of(spec("runtime"), Graph((level,)), Sample(0.0), fixed=False)
        assert byte_label(low) != byte_label(high)
        assert low <= level <= high


def test_a_machine_has_the_graphs_that_it_tells_something_for() -> None:
    bare, full = History(), History()
    bare.append(Sample(0.0, cpu_percent=1.0))
    full.append(EVERYTHING)
    assert [one.id for one in graphs_of(bare, Sample(0.0))] == ["cpu", "ram", "speed", "runtime"]
    assert {one.id for one in graphs_of(full, EVERYTHING)} == {one.id for one in GRAPHS}


def test_titles_say_what_is_now_and_never_zero_for_unknown() -> None:
    titles = {one.id: one.title(EVERYTHING) for one in GRAPHS}
    assert titles["cpu"] == "CPU 50 %  60 °C  throttled!"
    assert titles["gpu"] == "GPU 90 %  50 °C  100 W"
    assert titles["gpu-memory"] == "GPU memory 2.0 GB  of 16.0 GB"
    assert titles["speed"] == "tok/s 41  phi"
    assert titles["disk"].startswith("Disk 3.0 MB/s  read 1.0 MB/s")
    assert titles["power"] == "Power 15.0 W  package"
    for one in GRAPHS:
        assert " 0" not in one.title(Sample(0.0)), one.id


def test_the_view_zooms_moves_and_keeps_to_what_is_known() -> None:
    view, history = View(), History()
    assert view.moved(history, -1) is view
    for second in range(300):
        history.append(Sample(float(second), cpu_percent=float(second % 100)))
    assert view.zoomed(1).window_s == 600
    assert view.zoomed(-1).zoomed(-1).window_s == 30
    assert view.zoomed(1).zoomed(1).zoomed(1).window_s == 3600
    back = view.moved(history, -0.5)
    assert back.end_s == 299 - 60
    shown = back.sample(history)
    assert shown is not None
    assert shown.at_s == 239
    assert back.moved(history, -99).end_s == 0
    assert back.moved(history, 99).end_s == 299
    assert view.sample(history) is history.last


@pytest.mark.parametrize(("seconds", "text"), [(30, "30 s"), (600, "10 min"), (3600, "1 h")])
def test_windows_are_named(seconds: float, text: str) -> None:
    assert window_text(seconds) == text


def test_the_picture_of_the_speed_names_the_newest_ttft() -> None:
    history = History()
    for second in range(10):
        live = LiveSample(40.0, 0.34 if second == 3 else None, ("phi:4",))
        history.append(Sample(float(second), live=live))
    assert history.last is not None
    picture = View().picture(spec("speed"), history, history.last, 40)
    assert picture.note == "TTFT 340 ms"
    assert picture.graph.peak == 40.0
    assert (picture.ago, picture.now) == ("-2 min", "now")
