"""What is kept of the last hour, its graphs, and the events on their time axis."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.system.activity import LiveFigures
from tui.system.history import COARSE_S, FINE_S, History
from tui.system.sample import Sample


def cpu(sample: Sample) -> float | None:
    return sample.cpu_percent


def filled(values: list[float | None], step_s: float = 1.0, whole: bool = False) -> History:
    history = History(whole=whole)
    for number, value in enumerate(values):
        history.append(Sample(at_s=number * step_s, cpu_percent=value))
    return history


def test_the_newest_samples_are_at_hand() -> None:
    history = filled([1, 2, 3, 4])
    assert history.values(cpu) == (1, 2, 3, 4)
    assert history.values(cpu, 2) == (3, 4)
    assert history.values(cpu, 0) == ()
    assert len(history) == 4
    assert history.last is not None
    assert history.last.at_s == 3


def test_an_empty_history() -> None:
    history = History()
    assert history.last is history.first_s is history.at(1.0) is None
    graph = history.graph(cpu, 4, 30.0)
    assert graph.values == (None,) * 4
    assert graph.peak is graph.least is None
    assert history.graph(cpu, 0, 30.0).values == ()


def test_the_newest_stands_at_the_right() -> None:
    graph = filled([1, None, 3]).graph(cpu, 5, 5.0)
    assert graph.values == (None, None, 1, None, 3)
    assert (graph.peak, graph.least) == (3, 1)


def test_more_columns_than_samples_leave_no_holes() -> None:
    graph = filled([1, 2, 3]).graph(cpu, 8, 4.0)
    assert graph.values == (None, None, None, 1, 2, 2, 3, 3)


def test_a_graph_keeps_peaks_and_does_not_flicker() -> None:
    history = filled([1, 9, 1, 1, 5, 2])
    assert history.graph(cpu, 3, 6.0).values == (9, 1, 5)
    history.append(Sample(at_s=6.0, cpu_percent=4))
    assert history.graph(cpu, 3, 6.0).values == (1, 5, 4)
    history.append(Sample(at_s=7.0, cpu_percent=7))
    assert history.graph(cpu, 3, 6.0).values == (1, 5, 7)


def test_a_time_without_samples_stays_blank() -> None:
    history = filled([5, 5])
    history.append(Sample(at_s=100.0, cpu_percent=7))
    values = history.graph(cpu, 100, 100.0).values
    assert values[-1] == 7
    assert values[-90:-1] == (None,) * 89


def test_an_earlier_time_can_be_looked_at() -> None:
    history = filled([float(second) for second in range(100)])
    assert history.graph(cpu, 4, 4.0, end_s=50.0).values == (47, 48, 49, 50)
    earlier = history.at(50.5)
    assert earlier is not None
    assert earlier.at_s == 50.0
    assert history.at(-1.0) is None


def test_an_hour_is_kept_with_its_peaks_in_little_room() -> None:
    values: list[float | None] = [1.0] * 4000
    values[1000] = 99.0
    history = filled(values)
    assert len(history) <= FINE_S + 2
    graph = history.graph(cpu, 100, 3600.0)
    assert None not in graph.values
    assert graph.peak == 99.0
    assert sum(value == 99.0 for value in graph.values) <= 2
    assert history.graph(cpu, 100, 600.0).peak == 1.0
    early = history.at(1005.0)
    assert early is not None
    assert abs(early.at_s - 1005.0) <= COARSE_S
    assert history.first_s is not None
    assert history.first_s < 400 + COARSE_S


def test_a_recording_is_kept_whole() -> None:
    history = filled([float(second) for second in range(3000)], whole=True)
    assert len(history) == 3000
    assert history.graph(cpu, 3, 3.0, end_s=1000.0).values == (998, 999, 1000)


def test_events_stand_in_the_column_of_their_time() -> None:
    history = filled([1, 2, 3, 4])
    history.mark("load", "too old", at_s=-1.0)
    history.mark("load", "demo", at_s=1.5)
    history.mark("first token", "demo", at_s=3.9)
    history.mark("unload", "yet to come", at_s=99.0)
    graph = history.graph(cpu, 4, 4.0)
    assert [(column, event.kind, event.label) for column, event in graph.events] == [
        (1, "load", "demo"),
        (3, "first token", "demo"),
    ]
    assert len(history.events) == 4
    history.mark("unload")
    assert history.events[-1].at_s > 0


def test_a_first_token_is_an_event_and_a_benchmark_is_one_as_a_whole() -> None:
    history = History()
    for stream, source in enumerate(("chat", "bench", "bench", "bench")):
        first_s = 100.0 + stream
        history.take(LiveFigures(stream, "m:1", source, 0))  # type: ignore[arg-type]
        history.take(LiveFigures(stream, "m:1", source, 1, None, first_s, first_s))  # type: ignore[arg-type]
    assert [event.kind for event in history.events] == ["first token", "bench"]
    assert history.events[0].at_s == 100.0


numbers = st.lists(st.none() | st.floats(0, 100), max_size=60)


@given(numbers, st.integers(1, 20), st.floats(0.5, 100), st.floats(0.2, 20))
def test_a_graph_has_its_width_and_its_peak(
    values: list[float | None], width: int, window_s: float, step_s: float
) -> None:
    history = filled(values, step_s)
    graph = history.graph(cpu, width, window_s)
    assert len(graph.values) == width
    shown = [one for one in graph.values if one is not None]
    assert set(shown) <= {one for one in values if one is not None}
    if history.last is not None:
        start_s = history.last.at_s - window_s * (1 - 1 / width)
        inside = [
            one
            for number, one in enumerate(values)
            if one is not None and number * step_s >= start_s + 1e-6
        ]
        if inside:
            assert max(shown) >= max(inside)
