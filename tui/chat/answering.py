"""One answer from a backend, whole or as far as it came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError
from tui.foundry.types import ChatEvent, ChatFinished, ChatRequest


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request brought."""

    variant_id: str
    figures: AnswerFigures = AnswerFigures()
    """With the text, as far as it came."""
    ended: str = "unknown"
    """Why it ended: a key of `tui.chat.wording.ENDINGS`."""
    error: FoundryError | None = None


async def ask(
    backend: Backend, request: ChatRequest, tell: Callable[[ChatEvent | Answer], None]
) -> Answer:
    """Stream one answer; cancel the task to stop it.

    Args:
        backend: Who answers; the model is in memory.
        request: What is asked.
        tell: Called with each event, and at the end with the `Answer`: also when the stream broke
            off (the error stands in it), and when the task was cancelled.

    Returns:
        The answer that `tell` got last.
    """
    meter = AnswerMeter()
    ended, error = "failed", None
    try:
        # Closing the generator closes the connection, which stops the model.
        async with aclosing(backend.chat(request)) as events:
            async for event in events:
                meter.feed(event)
                tell(event)
                if isinstance(event, ChatFinished):
                    ended = event.finish_reason
    except FoundryError as failure:
        error = failure
    except asyncio.CancelledError:
        ended = "user"
        raise
    finally:
        answer = Answer(request.variant_id, meter.figures(), ended, error)
        tell(answer)
    return answer
