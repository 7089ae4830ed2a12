"""A server that goes on generating after a stop gives itself away by its processor time."""

from __future__ import annotations

from tui.chat.after_stop import WATCH_S, AfterStop


def told(*samples: tuple[float, float | None]) -> tuple[tuple[float, float] | None, bool]:
    watch = AfterStop(100.0)
    for after_s, percent in samples:
        if found := watch.look(100.0 + after_s, (percent,)):
            return found, watch.over
        if watch.over:
            break
    return None, watch.over


def test_one_that_computes_for_seconds_is_told_with_how_much() -> None:
    found, over = told((0.5, 99), (1.5, 99), (2.5, 98), (3.5, 97))
    assert found == (97.0, 3.5)
    assert over


def test_one_that_falls_silent_is_not_told_and_no_longer_watched() -> None:
    assert told((0.5, 99), (1.5, 99), (2.5, 1)) == (None, True)
    assert told((0.5, 99), (1.5, 99), (2.5, 80), (3.5, 1)) == (None, True)


def test_what_it_computed_before_the_stop_does_not_count() -> None:
    assert told((0.9, 99), (1.4, 99), (2.4, 99), (3.4, 0)) == (None, True)
    assert told((1.4, 99), (5.0, 99)) == (None, False)


def test_one_whose_processes_are_not_known_is_not_accused() -> None:
    assert told((0.5, None), (1.5, None), (2.5, None), (3.5, None)) == (None, True)


def test_the_watch_ends() -> None:
    assert told((WATCH_S + 1, 99)) == (None, True)
