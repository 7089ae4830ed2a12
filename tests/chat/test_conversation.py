"""Turns, their title, and what of them goes to the model."""

from __future__ import annotations

import pytest

from tui.chat.conversation import TITLE_LENGTH, UNTITLED, Conversation, Turn


def asked(*contents: str) -> Conversation:
    return Conversation(
        turns=tuple(
            Turn("assistant" if number % 2 else "user", content)
            for number, content in enumerate(contents)
        )
    )


def test_a_new_conversation_has_a_name_and_an_id_of_its_own() -> None:
    assert Conversation().title == UNTITLED
    assert Conversation().id != Conversation().id


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is edge AI?", "What is edge AI?"),
        ("  two\n\n lines ", "two lines"),
        ("\x1b]0;owned\x07harmless \x1b[31mred", "harmless red"),
        ("   ", UNTITLED),
    ],
)
def test_the_title_is_the_first_question_in_one_clean_line(question: str, title: str) -> None:
    assert asked(question, "answer").title == title


def test_a_long_question_is_cut_in_the_title() -> None:
    title = asked("word " * 40).title
    assert len(title) <= TITLE_LENGTH
    assert title.endswith("word…")


def test_a_question_added_later_does_not_change_the_title() -> None:
    before = asked("first", "answer")
    after = before.with_turn(Turn("user", "second"))
    assert after.title == "first"
    assert len(before.turns) == 2


def test_the_last_turn_can_be_replaced_or_taken_back() -> None:
    conversation = asked("question", "half")
    whole = conversation.with_last(Turn("assistant", "half and more"))
    assert [turn.content for turn in whole.turns] == ["question", "half and more"]
    assert whole.id == conversation.id
    assert whole.without_last(2).turns == ()


def test_the_model_gets_the_system_prompt_first_and_all_turns_in_order() -> None:
    messages = asked("one", "two", "three").messages("Be brief.")
    assert [(message.role, message.content) for message in messages] == [
        ("system", "Be brief."),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]


def test_an_empty_system_prompt_and_empty_answers_are_left_out() -> None:
    messages = asked("one", " \n", "three").messages("  ")
    assert [message.content for message in messages] == ["one", "three"]


def test_the_model_gets_the_question_as_it_was_written() -> None:
    (message,) = asked("  def f():\n\treturn 1\n").messages()
    assert message.content == "  def f():\n\treturn 1\n"
