"""A conversation: a tree of turns, one branch of which is on show, and what of it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from tui.chat.parameters import Parameters
from tui.foundry.text import clean_text
from tui.foundry.types import ChatMessage

TITLE_LENGTH = 60
UNTITLED = "New conversation"


def now_text() -> str:
    """Return the time now as ISO 8601 with zone."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_id() -> str:
    """Return an id that no other conversation or turn has."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Turn:
    """One side of an exchange."""

    role: Literal["user", "assistant"]
    content: str
    variant_id: str | None = None
    """Who answered."""
    created_at: str = field(default_factory=now_text)
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, with units in the names; `device`, `context_tokens` (of the model), and
    `ended`: why the answer stopped."""
    reasoning: str = ""
    """What the model thought before it answered; never sent again."""
    reasoning_s: float | None = None
    """How long it thought."""
    id: str = field(default_factory=new_id)
    parent_id: str | None = None
    """The turn that this one follows; None for the first."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns that follow each other, with every other way the conversation took.

    An answer written anew and a question asked otherwise are siblings of the first one: both stay,
    and `leaf_id` says which branch is on show.
    """

    id: str = field(default_factory=new_id)
    tree: tuple[Turn, ...] = ()
    """All turns of all branches, oldest first; a parent stands before its children."""
    leaf_id: str | None = None
    """The last turn of the branch on show; None where nothing is."""
    created_at: str = field(default_factory=now_text)
    parameters: Parameters = Parameters()
    given_title: str = ""
    """The user's name for it; '' for the beginning of the first question."""
    turns: tuple[Turn, ...] = field(init=False, compare=False)
    """The branch on show, from the first turn to `leaf_id`."""

    def __post_init__(self) -> None:
        """Find the branch on show."""
        known = {turn.id: turn for turn in self.tree}
        branch: list[Turn] = []
        at = self.leaf_id
        while at is not None and (turn := known.pop(at, None)) is not None:
            branch.append(turn)
            at = turn.parent_id
        object.__setattr__(self, "turns", tuple(reversed(branch)))

    @classmethod
    def of(cls, *turns: Turn, **fields: Any) -> Conversation:
        """Return a conversation of turns that follow each other."""
        conversation = cls(**fields)
        for turn in turns:
            conversation = conversation.with_turn(turn)
        return conversation

    @property
    def title(self) -> str:
        """The user's name for it, else the beginning of the first question."""
        first = next((turn.content for turn in self.turns if turn.role == "user"), "")
        line = " ".join(clean_text(self.given_title or first).split())
        if len(line) > TITLE_LENGTH:
            line = line[: TITLE_LENGTH - 1].rstrip() + "…"
        return line or UNTITLED

    def with_turn(self, turn: Turn) -> Conversation:
        """Return the conversation with one more turn at the end of the branch on show."""
        turn = replace(turn, parent_id=self.leaf_id)
        return replace(self, tree=(*self.tree, turn), leaf_id=turn.id)

    def with_last(self, turn: Turn) -> Conversation:
        """Return the conversation with the last turn on show replaced; its place stays."""
        last = self.turns[-1]
        turn = replace(turn, id=last.id, parent_id=last.parent_id)
        return replace(self, tree=tuple(turn if one.id == last.id else one for one in self.tree))

    def until(self, turn_id: str | None) -> Conversation:
        """Return the conversation shown up to a turn; what is added next branches off there."""
        return replace(self, leaf_id=turn_id)

    def branches(self, turn_id: str) -> tuple[Turn, ...]:
        """Return a turn and those that stand in its place on other branches, oldest first."""
        turn = self.turn(turn_id)
        return tuple(
            one for one in self.tree if one.parent_id == turn.parent_id and one.role == turn.role
        )

    def switched(self, turn_id: str) -> Conversation:
        """Return the conversation with a branch through `turn_id` on show: the newest there is."""
        below = {turn_id}
        leaf = turn_id
        for turn in self.tree:
            if turn.parent_id in below:
                below.add(turn.id)
                leaf = turn.id
        return replace(self, leaf_id=leaf)

    def without(self, turn_id: str) -> Conversation:
        """Return the conversation without a turn.

        With a question go its answers, and what was said later stays; with an answer goes what
        followed it. Where the branch on show is gone, the newest one beside it comes on show.
        """
        turn = self.turn(turn_id)
        beside = [one for one in self.branches(turn_id) if one.id != turn_id]
        gone = {turn_id}
        for one in self.tree:
            answers = turn.role == "user" and one.role == "assistant" and one.parent_id == turn_id
            if answers or (turn.role == "assistant" and one.parent_id in gone):
                gone.add(one.id)
        tree = tuple(
            replace(one, parent_id=turn.parent_id)
            if turn.role == "user" and one.parent_id in gone
            else one
            for one in self.tree
            if one.id not in gone
        )
        rest = replace(self, tree=tree)
        if self.leaf_id not in gone:
            return rest
        return rest.switched(beside[-1].id) if beside else rest.until(turn.parent_id)

    def turn(self, turn_id: str) -> Turn:
        """Return a turn of any branch; raises `KeyError`."""
        for turn in self.tree:
            if turn.id == turn_id:
                return turn
        raise KeyError(turn_id)

    def messages(self) -> tuple[ChatMessage, ...]:
        """Return what a request holds.

        Empty answers, which servers refuse, are left out; as many templates want question and
        answer in turn, a question that got none becomes one with the next.
        """
        prompt = self.parameters.system_prompt
        messages = [ChatMessage("system", prompt)] if prompt.strip() else []
        for turn in self.turns:
            if not turn.content.strip():
                continue
            if messages and messages[-1].role == turn.role:
                both = f"{messages.pop().content}\n\n{turn.content}"
                messages.append(ChatMessage(turn.role, both))
            else:
                messages.append(ChatMessage(turn.role, turn.content))
        return tuple(messages)
