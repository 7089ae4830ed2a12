"""One model of several side by side: its conversation, and its figures where the eye finds them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.chat.answering import Answer
from tui.chat.conversation import Conversation, Turn
from tui.chat.wording import ENDINGS, as_record
from tui.formats import UNKNOWN, format_count, format_duration, format_speed
from tui.foundry.text import clean_text
from tui.foundry.types import Progress
from tui.panes.chat.views import KeyOf, view_of, views_of
from tui.widgets.transcript.document import Line
from tui.widgets.transcript.entry import TurnView
from tui.widgets.transcript.transcript import Transcript
from tui.workers.chat import AnswerText

FIGURES_EVERY_S = 0.25
EMPTY = "Its answer appears here."


class CompareColumn(Vertical):
    """Shows one model.

    Args:
        variant_id: Which.
        key: Names keys.
    """

    DEFAULT_CSS = """
    CompareColumn {
        width: 1fr;
        height: 100%;
        border-left: solid $panel;
        & > .name { height: 1; padding: 0 1; color: $text-accent; text-style: bold;
            text-wrap: nowrap; text-overflow: ellipsis; }
        & > .figures { height: 4; padding: 0 1; border-top: solid $panel; }
    }
    CompareColumn:first-child { border-left: none; }
    CompareColumn:focus-within > .name { text-style: bold reverse; }
    """

    transcript = query_one(Transcript)

    def __init__(self, variant_id: str, key: KeyOf) -> None:
        super().__init__()
        self.variant_id = variant_id
        self._key = key
        self._view: TurnView | None = None
        self._figures_s = 0.0

    def compose(self) -> ComposeResult:
        """Lay out name, conversation, figures."""
        yield Static(clean_text(self.variant_id, False), classes="name", markup=False)
        yield Transcript(empty=EMPTY)
        yield Static(_figures({}, ""), classes="figures", markup=False)

    def begin(self, conversation: Conversation) -> None:
        """Show the question, and that the answer is still to come."""
        shown = conversation.with_turn(Turn("assistant", "", self.variant_id))
        # What stands beside and below a turn in the chat belongs to keys that are not here.
        views = [replace(one, mark="", footer=()) for one in views_of(shown, self._key)]
        self._view = views[-1]
        self.transcript.show(views[:-1])
        self.transcript.begin(self._view)
        self._say("◐ waits for its turn", "muted")
        self._show_figures({}, "waits")

    def show_loading(self, progress: Progress) -> None:
        """Show how far it is from being in memory."""
        share = f" {progress.fraction:.0%}" if progress.fraction is not None else ""
        self._say(f"◐ {clean_text(progress.message, False) or 'loading'}{share} …", "warning")
        self._show_figures({}, "loads")

    def show_asked(self) -> None:
        """Show that it has got the question."""
        self._say("◐ waiting for the first token …", "muted")
        self._show_figures({}, "asked")

    def grow(self, told: AnswerText) -> None:
        """Show more of the answer, and the figures so far a few times a second."""
        self.transcript.append(told.text)
        self.transcript.think(told.thought)
        now_s = time.monotonic()
        if now_s - self._figures_s >= FIGURES_EVERY_S:
            self._figures_s = now_s
            self.transcript.say()
            self._show_figures(as_record(told.figures, ""), "writes")

    def end(self, answer: Answer, conversation: Conversation | None) -> None:
        """Show the whole answer, and why there is no more of it."""
        if conversation is not None:
            view = view_of(conversation, conversation.turns[-1], self._key)
        else:
            view = self._view or TurnView("", self.variant_id, "model")
        footer: tuple[Line, ...] = ()
        if answer.error is not None:
            error = answer.error
            footer = (
                ((clean_text(error.message, False), "error"),),
                ((clean_text(error.hint, False), "muted"),),
            )
        self.transcript.finish(replace(view, mark="", footer=footer))
        ended = ENDINGS.get(answer.ended, ENDINGS["unknown"])
        self._show_figures(as_record(answer.figures, answer.ended), ended)

    def _say(self, text: str, tone: str) -> None:
        self.transcript.say(((text, tone),))

    def _show_figures(self, record: Mapping[str, Any], state: str) -> None:
        self.query_one(".figures", Static).update(_figures(record, state), layout=False)


def _figures(record: Mapping[str, Any], state: str) -> Content:
    about = "~" if record.get("tokens_estimated") else ""
    speed = record.get("decode_tok_s")
    tokens = record.get("output_tokens")
    rows = (
        ("TTFT", format_duration(record.get("ttft_s")), ""),
        ("decode", UNKNOWN if speed is None else f"{about}{format_speed(speed)}", ""),
        ("tokens", UNKNOWN if tokens is None else f"{about}{format_count(tokens)}", state),
    )
    lines = [
        Content.assemble(
            (f"{name:<7}", "$foreground-muted"), (value, "b"), (f"  {more}", "$foreground-muted")
        )
        for name, value, more in rows
    ]
    return Content("\n").join(lines)
