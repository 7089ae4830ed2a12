"""What the runtime's memory did while something loaded."""

from __future__ import annotations

from tui.system.rss_trace import MemoryTrace, RssTrace


def filled(*readings: tuple[float, int, int | None]) -> RssTrace:
    trace = RssTrace()
    for at_s, rss_bytes, highest in readings:
        trace.add(at_s, rss_bytes, highest)
    return trace


def test_before_peak_and_after() -> None:
    trace = filled((0.0, 10, None), (5.0, 20, None), (6.0, 90, None), (7.0, 60, None))
    found = trace.between(5.5, 7.0)
    assert found == MemoryTrace(20, 90, 60)
    assert found is not None
    assert found.growth_bytes == 40


def test_a_peak_between_two_readings_is_known_from_the_high_water_mark() -> None:
    trace = filled((0.0, 10, 50), (1.0, 20, 95))
    assert trace.between(0.5, 1.0) == MemoryTrace(10, 95, 20, 95)
    old = filled((0.0, 10, 95), (1.0, 20, 95))  # that was earlier
    assert old.between(0.5, 1.0) == MemoryTrace(10, 20, 20, 95)


def test_what_was_not_watched_is_unknown() -> None:
    assert RssTrace().between(0.0, 1.0) is None
    assert filled((5.0, 10, None), (6.0, 20, None)).between(0.0, 6.0) is None
    trace = filled((0.0, 10, None), (1.0, 20, None))
    trace.clear()
    assert trace.between(0.5, 1.0) is None
