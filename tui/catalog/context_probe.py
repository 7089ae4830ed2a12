"""Finds out how long a context a loaded model really takes, by asking it.

First one short question with room for an absurdly long answer: a server that knows its limit
refuses that and names it, at no cost; with others the stream is closed at the first token. Then
prompts of growing size with an answer of one token, halving the gap between what was taken and
what was refused. A server that silently drops the beginning of a prompt is caught by the prompt
tokens that it reports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from tui.catalog.usable_context import UsableContext
from tui.foundry.backend import Backend
from tui.foundry.errors import (
    BackendUnavailable,
    ContextExceeded,
    RequestFailed,
    StreamBroken,
    TimedOut,
)
from tui.foundry.types import ChatDelta, ChatFinished, ChatMessage, ChatRequest, Progress

MOST_REQUESTS = 16
REQUEST_LIMIT_S = 120.0
ABSURD_TOKENS = 1_000_000_000
FIRST_WORDS = 256
MOST_TOKENS = 1_048_576
NEAR_ENOUGH = 0.02
"""The gap between taken and refused, as a share, at which the search ends."""
CUT_SHARE = 0.8
"""Fewer prompt tokens than this share of what was sent: the server cut the prompt."""
WORD = "the "


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of one prompt."""

    taken: bool
    tokens: int | None = None
    """Of the prompt, by the server's count."""
    room: int | None = None
    """What the context holds, by the server's word."""
    late: bool = False
    said: str = ""


async def probe_context(
    backend: Backend,
    variant_id: str,
    advertised: int | None,
    on_progress: Callable[[Progress], None],
    limit_s: float = REQUEST_LIMIT_S,
) -> UsableContext:
    """Return the real limit of a loaded model; makes at most `MOST_REQUESTS` requests.

    Args:
        backend: Where it is loaded.
        variant_id: The model.
        advertised: What is said about it; tried early.
        on_progress: Told what is known so far.
        limit_s: For one request; a longer one ends the search.

    Raises:
        BackendUnavailable: The backend is gone.
        RequestFailed: Not even a short question is answered.
    """
    return await _Probe(backend, variant_id, advertised, on_progress, limit_s).run()


class _Probe:
    def __init__(
        self,
        backend: Backend,
        variant_id: str,
        advertised: int | None,
        on_progress: Callable[[Progress], None],
        limit_s: float,
    ) -> None:
        self._backend = backend
        self._variant_id = variant_id
        # Just below and just above what is advertised: true words are confirmed by two requests.
        self._early = [round(share * advertised) for share in (0.99, 1.05)] if advertised else []
        self._report = on_progress
        self._limit_s = limit_s
        self._asked = 0
        self._per_word = 1.0
        self._taken = 0
        self._refused: int | None = None

    async def run(self) -> UsableContext:
        first = await self._ask("Hi", ABSURD_TOKENS)
        if first.room is not None:
            return self._found(first.room, True, "the server names its limit")
        start = await self._ask(WORD * FIRST_WORDS)
        if not start.taken:
            raise RequestFailed(
                f"'{self._variant_id}' does not answer a short question: {start.said}",
                "Try it in the chat; the log may tell more.",
            )
        counted = start.tokens is not None
        self._per_word = (start.tokens or FIRST_WORDS) / FIRST_WORDS
        self._taken = start.tokens or FIRST_WORDS
        while self._asked < MOST_REQUESTS and (size := self._next()) is not None:
            self._tell()
            answer = await self._ask(WORD * max(1, round(size / self._per_word)))
            if answer.room is not None:
                return self._found(answer.room, True, "the server names its limit")
            if answer.late:
                return self._found(
                    self._taken, False, f"a longer prompt takes over {self._limit_s:g} s"
                )
            if not answer.taken:
                self._refused = size
            elif answer.tokens is not None and answer.tokens < CUT_SHARE * size:
                return self._found(answer.tokens, True, "longer prompts are cut without a word")
            else:
                self._taken = max(self._taken, answer.tokens or size)
        about = "" if counted else ", tokens counted as words"
        if self._refused is None:
            return self._found(self._taken, False, f"nothing longer was tried{about}")
        return self._found(self._taken, True, f"{self._refused:,} were refused{about}")

    def _next(self) -> int | None:
        """Return the size of the next prompt in tokens; None when near enough."""
        low, high = self._taken, self._refused
        if high is not None:
            return None if high - low <= max(8, NEAR_ENOUGH * high) else (low + high) // 2
        if low >= MOST_TOKENS:
            return None
        while self._early:
            if (size := self._early.pop(0)) > low:
                return size
        return min(2 * low, MOST_TOKENS)

    async def _ask(self, text: str, max_tokens: int = 1) -> _Answer:
        self._asked += 1
        request = ChatRequest(
            self._variant_id, (ChatMessage("user", text),), max_tokens=max_tokens, temperature=0.0
        )
        tokens: int | None = None
        try:
            async with (
                asyncio.timeout(self._limit_s),
                aclosing(self._backend.chat(request)) as events,
            ):
                async for event in events:
                    if isinstance(event, ChatFinished):
                        tokens = event.input_tokens
                    elif isinstance(event, ChatDelta) and max_tokens > 1:
                        break  # it began to answer: that is all there was to know
        except (TimeoutError, TimedOut):
            return _Answer(False, late=True, said="no answer in time")
        except ContextExceeded as error:
            return _Answer(False, room=error.room_tokens, said=error.message)
        except BackendUnavailable:
            raise
        except (RequestFailed, StreamBroken) as error:
            return _Answer(False, said=error.message)
        return _Answer(True, tokens)

    def _tell(self) -> None:
        known = f"{self._taken:,} tokens are taken"
        if self._refused is not None:
            known += f", {self._refused:,} are not"
        self._report(Progress(self._asked / MOST_REQUESTS, message=known))

    def _found(self, tokens: int, exact: bool, how: str) -> UsableContext:
        info = self._backend.info
        return UsableContext(
            self._variant_id,
            tokens,
            exact,
            how,
            f"{info.kind} {info.version}".strip(),
            datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
        )
