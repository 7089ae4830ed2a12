"""The picture of speed, memory and rating: who is unbeaten, and where each stands."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.bench_runs import kept_run
from tui.bench.recorder import Recorder
from tui.bench.scatter import Point, draw, points_of, unbeaten
from tui.database import Database
from tui.paths import Paths

SMALL = Point("small", 4000, 20e6, 2.1)
LARGE = Point("large", 1400, 40e6, 3.4)
WORSE = Point("worse", 1000, 60e6, 3.0)

numbers = st.none() | st.floats(1, 1e10)
points = st.lists(st.builds(Point, st.just("p"), numbers, numbers, numbers), min_size=1, max_size=8)


def test_what_another_beats_on_everything_is_not_marked() -> None:
    assert unbeaten([SMALL, LARGE, WORSE]) == (True, True, False)


def test_equals_do_not_beat_each_other() -> None:
    assert unbeaten([SMALL, SMALL]) == (True, True)


def test_what_is_not_known_is_not_compared() -> None:
    assert unbeaten([SMALL, Point("unrated", 1400, 40e6)]) == (True, False)
    assert unbeaten([SMALL, Point("no memory", 1400, None, 5.0)]) == (True, True)


def test_faster_stands_higher_and_larger_further_right() -> None:
    picture = draw([SMALL, LARGE, WORSE], 60, 12)
    small, large, worse = picture.marks
    assert small.line < large.line < worse.line
    assert small.column < large.column < worse.column
    assert small.text == "A* 2.1"
    assert worse.text == "C 3.0"
    assert picture.lines[small.line][small.column :].startswith("A* 2.1")
    assert "4,000 tok/s" in picture.lines[0]
    assert "C  worse" in picture.legend[2]
    assert picture.legend[2].endswith("beaten")


@given(points, st.integers(20, 120), st.integers(8, 20))
def test_no_mark_hides_another_and_all_lines_are_equally_wide(
    found: list[Point], width: int, height: int
) -> None:
    picture = draw(found, width, height)
    assert len({len(line) for line in picture.lines}) == 1
    for mark in picture.marks:
        assert picture.lines[mark.line][mark.column : mark.column + len(mark.text)] == mark.text
    assert len(picture.legend) == len(found)


def test_a_run_gives_its_points(paths: Paths) -> None:
    small, large = points_of(kept_run(Recorder(Database(paths.database))))
    assert (small.name, small.memory_bytes, small.rating) == ("demo-small", 15_000_000, None)
    assert small.speed_tok_s is not None
    assert large.speed_tok_s is not None
    assert small.speed_tok_s > large.speed_tok_s


def test_what_a_load_added_is_not_held_against_all_that_the_runtime_has(paths: Paths) -> None:
    run = kept_run(Recorder(Database(paths.database)))
    small, large = run.targets
    unseen = replace(large, facts=replace(large.facts, load_bytes=None))
    assert [one.memory_bytes for one in points_of(replace(run, targets=(small, unseen)))] == [
        15_000_000,
        None,
    ]
    neither = replace(small, facts=replace(small.facts, load_bytes=None))
    both = points_of(replace(run, targets=(neither, unseen)))
    assert [one.memory_bytes for one in both] == [90_000_000, 90_000_000]
