"""The table: what is drawn, where the cursor stands, and what a change costs."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tests.support.waiting import screen_text
from tui.widgets.table import Cell, Column, LazyRow, Row, Table

COLUMNS = (
    Column("NAME", 8, flexible=True),
    Column("SIZE", 6, align="right"),
    Column("EXTRA", 5, from_width=60),
)


def rows(*names: str) -> list[Row]:
    return [Row(name, (Cell(name), Cell("1 MB"), Cell("x"))) for name in names]


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def compose(self) -> ComposeResult:
        yield Table(COLUMNS, empty="Nothing here.\nPress i.")

    def on_mount(self) -> None:
        self.query_one(Table).focus()

    def on_table_highlighted(self, event: Table.Highlighted) -> None:
        self.seen.append(event.key)


async def test_names_that_differ_at_the_end_are_told_apart() -> None:
    class Narrow(App[None]):
        def compose(self) -> ComposeResult:
            yield Table((Column("NAME", 12, keep_end=True),))

    async with Narrow().run_test(size=(20, 5)) as pilot:
        names = ("otter-generic-cpu", "otter-generic-gpu")
        pilot.app.query_one(Table).set_rows([Row(name, (Cell(name),)) for name in names])
        await pilot.pause()
        assert "otter-…c-cpu" in screen_text(pilot.app)
        assert "otter-…c-gpu" in screen_text(pilot.app)


async def test_an_empty_table_says_what_to_do() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        assert "Nothing here." in screen_text(pilot.app)
        assert "Press i." in screen_text(pilot.app)


async def test_rows_are_drawn_under_their_head_and_numbers_stand_right() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        pilot.app.query_one(Table).set_rows(rows("alpha", "beta"))
        await pilot.pause()
        lines = screen_text(pilot.app).splitlines()
        assert lines[0].split() == ["NAME", "SIZE"]
        assert lines[1].startswith("alpha")
        assert lines[1].rstrip().endswith("1 MB")
        assert lines[0].index("SIZE") + 4 == lines[1].index("1 MB") + 4


async def test_a_column_comes_and_goes_with_the_width() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        pilot.app.query_one(Table).set_rows(rows("alpha"))
        await pilot.pause()
        assert "EXTRA" not in screen_text(pilot.app)
        await pilot.resize_terminal(80, 8)
        await pilot.pause()
        assert "EXTRA" in screen_text(pilot.app)


async def test_arrows_and_vim_keys_move_and_scroll() -> None:
    app = Host()
    async with app.run_test(size=(40, 6)) as pilot:
        table = app.query_one(Table)
        table.set_rows(rows(*(f"row{number}" for number in range(50))))
        await pilot.pause()
        await pilot.press("down", "j")
        assert table.cursor_key == "row2"
        await pilot.press("k")
        assert table.cursor_key == "row1"
        await pilot.press("G")
        assert table.cursor_key == "row49"
        await pilot.pause()
        assert "row49" in screen_text(app)
        await pilot.press("g")
        await pilot.pause()
        assert table.cursor_key == "row0"
        assert "row0 " in screen_text(app)


async def test_the_cursor_stays_on_its_key_when_rows_come_and_go() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        table = app.query_one(Table)
        table.set_rows(rows("a", "b", "c"))
        table.move_to("b")
        table.set_rows(rows("new", "a", "b", "c"))
        assert table.cursor_key == "b"
        table.set_rows(rows("new", "a"))
        assert table.cursor_key == "a"
        await pilot.pause()
        assert app.seen[-2:] == ["b", "a"]


async def test_a_row_that_a_key_was_pressed_on_keeps_the_cursor() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        table = app.query_one(Table)
        table.focus()
        table.set_rows(rows("a", "b"))
        table.set_rows(rows("b", "a"))
        assert table.cursor_key == "b"  # nobody has done anything yet: the top is the top
        await pilot.press("x")
        table.set_rows(rows("a", "b"))
        assert table.cursor_key == "b"


async def test_only_changed_lines_are_drawn_again() -> None:
    app = Host()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Table)
        table.set_rows(rows("a", "b", "c", "d"))
        await pilot.pause()
        drawn: list[int] = []
        table._refresh_row = drawn.append  # type: ignore[method-assign]
        changed = rows("a", "b", "c", "d")
        changed[2] = Row("c", (Cell("c"), Cell("2 MB"), Cell("x")))
        table.set_rows(changed)
        assert drawn == [2]
        drawn.clear()
        table.set_rows(list(changed))
        assert drawn == []


async def test_lines_that_come_from_other_numbers_but_read_the_same_are_not_drawn_again() -> None:
    def cells(size_mb: float) -> tuple[Cell, ...]:
        made.append(size_mb)
        return Cell("a"), Cell(f"{size_mb:.0f} MB"), Cell("x")

    app, made = Host(), list[float]()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Table)
        table.set_rows([LazyRow(str(n), 1.0 + n, cells) for n in range(1000)])
        await pilot.pause()
        made.clear()
        drawn: list[int] = []
        table._refresh_row = drawn.append  # type: ignore[method-assign]
        table.set_rows([LazyRow(str(n), 1.1 + n + (n == 3), cells) for n in range(1000)])
        assert drawn == [3]
        assert len(made) <= 20, "only what is in sight is compared"


async def test_long_and_wide_texts_stay_in_their_column() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        app.query_one(Table).set_rows([Row("a", (Cell("模型" * 30), Cell("123456789"), Cell("")))])
        await pilot.pause()
        line = screen_text(app).splitlines()[1]
        assert "…" in line
        assert "12345…" in line


async def test_a_click_moves_the_cursor() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        table = app.query_one(Table)
        table.set_rows(rows("a", "b", "c"))
        await pilot.pause()
        await pilot.click(Table, offset=(2, 3))
        assert table.cursor_key == "c"
