"""Whether a model really answers: a list of models proves nothing, one token does."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass

from tui.foundry.backend import Backend
from tui.foundry.errors import FoundryError, TimedOut
from tui.foundry.types import ChatDelta, ChatMessage, ChatRequest

PROBE_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Health:
    """How a probe ended."""

    variant_id: str
    answered: bool
    elapsed_s: float
    error: FoundryError | None = None

    def sentence(self) -> str:
        """Say it for a person."""
        if self.error is not None:
            return f"{self.variant_id} does not answer: {self.error.message} {self.error.hint}"
        said = "answered" if self.answered else "ended an answer without a word"
        return f"{self.variant_id} {said} after {self.elapsed_s:.2f} s."


async def probe(backend: Backend, variant_id: str, *, limit_s: float = PROBE_LIMIT_S) -> Health:
    """Ask a model for one token. Never while another answer runs: some servers cut that one.

    Args:
        backend: Who serves the model.
        variant_id: A model in memory.
        limit_s: How long it may take in all.
    """
    request = ChatRequest(variant_id, (ChatMessage("user", "Hi"),), max_tokens=1, temperature=0.0)
    started_s = time.perf_counter()
    answered = False
    error: FoundryError | None = None
    try:
        async with asyncio.timeout(limit_s), aclosing(backend.chat(request)) as events:
            async for event in events:
                answered = answered or isinstance(event, ChatDelta)
    except TimeoutError:
        error = TimedOut(
            f"No answer within {limit_s:g} s.", "The server may be stuck: restart its service."
        )
    except FoundryError as failure:
        error = failure
    return Health(variant_id, answered and error is None, time.perf_counter() - started_s, error)
