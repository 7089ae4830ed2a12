"""Rings, graphs and the events on their time axis."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.system.activity import LiveFigures
from tui.system.history import History, downsample, process_reading
from tui.system.sampler import ProcessSample, Sample


def cpu(sample: Sample) -> float | None:
    return sample.cpu_percent


def filled(values: list[float | None], capacity: int = 900) -> History:
    history = History(capacity)
    for second, value in enumerate(values):
        history.append(Sample(at_s=float(second), cpu_percent=value))
    return history


def test_the_oldest_give_way() -> None:
    history = filled([1, 2, 3, 4], capacity=3)
    assert history.values(cpu) == (2, 3, 4)
    assert history.values(cpu, 2) == (3, 4)
    assert history.values(cpu, 0) == ()
    assert len(history) == 3
    assert history.last is not None
    assert history.last.at_s == 3


def test_an_empty_history() -> None:
    history = History()
    assert history.last is None
    assert history.graph(cpu, 4).values == (None,) * 4
    assert history.graph(cpu, 0).values == ()


def test_a_graph_starts_at_the_right() -> None:
    graph = filled([1, None, 3]).graph(cpu, 5, 5)
    assert graph.values == (None, None, 1, None, 3)
    assert graph.span_s == 2


def test_a_graph_keeps_peaks_and_does_not_flicker() -> None:
    history = filled([1, 9, 1, 1, 5, 2], capacity=100)
    before = history.graph(cpu, 3, 6).values
    assert before == (9, 1, 5)
    history.append(Sample(at_s=6.0, cpu_percent=4))
    assert history.graph(cpu, 3, 6).values == (1, 5, 4)
    history.append(Sample(at_s=7.0, cpu_percent=7))
    assert history.graph(cpu, 3, 6).values == (1, 5, 7)


def test_events_stand_in_the_column_of_their_time() -> None:
    history = filled([1, 2, 3, 4])
    history.mark("load", "too old", at_s=-1.0)
    history.mark("load", "demo", at_s=1.5)
    history.mark("first token", "demo", at_s=99.0)
    graph = history.graph(cpu, 4, 4)
    assert [(column, event.kind, event.label) for column, event in graph.events] == [
        (2, "load", "demo"),
        (3, "first token", "demo"),
    ]
    assert len(history.events) == 3
    history.mark("unload")
    assert history.events[-1].at_s > 0


def test_a_followed_process_is_a_line_of_its_own() -> None:
    history = History()
    history.append(Sample(0.0, processes=(ProcessSample(7, "host", 12.0, 100, 3),)))
    history.append(Sample(1.0))
    assert history.values(process_reading(7, lambda one: one.rss_bytes)) == (100, None)


def test_a_first_token_is_an_event_and_a_benchmark_is_one_as_a_whole() -> None:
    history = History()
    for stream, source in enumerate(("chat", "bench", "bench", "bench")):
        first_s = 100.0 + stream
        history.take(LiveFigures(stream, "m:1", source, 0))  # type: ignore[arg-type]
        history.take(LiveFigures(stream, "m:1", source, 1, None, first_s, first_s))  # type: ignore[arg-type]
    assert [event.kind for event in history.events] == ["first token", "bench"]
    assert history.events[0].at_s == 100.0


numbers = st.lists(st.none() | st.floats(0, 100), max_size=60)


@given(numbers, st.integers(1, 20), st.integers(1, 40), st.integers(1, 80))
def test_a_graph_has_its_width_and_its_peak(
    values: list[float | None], width: int, capacity: int, count: int
) -> None:
    history = filled(values, capacity)
    graph = history.graph(cpu, width, count)
    assert len(graph.values) == width
    newest = [one for one in values[-min(count, capacity) :] if one is not None]
    shown = [one for one in graph.values if one is not None]
    if newest and -(-min(count, capacity) // width) == 1:
        assert max(shown) == max(newest)
    assert set(shown) <= {one for one in values if one is not None}


@given(numbers, st.integers(0, 20))
def test_downsampling_keeps_the_peak(values: list[float | None], width: int) -> None:
    shrunk = downsample(values, width)
    assert len(shrunk) == min(width, len(values))
    known = [one for one in values if one is not None]
    if known and width:
        assert max(one for one in shrunk if one is not None) == max(known)
