"""Jobs: they report, can be cancelled, and end in a state one can read."""

from __future__ import annotations

import asyncio

from textual.message import Message

from tui.foundry.backend import ProgressCallback
from tui.foundry.errors import DownloadFailed
from tui.foundry.types import Progress
from tui.messages import JobChanged
from tui.store import Job
from tui.workers.jobs import JobRunner


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def recorder() -> tuple[list[Job], JobRunner, Clock]:
    seen: list[Job] = []
    clock = Clock()

    def post(message: Message) -> None:
        assert isinstance(message, JobChanged)
        seen.append(message.job)

    return seen, JobRunner(post, clock), clock


async def settle(runner: JobRunner) -> None:
    while runner._tasks:
        await asyncio.wait(list(runner._tasks.values()))
        await asyncio.sleep(0)


async def test_a_job_waits_runs_and_is_done() -> None:
    seen, runner, _ = recorder()

    async def work(report: ProgressCallback) -> None:
        report(Progress(fraction=0.5))

    runner.start("load", "tiny:1", work)
    await settle(runner)
    assert [job.state for job in seen] == ["waiting", "running", "running", "done"]
    assert seen[2].progress.fraction == 0.5


async def test_an_expected_error_ends_the_job_and_keeps_the_hint() -> None:
    seen, runner, _ = recorder()

    async def work(report: ProgressCallback) -> None:
        raise DownloadFailed("The link broke.", "Try again.")

    runner.start("download", "tiny:1", work)
    await settle(runner)
    assert seen[-1].state == "failed"
    assert seen[-1].error is not None
    assert seen[-1].error.hint == "Try again."


async def test_cancel_ends_a_running_and_a_waiting_job() -> None:
    seen, runner, _ = recorder()
    began = asyncio.Event()

    async def work(report: ProgressCallback) -> None:
        began.set()
        await asyncio.Event().wait()

    first = runner.start("download", "a:1", work)
    second = runner.start("download", "b:1", work)
    await began.wait()
    assert [job.state for job in seen if job.id == second.id] == ["waiting"]
    runner.cancel(second.id)
    runner.cancel(first.id)
    await settle(runner)
    ended = {job.id: job.state for job in seen}
    assert ended == {first.id: "cancelled", second.id: "cancelled"}


async def test_rate_and_time_left_come_from_the_bytes() -> None:
    seen, runner, clock = recorder()

    async def work(report: ProgressCallback) -> None:
        for done in (0, 100, 200):
            report(Progress(done_bytes=done, total_bytes=400))
            clock.now += 1.0

    runner.start("download", "tiny:1", work)
    await settle(runner)
    assert seen[-2].rate_bytes_s == 100
    assert seen[-2].left_s == 2.0


async def test_reports_come_no_faster_than_one_can_read() -> None:
    seen, runner, clock = recorder()

    async def work(report: ProgressCallback) -> None:
        for done in range(1000):
            report(Progress(done_bytes=done, total_bytes=1000))
            clock.now += 0.001

    runner.start("download", "tiny:1", work)
    await settle(runner)
    assert len(seen) <= 3 + 5


async def test_what_a_tool_prints_is_kept_with_the_last_state_of_a_bar() -> None:
    seen, runner, clock = recorder()

    async def work(report: ProgressCallback) -> None:
        report(Progress(line="Downloading x..."))
        for percent in (10, 20, 30):
            clock.now += 1
            report(Progress(percent / 100, line=f"{percent} %"))
        report(Progress(line="Loading model...", message="loading"))

    runner.start("run", "x", work)
    await settle(runner)
    assert seen[-1].log == ("Downloading x...", "30 %", "Loading model...")
    assert any(job.progress.message == "loading" for job in seen)
    # Words are shown at once, bars a few times a second.
    assert [job.log for job in seen][2] == ("Downloading x...",)


async def test_a_download_that_does_not_move_is_stalled() -> None:
    seen, runner, clock = recorder()
    clock.now = 100.0

    async def work(report: ProgressCallback) -> None:
        report(Progress(0.1))
        clock.now += 30
        report(Progress(0.1))

    runner.start("download", "x", work)
    await settle(runner)
    running = [job for job in seen if job.state == "running"][-1]
    assert running.moved_s == 100.0
    assert running.stalled_s(110.0) is None
    assert running.stalled_s(130.0) == 30.0
    assert seen[-1].stalled_s(130.0) is None  # it has ended
