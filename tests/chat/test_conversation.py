"""Turns, their title, and what of them goes to the model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.conversation import TITLE_LENGTH, UNTITLED, Conversation, Turn
from tui.chat.parameters import Parameters


def asked(*contents: str) -> Conversation:
    return Conversation.of(
        *(
            Turn("assistant" if number % 2 else "user", content)
            for number, content in enumerate(contents)
        )
    )


def contents(conversation: Conversation) -> list[str]:
    return [turn.content for turn in conversation.turns]


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


def test_the_last_turn_can_be_replaced_in_its_place() -> None:
    conversation = asked("question", "half")
    whole = conversation.with_last(Turn("assistant", "half and more"))
    assert contents(whole) == ["question", "half and more"]
    assert whole.turns[-1].id == conversation.turns[-1].id
    assert whole.id == conversation.id


def test_a_name_that_was_given_comes_before_the_first_question() -> None:
    assert replace(asked("question"), given_title=" My\n talk ").title == "My talk"


def test_an_answer_written_anew_stands_beside_the_old_one() -> None:
    first = asked("q", "one")
    second = first.until(first.turns[0].id).with_turn(Turn("assistant", "two"))
    assert contents(second) == ["q", "two"]
    assert [turn.content for turn in second.branches(second.turns[1].id)] == ["one", "two"]
    assert contents(second.switched(first.turns[1].id)) == ["q", "one"]


def test_a_question_asked_otherwise_keeps_what_followed_the_old_one() -> None:
    before = asked("q1", "a1", "q2", "a2")
    after = before.until(before.turns[1].id).with_turn(Turn("user", "q2, better"))
    assert contents(after) == ["q1", "a1", "q2, better"]
    assert contents(after.switched(before.turns[2].id)) == ["q1", "a1", "q2", "a2"]
    assert after.title == before.title


def test_the_first_question_can_be_asked_otherwise() -> None:
    before = asked("q", "a")
    after = before.until(None).with_turn(Turn("user", "other"))
    assert contents(after) == ["other"]
    assert len(after.branches(after.turns[0].id)) == 2


def test_with_a_question_go_its_answers_and_what_was_said_later_stays() -> None:
    before = asked("q1", "a1", "q2", "a2", "q3", "a3")
    after = before.without(before.turns[2].id)
    assert contents(after) == ["q1", "a1", "q3", "a3"]
    assert len(after.tree) == 4


def test_with_an_answer_goes_what_followed_it_and_the_one_beside_it_shows() -> None:
    before = asked("q1", "a1")
    both = before.until(before.turns[0].id).with_turn(Turn("assistant", "a2"))
    both = both.with_turn(Turn("user", "q2"))
    after = both.without(both.turns[1].id)
    assert contents(after) == ["q1", "a1"]
    assert contents(before.without(before.turns[1].id)) == ["q1"]
    assert before.without(before.turns[0].id).turns == ()


def test_the_last_question_gone_the_branch_beside_it_shows() -> None:
    before = asked("q", "a")
    edited = before.until(None).with_turn(Turn("user", "other"))
    assert contents(edited.without(edited.turns[0].id)) == ["q", "a"]


@given(st.lists(st.tuples(st.sampled_from("arqdes"), st.integers(0, 99)), max_size=25))
def test_whatever_is_done_the_branch_on_show_is_whole(steps: list[tuple[str, int]]) -> None:
    conversation = asked("q", "a")
    for what, number in steps:
        turns, tree = conversation.turns, conversation.tree
        if what in "qa" or not tree:
            role = "assistant" if turns and turns[-1].role == "user" else "user"
            conversation = conversation.with_turn(Turn(role, what))  # type: ignore[arg-type]
        elif what == "e" and turns:
            turn = turns[number % len(turns)]
            conversation = conversation.until(turn.parent_id).with_turn(Turn(turn.role, "e"))
        elif what == "d":
            conversation = conversation.without(tree[number % len(tree)].id)
        else:
            conversation = conversation.switched(tree[number % len(tree)].id)
        roles = [turn.role for turn in conversation.turns]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
        known: set[str | None] = {None}
        for turn in conversation.tree:
            assert turn.parent_id in known
            known.add(turn.id)
        assert conversation.leaf_id in known


def test_the_model_gets_the_system_prompt_first_and_all_turns_in_order() -> None:
    said = replace(asked("one", "two", "three"), parameters=Parameters("Be brief."))
    assert [(message.role, message.content) for message in said.messages()] == [
        ("system", "Be brief."),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]


def test_empty_answers_are_left_out_and_the_questions_around_them_become_one() -> None:
    said = replace(asked("one", " \n", "three"), parameters=Parameters("  "))
    assert [message.content for message in said.messages()] == ["one\n\nthree"]


def test_the_model_gets_one_branch_only_and_no_reasoning() -> None:
    first = Conversation.of(Turn("user", "q"), Turn("assistant", "one", reasoning="hmm"))
    second = first.until(first.turns[0].id).with_turn(Turn("assistant", "two", reasoning="hm"))
    assert [message.content for message in second.messages()] == ["q", "two"]


def test_the_model_gets_the_question_as_it_was_written() -> None:
    (message,) = asked("  def f():\n\treturn 1\n").messages()
    assert message.content == "  def f():\n\treturn 1\n"
