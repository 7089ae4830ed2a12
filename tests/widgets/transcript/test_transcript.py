"""The conversation on the screen: it follows, it stays where it is read, and it costs little."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from tests.support.waiting import screen_text, wait_until
from tui.widgets.transcript import document as document_module
from tui.widgets.transcript import entry as entry_module
from tui.widgets.transcript.document import Block
from tui.widgets.transcript.entry import TurnView
from tui.widgets.transcript.transcript import Transcript

FOOTER = ((("TTFT 1 s", "figures"),),)
GROWING = TurnView("answer", "phi-4", "model")


def you(text: str, name: str = "question") -> TurnView:
    return TurnView(name, "You", "you", text)


def answered(text: str, **changes: str) -> TurnView:
    return TurnView("answer", "phi-4", "model", text, footer=FOOTER, **changes)


def turns(count: int) -> list[TurnView]:
    return [
        you(f"question {number}\n\n- two\n- three", f"turn-{number}") for number in range(count)
    ]


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript(empty="Ask something.")

    def on_mount(self) -> None:
        self.transcript.focus()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


def shown(app: Host) -> list[str]:
    return [line.rstrip() for line in screen_text(app).splitlines()]


async def test_an_empty_conversation_says_what_to_do() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        await pilot.pause()
        assert "Ask something." in screen_text(pilot.app)


async def test_a_growing_answer_shows_with_its_name_and_then_its_figures() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        app.transcript.show([you("What?")])
        app.transcript.begin(GROWING)
        app.transcript.append("Some **bold")
        app.transcript.append("** text.")
        await wait_until(pilot, lambda: "Some bold text." in screen_text(app))
        app.transcript.finish(answered("Some **bold** text."))
        await pilot.pause()
        assert shown(app)[:6] == [
            " You",
            "   What?",
            "",
            " phi-4",
            "   Some bold text.",
            "   TTFT 1 s",
        ]


async def test_a_word_about_waiting_gives_way_to_the_figures() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        app.transcript.begin(GROWING)
        app.transcript.say((("waiting", "muted"),))
        await pilot.pause()
        assert "waiting" in screen_text(app)
        app.transcript.append("Here.")
        app.transcript.finish(answered("Here."))
        await pilot.pause()
        assert "waiting" not in screen_text(app)
        assert "Here." in screen_text(app)


async def test_markup_shows_as_text_and_escapes_are_dropped() -> None:
    app = Host()
    async with app.run_test(size=(60, 10)) as pilot:
        hostile = "[bold]x[/] \x1b]0;t\x07<b>y</b>"
        app.transcript.show([TurnView("a", "\x1b[31m[red]phi", "model", hostile, thought=hostile)])
        await pilot.pause()
        text = screen_text(app)
        assert "[red]phi" in text
        assert "[bold]x[/] <b>y</b>" in text
        assert "\x1b" not in text


async def test_the_end_is_followed_until_the_reader_scrolls_up() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        app.transcript.begin(GROWING)
        for number in range(40):
            app.transcript.append(f"line {number}\n\n")
        await wait_until(pilot, lambda: "line 39" in screen_text(app))
        assert "┃" not in screen_text(app)
        await pilot.press("home")
        await wait_until(pilot, lambda: "line 0" in screen_text(app))
        app.transcript.append("line 40\n\n")
        app.transcript.flush()
        await pilot.pause()
        assert "line 0" in screen_text(app)
        assert "┃" in screen_text(app)
        await pilot.press("end")
        await wait_until(pilot, lambda: "line 40" in screen_text(app))
        app.transcript.append("line 41\n\n")
        await wait_until(pilot, lambda: "line 41" in screen_text(app))


async def test_lines_are_broken_anew_when_the_width_changes() -> None:
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        app.transcript.show([you("one two three four five six")])
        await pilot.pause()
        assert "one two three four five six" in screen_text(app)
        await pilot.resize_terminal(22, 12)
        await wait_until(pilot, lambda: "one two three" in screen_text(app).splitlines()[1])
        assert "six" in screen_text(app)
        assert "six" not in screen_text(app).splitlines()[1]


SOURCE = "# Title\n\n- a\n- b\n\n```python\nx = 1\n```\n\n|a|b|\n|-|-|\n|1|2|\n\nThe end."


@pytest.mark.parametrize("unfolded", [False, True])
async def test_an_answer_looks_the_same_grown_or_shown_whole(unfolded: bool) -> None:
    whole = answered(SOURCE, thought="First *this*.\n\nThen that.", thought_title="thought for 1 s")
    texts = []
    for grown in (True, False):
        app = Host()
        async with app.run_test(size=(40, 24)) as pilot:
            app.transcript.unfold(unfolded)
            if grown:
                app.transcript.begin(GROWING)
                for letter in whole.thought:
                    app.transcript.think(letter)
                    app.transcript.flush()
                    app.transcript.say((("so far", "muted"),), thought_title="thinking")
                for letter in SOURCE:
                    app.transcript.append(letter)
                    app.transcript.flush()
                app.transcript.finish(whole)
            else:
                app.transcript.show([whole])
            await pilot.pause()
            texts.append(screen_text(app))
    assert texts[0] == texts[1]
    assert "The end." in texts[0]
    assert ("First this." in texts[0]) is unfolded


async def test_a_thought_is_folded_into_a_line_and_unfolds() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.transcript.begin(GROWING)
        app.transcript.think("Let me see.")
        app.transcript.flush()
        app.transcript.say((), thought_title="thinking for 1 s")
        await pilot.pause()
        assert "▸ thinking for 1 s" in screen_text(app)
        assert "Let me see." not in screen_text(app)
        app.transcript.unfold(True)
        await pilot.pause()
        assert "┊ Let me see." in screen_text(app)
        app.transcript.think(" More.")
        app.transcript.append("Yes.")
        app.transcript.finish(
            answered("Yes.", thought="Let me see. More.", thought_title="thought for 2 s")
        )
        await pilot.pause()
        assert "▾ thought for 2 s" in screen_text(app)
        assert "┊ Let me see. More." in screen_text(app)
        app.transcript.unfold(False)
        await pilot.pause()
        assert shown(app)[1:3] == ["   ▸ thought for 2 s", "   Yes."]


async def test_a_cleared_conversation_is_empty() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        app.transcript.show([you("text")])
        await pilot.pause()
        app.transcript.show([])
        await pilot.pause()
        assert "text" not in screen_text(app)
        assert "Ask something." in screen_text(app)


async def test_turns_that_stay_are_not_parsed_or_laid_out_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        views = turns(5)
        app.transcript.show(views)
        await wait_until(pilot, lambda: app.transcript._laid_from == 0)
        laid_out = counting_layouts(monkeypatch)
        app.transcript.show([*views[:4], you("another", "other")])
        await pilot.pause()
        assert len(laid_out) == 2  # its closed and its open blocks
        assert "another" in screen_text(app)
        assert "question 4" not in screen_text(app)
        app.transcript.show(views[:3])
        await pilot.pause()
        assert "question 2" in screen_text(app)
        assert "another" not in screen_text(app)


def counting_layouts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    laid_out: list[int] = []
    layout = entry_module.layout

    def counting(blocks: Sequence[Block], width: int, **options: bool) -> list[object]:
        laid_out.append(len(blocks))
        return layout(blocks, width, **options)  # type: ignore[return-value]

    monkeypatch.setattr(entry_module, "layout", counting)
    return laid_out


async def test_of_a_long_conversation_the_end_comes_first_and_the_rest_in_slices() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        transcript = app.transcript
        transcript.show(turns(300))
        assert 0 < len(transcript._entries) - transcript._laid_from < 20
        assert transcript._lines[-2][0] == ("  ", "")
        await pilot.pause()
        assert "question 299" in screen_text(app)
        before = screen_text(app)
        await wait_until(pilot, lambda: transcript._laid_from == 0)
        assert screen_text(app) == before
        assert len(transcript._lines) == sum(entry.count for entry in transcript._entries)
        starts = [entry.start for entry in transcript._entries]
        assert starts == sorted(set(starts))


async def test_the_first_turn_is_there_at_once_when_the_reader_goes_to_it() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.transcript.show(turns(300))
        await pilot.press("home")
        await wait_until(pilot, lambda: "question 0" in screen_text(app))


async def test_a_reader_in_the_middle_stays_there_when_the_width_changes() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.transcript.show(turns(100))
        await pilot.press("home")
        await wait_until(pilot, lambda: "question 0" in screen_text(app))
        app.transcript.scroll_to(y=app.transcript._entries[40].start, animate=False)
        await wait_until(pilot, lambda: "question 40" in screen_text(app).splitlines()[1])
        await pilot.resize_terminal(30, 12)
        await wait_until(pilot, lambda: "question 40" in screen_text(app).splitlines()[1])


async def test_the_mark_moves_over_the_turns_and_the_turn_comes_into_view() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.transcript.show(turns(30))
        app.transcript.choose_next(-1)
        assert app.transcript.chosen_id == "turn-29"
        await pilot.pause()
        assert "▌You" in screen_text(app)
        for _ in range(12):
            app.transcript.choose_next(-1)
        await wait_until(pilot, lambda: "▌  question 17" in screen_text(app))
        app.transcript.choose_next(-100)
        assert app.transcript.chosen_id == "turn-0"
        await wait_until(pilot, lambda: "▌  question 0" in screen_text(app))
        app.transcript.choose(None)
        await pilot.pause()
        assert "▌" not in screen_text(app)


async def test_a_click_sets_the_mark() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.transcript.show(turns(2))
        await pilot.pause()
        await pilot.click(Transcript, offset=(5, 6))
        await wait_until(pilot, lambda: "▌  question 1" in screen_text(app))


MARKDOWN = "# Title\n\nSome **bold** text.\n\n```python\nx = 1\n\ny = 2\n```\n\n- one\n- two"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 14, MARKDOWN),
        (1, 3, "# Title\n\nSome **bold** text."),
        (5, 7, "x = 1\n\ny = 2"),
        (6, 7, "\ny = 2"),
        (3, 5, "Some **bold** text.\n\n```python\nx = 1\n\ny = 2\n```"),
        (9, 10, "- one\n- two"),
        (10, 12, "- two"),
    ],
)
async def test_what_is_selected_over_lines_is_copied_as_markdown(
    first: int, last: int, expected: str
) -> None:
    app = Host()
    async with app.run_test(size=(60, 24)):
        app.transcript.show([answered(MARKDOWN)])
        selection = Selection(Offset(0, first), Offset(60, last))
        assert app.transcript.get_selection(selection) == (expected, "\n")


async def test_part_of_a_line_is_copied_as_it_stands() -> None:
    app = Host()
    async with app.run_test(size=(60, 24)):
        app.transcript.show([answered(MARKDOWN)])
        selection = Selection(Offset(8, 3), Offset(12, 3))
        assert app.transcript.get_selection(selection) == ("bold", "\n")


async def test_all_turns_are_copied_one_after_the_other() -> None:
    app = Host()
    async with app.run_test(size=(60, 24)):
        app.transcript.show([you("*Why?*"), answered(MARKDOWN)])
        assert app.transcript.get_selection(Selection(None, None)) == (
            f"*Why?*\n\n{MARKDOWN}",
            "\n",
        )


async def test_the_cost_of_a_piece_does_not_grow_with_the_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[int] = []
    parser = document_module._parser()

    class Counting:
        def parse(self, source: str) -> object:
            parsed.append(len(source))
            return parser.parse(source)

    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = app.transcript
        costs = {}
        for count in (1, 200):
            transcript.show(turns(count))
            transcript.begin(GROWING)
            for _ in range(count):
                transcript.append("A paragraph.\n\nAnd another.\n\n")
                transcript.flush()
            await wait_until(pilot, lambda: transcript._laid_from == 0)
            with monkeypatch.context() as patched:
                patched.setattr(document_module, "_parser", Counting)
                laid_out = counting_layouts(patched)
                parsed.clear()
                transcript.append("more ")
                transcript.flush()
                costs[count] = (list(parsed), list(laid_out))
            transcript.finish(answered("x"))
        await pilot.pause()
        assert costs[200] == costs[1]
        assert len(costs[1][0]) == 1, "each piece is parsed once, the last block only"


async def test_pieces_that_come_fast_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Host()
    drawn: list[object] = []
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = app.transcript
        transcript.begin(GROWING)
        refresh, resize = transcript.refresh, transcript._resized_content
        layouts: list[object] = []
        monkeypatch.setattr(
            transcript,
            "refresh",
            lambda *regions, **options: (
                layouts.append(1) if options.get("layout") else None,
                drawn.append(regions),
                refresh(*regions, **options),
            )[-1],
        )
        for number in range(500):
            transcript.append(f"word {number} ")
        await wait_until(pilot, lambda: "word 499" in screen_text(app))
        assert callable(resize)
        assert not layouts, "a new line never lays out the screen"
        assert len(drawn) <= 8, "the first at once, all others with the next twentieth of a second"


async def test_a_long_open_code_block_costs_only_its_last_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tui.widgets.transcript import layout as layout_module

    chopped: list[int] = []
    chop = layout_module._chop
    monkeypatch.setattr(
        layout_module, "_chop", lambda line, width: (chopped.append(1), chop(line, width))[1]
    )
    app = Host()
    async with app.run_test(size=(60, 12)):
        transcript = app.transcript
        transcript.begin(GROWING)
        transcript.append("```python\n" + "".join(f"x{n} = {n}\n" for n in range(300)))
        transcript.flush()
        chopped.clear()
        transcript.append("y = 1\n")
        transcript.flush()
        assert len(chopped) == 1
