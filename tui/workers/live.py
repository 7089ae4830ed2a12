"""Tells how far an answer has come, a few times a second, for the monitor's time axis."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from textual.message import Message

from tui.foundry.types import ChatDelta, ChatEvent, ChatFinished, ChatStarted
from tui.messages import AnswerMoved
from tui.system.activity import LiveFigures, LiveSource

TELL_EVERY_S = 0.25

_numbers = count(1)


class LiveTeller:
    """Follows one answer and posts `AnswerMoved`: at its start, its first token and its end, and
    in between every `TELL_EVERY_S`.

    Args:
        post: Delivers messages; they bubble up to the app.
        variant_id: Who answers.
        source: What the answer is for.
        started_s: `time.perf_counter()` when it was asked for; None where an event will tell.
    """

    def __init__(
        self,
        post: Callable[[Message], object],
        variant_id: str,
        source: LiveSource,
        started_s: float | None = None,
    ) -> None:
        self._post = post
        self._figures = LiveFigures(next(_numbers), variant_id, source)
        self._started_s = started_s
        self._told_s = 0.0
        self._tell()

    def feed(self, event: ChatEvent) -> None:
        """Take in the next event of the stream."""
        match event:
            case ChatStarted(at_s=at_s):
                self._started_s = at_s
            case ChatDelta(at_s=at_s):
                self.token(at_s)
            case ChatFinished(output_tokens=tokens) if tokens:
                self._figures = replace(self._figures, counted=tokens)

    def token(self, at_s: float) -> None:
        """Count a piece that arrived."""
        old = self._figures
        if old.first_s is None:
            ttft_s = None if self._started_s is None else at_s - self._started_s
            self._figures = replace(old, tokens=1, first_s=at_s, last_s=at_s, ttft_s=ttft_s)
            self._tell()
            return
        self._figures = replace(old, tokens=old.tokens + 1, last_s=at_s)
        if at_s - self._told_s >= TELL_EVERY_S:
            self._tell()

    def end(self, counted: int | None = None) -> None:
        """Tell that no more will come; safe to call twice.

        Args:
            counted: Tokens that the server counted, where that is known only now.
        """
        if not self._figures.ended:
            counted = self._figures.counted if counted is None else counted
            self._figures = replace(self._figures, ended=True, counted=counted)
            self._tell()

    def _tell(self) -> None:
        self._told_s = time.perf_counter()
        self._post(AnswerMoved(self._figures))
