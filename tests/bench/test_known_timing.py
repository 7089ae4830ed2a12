"""A server that does exactly what its script says: what is measured equals what it did."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from tests.support.scripted_server import (
    END,
    Answer,
    Request,
    Step,
    delta,
    event,
    head,
    json_answer,
    model_list,
    serving,
    stream,
    usage,
)
from tui.bench.plan import BenchPlan
from tui.bench.recorder import Recorder
from tui.bench.runner import run_bench
from tui.bench.summary import Summary, TargetSummary
from tui.bench.targets import Target
from tui.database import Database
from tui.foundry.endpoint.backend import EndpointBackend
from tui.paths import Paths

ROOT = Path(__file__).parent.parent.parent
EARLY_S, LATE_S = 0.003, 0.15
"""How far the quick tests let a figure be off: a clock that is read too early is a defect, a busy
machine, on which test and server share one event loop, may add to any of them."""

FIRST_S, GAP_S, PIECES = 0.030, 0.010, 9


def jitter(seed: int, count: int) -> list[float]:
    """Return gaps of a known shape: mostly short, every fifth four times as long."""
    chance = random.Random(seed)
    return [GAP_S * (4 if index % 5 == 4 else 1) * chance.uniform(0.8, 1.2)
            for index in range(count)]  # fmt: skip


def pieces(gaps: Sequence[float], tokens: int | None) -> list[Step]:
    """Return the script of an answer with these pauses before its pieces."""
    script: list[Step] = [head(kind="text/event-stream"), event(delta("", role="assistant"))]
    for gap in gaps:
        script += [gap, event(delta("word "))]
    script.append(event(delta(finish="stop")))
    if tokens is not None:
        script.append(event(usage(7, tokens)))
    return [*script, END]


STEADY = [FIRST_S, *[GAP_S] * (PIECES - 1)]
SCRIPTS: dict[str, list[Step]] = {
    "steady": pieces(STEADY, PIECES),
    "several": pieces(STEADY, 3 * PIECES),
    "untold": pieces(STEADY, None),
    "jitter": pieces([FIRST_S, *jitter(3, 20)], 21),
    "stalls": pieces([FIRST_S, *[GAP_S] * 8, 0.2, GAP_S], 11),
    "hangs": [*stream(finish=None, tokens=None)[:-1], "silence"],
    "breaks": [*pieces(STEADY, PIECES)[:8], "reset"],
    "ends": [*pieces(STEADY, PIECES)[:8], "close"],
    "refuses": json_answer({"error": {"message": "no room"}}, status=500),
    "empty": stream(()),
    "thinks": [
        head(kind="text/event-stream"),
        event(delta("", role="assistant")),
        FIRST_S,
        event(delta(reasoning_content="hm ")),
        *[step for _ in range(8) for step in (GAP_S, event(delta("word ")))],
        event(delta(finish="stop")),
        event(usage(7, 9)),
        END,
    ],
}


def answer(request: Request) -> Sequence[Step]:
    return SCRIPTS[request.json["model"]]


ANSWERS: dict[str, Answer] = {
    "/v1/models": model_list(*SCRIPTS),
    "/v1/chat/completions": answer,
}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[EndpointBackend]:
    backend = EndpointBackend(url, None, "a test asked for it")
    try:
        await backend.start()
        yield backend
    finally:
        await backend.close()


async def measured(
    url: str, paths: Paths, *names: str, rounds: int = 2, timeout_s: float = 5.0
) -> Summary:
    targets = tuple(map(Target, names))
    plan = BenchPlan(targets, rounds=rounds, timeout_s=timeout_s, warm_up=int(rounds > 1))
    async with connected(url) as backend:
        return await run_bench(plan, backend, Recorder(Database(paths.database)), lambda _: None)


def is_about(measured_s: float | None, scripted_s: float) -> bool:
    return measured_s is not None and -EARLY_S <= measured_s - scripted_s <= LATE_S


def by_name(summary: Summary) -> dict[str, TargetSummary]:
    return {one.facts.target: one for one in summary.targets}


async def test_times_are_those_of_the_script(paths: Paths) -> None:
    async with serving(ANSWERS) as server:
        summary = await measured(server.url, paths, "steady", "several", "untold")
    for name, one in by_name(summary).items():
        ttft_s, e2e_s = one.metrics["ttft_s"].median, one.metrics["e2e_s"].median
        assert is_about(ttft_s, FIRST_S), name
        assert is_about(e2e_s, sum(STEADY)), name
        assert is_about(one.metrics["itl_s"].median, GAP_S), name
        assert one.metrics["itl_s"].n == 2 * (PIECES - 1)
        tokens = {"steady": PIECES, "several": 3 * PIECES, "untold": PIECES}[name]
        assert one.output_tokens == tokens
        span_s = GAP_S * (PIECES - 1)
        assert is_about(one.metrics["tpot_s"].median, span_s / (tokens - 1))
        assert one.metrics["decode_tok_s"].median == pytest.approx(
            1 / one.metrics["tpot_s"].median, rel=0.5
        )
        assert one.tokens_estimated == (name == "untold")
    assert by_name(summary)["several"].tokens_per_piece == pytest.approx(3)
    assert by_name(summary)["untold"].tokens_per_piece is None


async def test_jitter_keeps_its_shape(paths: Paths) -> None:
    async with serving(ANSWERS) as server:
        summary = await measured(server.url, paths, "jitter", "steady")
    gaps = jitter(3, 20)
    (one, _) = summary.targets
    itl = one.metrics["itl_s"]
    assert is_about(itl.median, median(gaps))
    assert is_about(itl.p90, 3 * GAP_S)
    assert itl.largest is not None
    assert itl.largest >= max(gaps) - 0.001
    assert itl.low is None


async def test_reasoning_is_the_first_token_and_not_the_first_of_the_answer(paths: Paths) -> None:
    async with serving(ANSWERS) as server:
        summary = await measured(server.url, paths, "thinks", "steady")
    one = by_name(summary)["thinks"]
    assert is_about(one.metrics["ttft_s"].median, FIRST_S)
    assert is_about(one.metrics["ttfa_s"].median, FIRST_S + GAP_S)
    request = next(one for one in summary.requests if one.step.target == "thinks")
    assert request.as_dict()["reasoning"] == "hm "


async def test_a_stall_counts_and_what_breaks_counts_as_failed_not_as_fast(paths: Paths) -> None:
    names = ("stalls", "hangs", "breaks", "ends", "refuses", "empty")
    async with serving(ANSWERS) as server:
        summary = await measured(server.url, paths, *names, rounds=1, timeout_s=1.5)
    found = by_name(summary)
    stalls = found["stalls"]
    assert (stalls.done, stalls.failed) == (1, 0)
    assert is_about(stalls.metrics["itl_s"].largest, 0.2)
    assert is_about(stalls.metrics["e2e_s"].median, 0.32)
    codes = {
        "hangs": "timed_out",
        "breaks": "stream_broken",
        "ends": "stream_broken",
        "refuses": "request_failed",
        "empty": "stream_broken",
    }
    for name, code in codes.items():
        one = found[name]
        assert (one.done, dict(one.failures)) == (0, {code: 1}), name
        assert all(figure.n == 0 for figure in one.metrics.values()), name
        assert one.last_error
    kept = [one for one in summary.requests if one.step.target == "breaks"]
    assert all(one.figures is not None and one.figures.text for one in kept)  # nothing is lost


async def test_each_measured_request_has_a_connection_of_its_own(paths: Paths) -> None:
    async with serving(ANSWERS) as server:
        await measured(server.url, paths, "steady", "several")
        chats = [one for one in server.requests if one.path.endswith("chat/completions")]
        assert len({one.connection for one in chats}) == len(chats)


SERVER = """
import asyncio, json, sys
from tests.bench.test_known_timing import ANSWERS
from tests.support.scripted_server import serving
async def main():
    async with serving(ANSWERS) as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        asked = [(one.arrived_s, one.path) for one in server.requests]
        print(json.dumps([asked, server.sent_s]), flush=True)
asyncio.run(main())
"""


@pytest.mark.benchmark
async def test_error_of_measured_times(paths: Paths) -> None:
    """Reports the error against what a server in another process noted; never fails on it.

    Both read the same monotonic clock. That a timer rings late is no error of measuring.
    """
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER), stdin=PIPE, stdout=PIPE, cwd=ROOT, limit=2**24
    )
    assert server.stdin is not None
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    summary = await measured(url, paths, "steady", "jitter", rounds=30)
    server.stdin.write(b"\n")
    asked, sent = json.loads(await server.stdout.readline())
    await server.wait()
    chats = [arrived for arrived, path in asked if path.endswith("chat/completions")][2:]
    ends = [*chats[1:], float("inf")]
    errors: dict[str, dict[str, list[float]]] = {}
    for one, began, end in zip(summary.requests, chats, ends, strict=True):
        assert one.figures is not None
        # Head and role first; finish, usage and end last.
        texts = [at for at in sent if began <= at < end][2:-3]
        found = errors.setdefault(one.step.target, {"TTFT": [], "ITL": []})
        found["TTFT"].append(abs((one.figures.ttft_s or 0.0) - (texts[0] - began)))
        found["ITL"] += [
            abs(gap - (after - before))
            for gap, (before, after) in zip(one.figures.itl_s, pairwise(texts), strict=True)
        ]
    for name, kinds in errors.items():
        for kind, values in kinds.items():
            print(
                f"\n{name}: error of {kind} median {1000 * median(values):.3f} ms, largest "
                f"{1000 * max(values):.2f} ms, n {len(values)}; budget 1 ms (median)"
            )
