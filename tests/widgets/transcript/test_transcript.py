"""The conversation on the screen: it follows, it stays where it is read, and it costs little."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tests.support.waiting import screen_text, wait_until
from tui.widgets.transcript import document as document_module
from tui.widgets.transcript.document import Block, parse_blocks
from tui.widgets.transcript.transcript import Transcript

FOOTER = ((("TTFT 1 s", "figures"),),)


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield Transcript(empty="Ask something.")

    def on_mount(self) -> None:
        self.transcript.focus()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


async def test_an_empty_conversation_says_what_to_do() -> None:
    async with Host().run_test(size=(40, 8)) as pilot:
        await pilot.pause()
        assert "Ask something." in screen_text(pilot.app)


async def test_a_growing_answer_shows_with_its_name_and_then_its_figures() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        app.transcript.add("You", "What?", style="you")
        app.transcript.begin("phi-4")
        app.transcript.append("Some **bold")
        app.transcript.append("** text.")
        await wait_until(pilot, lambda: "Some bold text." in screen_text(app))
        app.transcript.finish(FOOTER)
        await pilot.pause()
        lines = [line.rstrip() for line in screen_text(app).splitlines()]
        assert lines[:6] == ["You", "  What?", "", "phi-4", "  Some bold text.", "  TTFT 1 s"]


async def test_a_word_about_waiting_gives_way_to_the_figures() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        app.transcript.begin("phi-4")
        app.transcript.say((("waiting", "muted"),))
        await pilot.pause()
        assert "waiting" in screen_text(app)
        app.transcript.append("Here.")
        app.transcript.finish(FOOTER)
        await pilot.pause()
        assert "waiting" not in screen_text(app)
        assert "Here." in screen_text(app)


async def test_markup_shows_as_text_and_escapes_are_dropped() -> None:
    app = Host()
    async with app.run_test(size=(60, 10)) as pilot:
        app.transcript.add("\x1b[31m[red]phi", "[bold]x[/] \x1b]0;t\x07<b>y</b>", style="model")
        await pilot.pause()
        text = screen_text(app)
        assert "[red]phi" in text
        assert "[bold]x[/] <b>y</b>" in text
        assert "\x1b" not in text


async def test_the_end_is_followed_until_the_reader_scrolls_up() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        app.transcript.begin("phi-4")
        for number in range(40):
            app.transcript.append(f"line {number}\n\n")
        await wait_until(pilot, lambda: "line 39" in screen_text(app))
        await pilot.press("home")
        await wait_until(pilot, lambda: "line 0" in screen_text(app))
        app.transcript.append("line 40\n\n")
        app.transcript.flush()
        await pilot.pause()
        assert "line 0" in screen_text(app)
        await pilot.press("end")
        await wait_until(pilot, lambda: "line 40" in screen_text(app))
        app.transcript.append("line 41\n\n")
        await wait_until(pilot, lambda: "line 41" in screen_text(app))


async def test_lines_are_broken_anew_when_the_width_changes() -> None:
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        app.transcript.add("You", "one two three four five six", style="you")
        await pilot.pause()
        assert "one two three four five six" in screen_text(app)
        await pilot.resize_terminal(20, 12)
        await wait_until(pilot, lambda: "one two three" in screen_text(app).splitlines()[1])
        assert "six" in screen_text(app)
        assert "six" not in screen_text(app).splitlines()[1]


async def test_an_answer_looks_the_same_grown_or_added_whole() -> None:
    source = "# Title\n\n- a\n- b\n\n```python\nx = 1\n```\n\n|a|b|\n|-|-|\n|1|2|\n\nThe end."
    texts = []
    for grown in (True, False):
        app = Host()
        async with app.run_test(size=(40, 24)) as pilot:
            if grown:
                app.transcript.begin("phi-4")
                for letter in source:
                    app.transcript.append(letter)
                    app.transcript.flush()
                app.transcript.finish(FOOTER)
            else:
                app.transcript.add("phi-4", source, style="model", footer=FOOTER)
            await pilot.pause()
            texts.append(screen_text(app))
    assert texts[0] == texts[1]
    assert "The end." in texts[0]


async def test_a_cleared_conversation_is_empty() -> None:
    app = Host()
    async with app.run_test(size=(40, 8)) as pilot:
        app.transcript.add("You", "text", style="you")
        await pilot.pause()
        app.transcript.clear()
        await pilot.pause()
        assert "text" not in screen_text(app)
        assert "Ask something." in screen_text(app)


async def test_the_cost_of_a_piece_does_not_grow_with_the_conversation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[int] = []

    def counting(source: str) -> tuple[Block, ...]:
        blocks = parse_blocks(source)
        parsed.append(len(blocks))
        return blocks

    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        transcript = app.transcript
        costs = {}
        for turns in (1, 100):
            while len(transcript._entries) < turns:
                transcript.add("You", "one\n\n- two\n- three\n\nfour", style="you")
            transcript.begin("phi-4")
            for _ in range(turns):
                transcript.append("A paragraph.\n\nAnd another.\n\n")
                transcript.flush()
            with monkeypatch.context() as patched:
                patched.setattr(document_module, "parse_blocks", counting)
                parsed.clear()
                before = transcript._entries[-1].settled
                transcript.append("more ")
                transcript.flush()
                costs[turns] = (sum(parsed), len(transcript._lines) - before)
            transcript.finish(())
        await pilot.pause()
        assert costs[100] == costs[1]
        assert min(costs[1]) > 0
