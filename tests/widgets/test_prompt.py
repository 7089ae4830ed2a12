"""The text field for questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from tests.support.waiting import screen_text, wait_until
from tui.widgets.prompt import Prompt


class Host(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, "trap", "trap") for key in ("q", "1", "j", "question_mark", "J")
    ]

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.keys = keys or {}
        self.sent: list[str] = []
        self.trapped = 0

    def compose(self) -> ComposeResult:
        yield Prompt("Ask something", self.keys)

    def on_mount(self) -> None:
        self.query_one(Prompt).focus()

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)

    def action_trap(self) -> None:
        self.trapped += 1

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)


async def test_an_empty_field_says_what_it_is_for() -> None:
    async with Host().run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        assert "Ask something" in screen_text(pilot.app)


async def test_letters_that_are_keys_elsewhere_stay_letters() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*"q1j", "question_mark", "J")
        assert app.prompt.text == "q1j?J"
        assert app.trapped == 0


async def test_enter_sends_and_empties_the_field() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: app.sent == ["hi"])
        assert app.prompt.text == ""


async def test_letters_typed_fast_before_enter_are_all_sent() -> None:
    app = Host()
    async with app.run_test() as pilot:
        for key in (*"abc", "enter", *"def", "enter"):
            app.prompt.post_message(events.Key(key, "\r" if key == "enter" else key))
        await wait_until(pilot, lambda: app.sent == ["abc", "def"])


async def test_an_empty_question_is_not_sent() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press("enter", "space", "ctrl+j", "enter")
        await pilot.pause()
        assert app.sent == []


async def test_ctrl_j_starts_a_new_line_and_the_field_grows() -> None:
    app = Host()
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.press("a")
        await pilot.pause()
        height = app.prompt.size.height
        await pilot.press("ctrl+j", "b", "ctrl+j", "c")
        await wait_until(pilot, lambda: app.prompt.size.height == height + 2)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.sent == ["a\nb\nc"])


async def test_many_pasted_lines_stay_one_question_and_the_field_stays_small() -> None:
    app = Host()
    lines = "\n".join(f"line {number}" for number in range(500))
    async with app.run_test(size=(40, 24)) as pilot:
        app.post_message(events.Paste(lines))
        await wait_until(pilot, lambda: app.prompt.text == lines)
        await pilot.pause()
        assert app.sent == []
        assert app.prompt.outer_size.height <= 8
        assert "line 499" in screen_text(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.sent == [lines])


async def test_pasted_markup_shows_as_text() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.post_message(events.Paste("[red]x[/red]"))
        await wait_until(pilot, lambda: "[red]x[/red]" in screen_text(app))
        assert app.prompt.text == "[red]x[/red]"


async def test_arrows_bring_back_what_was_sent() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*"one", "enter", *"two", "enter", "up")
        assert app.prompt.text == "two"
        await pilot.press("up")
        assert app.prompt.text == "one"
        await pilot.press("up")
        assert app.prompt.text == "one"
        await pilot.press("down")
        assert app.prompt.text == "two"
        await pilot.press("down")
        assert app.prompt.text == ""


async def test_arrows_never_throw_away_what_is_being_written() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*"one", "enter", *"draft", "up", "down")
        assert app.prompt.text == "draft"


async def test_what_was_changed_of_a_sent_question_stays_until_something_is_sent() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*"one", "enter", *"two", "enter", "up", "up", "x", "down", "up")
        assert app.prompt.text == "onex"
        await pilot.press("enter", "up", "up", "up")
        assert app.prompt.text == "one"


async def test_questions_of_earlier_sessions_come_back_too() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.press(*"new", "enter", *"draft")
        app.prompt.remember(["old", "older\nby two lines"])
        await pilot.press("up", "up")
        assert app.prompt.text == "older\nby two lines"
        await pilot.press("up", "up")
        assert app.prompt.text == "old"
        await pilot.press("down", "down", "down")
        assert app.prompt.text == "draft"


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("line\n" * 20_000, "[long text 1: 20,001 lines, 100 kB]"),
        ("x" * 6_000, "[long text 1: 6.0 kB]"),
        ("模" * 60_000, "[long text 1: 180 kB]"),
    ],
)
async def test_a_very_long_paste_is_folded_and_sent_whole(text: str, mark: str) -> None:
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press(*"Read: ")
        app.post_message(events.Paste(text))
        await wait_until(pilot, lambda: mark in screen_text(app))
        app.post_message(events.Paste("and say why"))
        await wait_until(pilot, lambda: "and say why" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.sent == [f"Read: {text}and say why"])
        await pilot.press("up")
        assert len(app.prompt.text) < 100
        assert app.prompt.whole_text == f"Read: {text}and say why"


async def test_two_long_pastes_stay_apart() -> None:
    app = Host()
    one, other = "a" * 6_000, "b" * 6_000
    async with app.run_test(size=(60, 12)) as pilot:
        app.post_message(events.Paste(one))
        app.post_message(events.Paste(other))
        await wait_until(pilot, lambda: "[long text 2: 6.0 kB]" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.sent == [one + other])


async def test_control_sequences_in_a_paste_never_reach_the_terminal() -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        app.post_message(events.Paste("a\x1b[31mb\x1b]0;t\x07c\r\nd\re"))
        await wait_until(pilot, lambda: app.prompt.text == "abc\nd\ne")


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter"])
async def test_each_key_for_a_new_line_starts_one(key: str) -> None:
    app = Host()
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("a", key, "b")
        assert app.prompt.text == "a\nb"


async def test_a_question_comes_back_unless_something_new_was_typed() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.prompt.restore("too long")
        await pilot.press("x")
        assert app.prompt.text == "too longx"
        app.prompt.restore("other")
        assert app.prompt.text == "too longx"


async def test_keys_from_the_config_send_instead() -> None:
    app = Host({"prompt.send": "ctrl+s", "prompt.newline": "enter"})
    async with app.run_test() as pilot:
        await pilot.press("a", "enter", "b", "ctrl+s")
        await wait_until(pilot, lambda: app.sent == ["a\nb"])
