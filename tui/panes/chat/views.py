"""Turns as the transcript shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tui.actions import ACTIONS, keys_of
from tui.chat.conversation import Conversation, Turn
from tui.chat.wording import figures_line
from tui.formats import format_duration
from tui.foundry.text import clean_text
from tui.foundry.types import Device
from tui.widgets.transcript.document import Line
from tui.widgets.transcript.entry import TurnView
from tui.widgets.transcript.transcript import Transcript

ARROWS = {"left": "←", "right": "→"}
KeyOf = Callable[[str], str]
"""Names the key of an action by its id."""

WENT_ON = (
    "The server went on computing after the stop ({share} of a core {after_s} s later): it does "
    "not hear that nobody listens. What is asked next may have to wait for it."
)


def key_namer(overrides: dict[str, str]) -> KeyOf:
    """Return what names the first key of an action as it is on this machine."""
    keys = {action.id: keys_of(action, overrides).split()[0] for action in ACTIONS}
    return keys.__getitem__


def scroll_page(transcript: Transcript, way: str) -> None:
    """Scroll by a page, `up` or `down`, whoever has the focus."""
    if way == "up":
        transcript.scroll_page_up(animate=False)
    else:
        transcript.scroll_page_down(animate=False)


def device_text(device: Device) -> str:
    """Name the device; '' where an endpoint does not tell."""
    return "" if device is Device.UNKNOWN else str(device)


def views_of(conversation: Conversation, key: KeyOf) -> list[TurnView]:
    """Return the branch on show."""
    return [view_of(conversation, turn, key) for turn in conversation.turns]


def view_of(conversation: Conversation, turn: Turn, key: KeyOf) -> TurnView:
    """Return one turn of the conversation."""
    asked = turn.role == "user"
    return TurnView(
        turn.id,
        "You" if asked else turn.variant_id or "model",
        "you" if asked else "model",
        turn.content,
        mark=_mark(conversation, turn, key),
        thought=turn.reasoning,
        thought_title=thought_title(turn, key),
        footer=() if asked else tuple(_footer(turn, key)),
    )


def thought_title(turn: Turn, key: KeyOf) -> str:
    """Return the line that stands for what was thought; '' where nothing was."""
    if not turn.reasoning:
        return ""
    return f"thought for {format_duration(turn.reasoning_s)} · {key('chat.reasoning')}"


def _mark(conversation: Conversation, turn: Turn, key: KeyOf) -> str:
    beside = [one.id for one in conversation.branches(turn.id)]
    if len(beside) == 1:
        return ""
    what = "question" if turn.role == "user" else "answer"
    keys = [key("chat.previous_branch"), key("chat.next_branch")]
    before, after = (ARROWS.get(name, name) for name in keys)
    return f"{before} {what} {beside.index(turn.id) + 1} of {len(beside)} {after}"


def _footer(turn: Turn, key: KeyOf) -> Iterable[Line]:
    figures = turn.figures
    if error := figures.get("error"):
        yield ((clean_text(str(error), False), "error"),)
    if went_on := figures.get("went_on"):
        yield ((clean_text(str(went_on), False), "warning"),)
    if "ended" not in figures:
        return
    yield ((figures_line(figures), "figures"),)
    keys = []
    if figures["ended"] in ("failed", "growing"):
        keys.append(f"{key('chat.retry')} tries again")
    if can_continue(turn):
        keys.append(f"{key('chat.continue')} goes on")
    if keys:
        yield ((" · ".join(keys), "accent"),)


def can_continue(turn: Turn) -> bool:
    """Whether the answer was cut, so that it makes sense to let it go on."""
    ended = turn.figures.get("ended")
    return bool(turn.content.strip()) and ended in ("length", "user", "failed", "growing")
