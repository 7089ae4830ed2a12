"""A conversation as a file for people, and as one for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from tui.chat.conversation import Conversation, Turn
from tui.chat.wording import figures_line
from tui.foundry.text import clean_text

ExportFormat = Literal["md", "json"]
SCHEMA = 1


def as_values(conversation: Conversation) -> dict[str, Any]:
    """Return everything that is kept of a conversation.

    `turns` holds all branches, a parent before its children; `on_show` marks those of the branch
    that `leaf_id` ends.
    """
    on_show = {turn.id for turn in conversation.turns}
    return {
        "schema": SCHEMA,
        "id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "parameters": conversation.parameters.as_record(),
        "leaf_id": conversation.leaf_id,
        "turns": [
            {
                "id": turn.id,
                "parent_id": turn.parent_id,
                "on_show": turn.id in on_show,
                "role": turn.role,
                "variant": turn.variant_id,
                "created_at": turn.created_at,
                "content": turn.content,
                "reasoning": turn.reasoning,
                "reasoning_s": turn.reasoning_s,
                "figures": dict(turn.figures),
            }
            for turn in conversation.tree
        ],
    }


def as_markdown(conversation: Conversation) -> str:
    """Return the branch on show, with the figures below each answer."""
    return "\n\n".join(_parts(conversation)) + "\n"


def _parts(conversation: Conversation) -> Iterator[str]:
    yield f"# {conversation.title}"
    facts = [conversation.created_at, conversation.parameters.summary()]
    hidden = len(conversation.tree) - len(conversation.turns)
    if hidden:
        facts.append(f"{hidden} turns of other branches are left out (the JSON export has them)")
    yield f"*{' · '.join(fact for fact in facts if fact)}*"
    if prompt := conversation.parameters.system_prompt.strip():
        yield "## System prompt"
        yield clean_text(prompt)
    for turn in conversation.turns:
        yield from _turn(turn)


def _turn(turn: Turn) -> Iterator[str]:
    name = "You" if turn.role == "user" else turn.variant_id or "Model"
    yield f"## {clean_text(name, False)}"
    if reasoning := clean_text(turn.reasoning).strip():
        yield "\n".join(f"> {line}".rstrip() for line in reasoning.split("\n"))
    if content := clean_text(turn.content).strip("\n"):
        yield content
    if turn.role == "assistant" and turn.figures:
        yield f"*{figures_line(turn.figures)}*"
