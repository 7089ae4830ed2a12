"""The chart of the monitor: columns, the marks below them, and the frame around."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tests.support.waiting import screen_text
from tui.system.history import Event, Graph
from tui.widgets.chart import AXIS_WIDTH, Chart, Picture, area, marks_line, time_line
from tui.widgets.glyphs import ASCII, BLOCKS, choose_glyphs


def event(kind: str, label: str = "") -> Event:
    return Event(0.0, kind, label)  # type: ignore[arg-type]


def test_a_full_column_reaches_the_top_and_half_of_it_the_middle() -> None:
    assert area([100, 50, 25, 0], 2, 100) == ["█   ", "██▄ "]


def test_what_is_more_than_nothing_shows() -> None:
    assert area([0.001, 0], 3, 100) == ["  ", "  ", "▁ "]


def test_what_was_not_measured_stays_blank() -> None:
    assert area([None, 100], 1, 100) == [" █"]


def test_a_value_above_the_scale_is_cut_and_no_scale_draws_nothing() -> None:
    assert area([250], 2, 100) == ["█", "█"]
    assert area([250], 2, 0) == [" ", " "]


@given(
    st.lists(st.none() | st.floats(-10, 1e6), max_size=30),
    st.integers(1, 10),
    st.floats(0, 1e5),
)
def test_columns_have_no_holes(values: list[float | None], height: int, maximum: float) -> None:
    lines = area(values, height, maximum)
    assert [len(line) for line in lines] == [len(values)] * height
    for column in zip(*lines, strict=True):
        heights = [BLOCKS.columns.index(cell) for cell in column]
        assert heights == sorted(heights)
        assert sum(0 < one < 8 for one in heights) <= 1


def test_a_mark_stands_below_its_column_with_its_name() -> None:
    line = marks_line([(3, event("load", "phi-4:2"))], 20)
    assert line == "   ▲ load phi-4     "


def test_a_mark_without_room_keeps_its_sign() -> None:
    assert marks_line([(0, event("load")), (3, event("crash"))], 20).startswith("▲  ✕ crash ")
    assert marks_line([(9, event("load", "phi"))], 10) == " " * 9 + "▲"


def test_the_name_of_the_model_goes_first_where_room_is_short() -> None:
    marks = [(0, event("load", "phi-4")), (8, event("first token"))]
    assert marks_line(marks, 30).startswith("▲ load  ◆ first token")


def test_marks_outside_of_the_chart_are_left_out() -> None:
    assert marks_line([(-1, event("load")), (10, event("load"))], 10) == " " * 10


@given(
    st.lists(
        st.tuples(
            st.integers(-5, 60),
            st.builds(
                event,
                st.sampled_from(("load", "unload", "first token", "crash", "bench")),
                st.sampled_from(("", "phi-4:1", "a-very-long-name-of-a-model:1")),
            ),
        ),
        max_size=20,
    ),
    st.integers(0, 50),
)
def test_the_line_of_marks_is_as_wide_as_the_chart_and_loses_no_mark(
    events: list[tuple[int, Event]], width: int
) -> None:
    line = marks_line(events, width)
    assert len(line) == width
    assert {place for place, sign in enumerate(line) if sign in "▲▽◆✕■"} == {
        column for column, _ in events if 0 <= column < width
    }


def test_a_scale_need_not_begin_at_nothing() -> None:
    assert area([10, 15, 20], 1, 20, 10) == ["▁▄█"]
    assert area([9.9], 1, 20, 10) == [" "]


def test_plain_ascii_will_do() -> None:
    assert area([100, 50, 10, 0], 2, 100, glyphs=ASCII) == ["#   ", "##_ "]
    assert marks_line([(0, event("load", "x"))], 9, ASCII) == "^ load x "
    assert all(line.isascii() for line in area(list(range(100)), 3, 99, glyphs=ASCII))
    signs = (ASCII.axis, ASCII.tick, ASCII.event_line, ASCII.dot, ASCII.bars)
    assert "".join((*signs, *ASCII.marks.values())).isascii()


def test_blocks_are_drawn_only_where_they_are_sure_to_show() -> None:
    assert choose_glyphs("auto", {"TERM": "xterm-256color"}, "utf-8") is BLOCKS
    assert choose_glyphs("auto", {"TERM": "linux"}, "utf-8") is ASCII
    assert choose_glyphs("auto", {"TERM": "xterm"}, "latin-1") is ASCII
    assert choose_glyphs("blocks", {"TERM": "linux"}, "ascii") is BLOCKS
    assert choose_glyphs("ascii", {"TERM": "xterm"}, "utf-8") is ASCII


def test_the_times_of_the_edges_give_way_to_marks() -> None:
    assert time_line(" " * 14, "-2 min", "now") == [
        ("-2 min", True), ("     ", False), ("now", True),
    ]  # fmt: skip
    assert time_line("   ▲ load     ", "-2 min", "now")[0] == ("", True)
    assert "".join(text for text, _ in time_line("    ▲", "-2 min", "now")) == "    ▲"


class Host(App[None]):
    CSS = "Chart { height: 6; }"

    def compose(self) -> ComposeResult:
        yield Chart()


async def shown(width: int = 40) -> list[str]:
    app = Host()
    async with app.run_test(size=(width, 6)) as pilot:
        chart = app.query_one(Chart)
        assert chart.plot_width == width - AXIS_WIDTH
        values = (None,) * (chart.plot_width - 2) + (50.0, 100.0)
        graph = Graph(values, ((0, event("load", "phi")),), 60.0)
        chart.show(Picture("CPU 100 %", "last minute", graph, 0, 100, "0", "100"))
        await pilot.pause()
        return screen_text(app).splitlines()


async def test_a_chart_has_a_title_an_axis_and_marks() -> None:
    lines = await shown()
    assert lines[0] == "CPU 100 %" + " " * 20 + "last minute"
    assert lines[1].startswith(" 100┤ ")
    assert lines[1].endswith("█")
    assert lines[3].endswith("██")
    assert lines[4].startswith("   0┤ ")
    assert lines[5].startswith("      ▲ load phi")


async def test_a_narrow_chart_leaves_the_note_out() -> None:
    lines = await shown(20)
    assert lines[0].rstrip() == "CPU 100 %"
    assert all(len(line) == 20 for line in lines)
