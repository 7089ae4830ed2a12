"""The real limit of a context, found by asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.catalog.context_probe import MOST_REQUESTS, probe_context
from tui.catalog.usable_context import UsableContext, UsableContexts
from tui.database import Database
from tui.foundry.errors import BackendUnavailable, ContextExceeded, FoundryError, RequestFailed
from tui.foundry.ids import find_by_id
from tui.foundry.types import (
    BackendInfo,
    ChatDelta,
    ChatEvent,
    ChatFinished,
    ChatRequest,
    ChatStarted,
    Progress,
)


class Limited:
    """Serves chats up to a number of tokens; a word is a token, and four more frame the prompt."""

    info = BackendInfo("endpoint", "1", "")

    def __init__(self, limit: int, *, names: bool = False, cuts: bool = False, usage: bool = True):
        self.limit, self.names, self.cuts, self.usage = limit, names, cuts, usage
        self.asked: list[int] = []
        self.slow_from = 10**12
        self.error: FoundryError | None = None

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        tokens = len(request.messages[-1].content.split()) + 4
        self.asked.append(tokens)
        assert len(self.asked) <= MOST_REQUESTS
        if self.error is not None:
            raise self.error
        if tokens >= self.slow_from:
            await asyncio.Event().wait()
        total = tokens + (request.max_tokens or 0)
        if self.names and total > self.limit:
            raise ContextExceeded("too long", "", self.limit)
        if tokens > self.limit and not self.cuts:
            raise RequestFailed("HTTP 400")
        yield ChatStarted(0.0)
        yield ChatDelta("x", 0.0)
        counted = min(tokens, self.limit)
        yield ChatFinished("length", 0.0, counted if self.usage else None, 1)


async def probe(
    backend: Limited, advertised: int | None = None, limit_s: float = 60.0
) -> UsableContext:
    reports: list[Progress] = []
    found = await probe_context(backend, "otter:1", advertised, reports.append, limit_s)  # type: ignore[arg-type]
    assert all(0 < (one.fraction or 0) <= 1 for one in reports)
    return found


async def test_a_server_that_names_its_limit_is_asked_once() -> None:
    backend = Limited(4096, names=True)
    found = await probe(backend, 131_072)
    assert (found.tokens, found.exact, len(backend.asked)) == (4096, True, 1)
    assert found.backend == "endpoint 1"


@pytest.mark.parametrize("advertised", [None, 4096, 8192, 131_072])
@pytest.mark.parametrize("usage", [True, False])
async def test_one_that_only_refuses_is_closed_in_on(advertised: int | None, usage: bool) -> None:
    found = await probe(Limited(4096, usage=usage), advertised)
    assert found.exact
    assert 0.97 * 4096 <= found.tokens <= 4096
    assert ("counted as words" in found.how) is not usage


async def test_one_that_cuts_prompts_without_a_word_is_caught() -> None:
    found = await probe(Limited(2048, cuts=True), 32_768)
    assert (found.tokens, found.exact) == (2048, True)
    assert "cut without a word" in found.how


async def test_a_prompt_that_takes_too_long_ends_the_search() -> None:
    backend = Limited(100_000)
    backend.slow_from = 1_000
    found = await probe(backend, None, limit_s=0.05)
    assert not found.exact
    assert 500 <= found.tokens < 1_000
    assert "takes over 0.05 s" in found.how


async def test_one_that_answers_nothing_says_so() -> None:
    backend = Limited(10)
    with pytest.raises(RequestFailed, match="does not answer a short question: HTTP 400"):
        await probe(backend)
    backend.error = BackendUnavailable("gone")
    backend.asked.clear()
    with pytest.raises(BackendUnavailable):
        await probe(backend)


@settings(max_examples=40)
@given(st.integers(300, 60_000), st.one_of(st.none(), st.integers(1, 100_000)))
def test_the_number_of_requests_is_bounded(limit: int, advertised: int | None) -> None:
    found = asyncio.run(probe(Limited(limit), advertised))
    assert found.tokens <= limit or not found.exact


def test_what_was_found_is_there_in_the_next_session(tmp_path: Path) -> None:
    file = tmp_path / "data.sqlite3"
    one = UsableContext("Otter:1", 4096, True, "so", "runtime 2", "2026-11-25T01:00:00+00:00")
    UsableContexts(Database(file)).keep(one)
    again = UsableContext("Otter:1", 2048, False, "so", "runtime 2", "2026-11-26T01:00:00+00:00")
    UsableContexts(Database(file)).keep(again)
    assert find_by_id(UsableContexts(Database(file)).known(), "otter") == again
