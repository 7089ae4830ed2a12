"""A run as it goes on: what has been told so far, and the figures of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from tui.bench.events import (
    AnswerDelta,
    BenchEvent,
    OrderSettled,
    RequestFinished,
    RequestStarted,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetLoaded,
    TargetLoading,
    TargetProgress,
    TargetUnloaded,
    TimeLeft,
    WarmedUp,
)
from tui.bench.plan import BenchPlan
from tui.bench.results import RequestResult, TargetFacts
from tui.bench.summary import Summary, summarize

SUM_UP_EVERY_S = 1.0
"""Medians and intervals of all requests: often enough to follow, too seldom to disturb."""
SUM_UP_SHARE = 0.02
"""The most of the time that summing up may take, however long the run is."""
LONGEST_ANSWER = 2000
"""Characters of the answer in hand that are kept for the screen."""


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """What a target is doing now."""

    state: str
    text: str = ""
    done: int = 0


class LiveRun:
    """Takes the events of a run, our own or one that goes on elsewhere.

    Args:
        plan: What is measured.
    """

    def __init__(self, plan: BenchPlan) -> None:
        self.plan = plan
        self.run_id = ""
        self.final: Summary | None = None
        """The whole run with its verdicts, once it has ended."""
        self.stopped = False
        self.columns: dict[str, LiveColumn] = {
            label: LiveColumn("waiting") for label in plan.labels
        }
        self._facts: dict[str, TargetFacts] = {label: TargetFacts(label) for label in plan.labels}
        self._requests: list[RequestResult] = []
        self.left_s: float | None = None
        """Seconds left; None before each target was measured once."""
        self.order = ""
        """Half a sentence on how the targets stay in memory, where that has to be said."""
        self._summed: Summary | None = None
        self._sum_up_from_s = 0.0

    @property
    def done(self) -> int:
        """Requests so far."""
        return len(self._requests)

    @property
    def round(self) -> int:
        """Which round goes on, from 1."""
        plan = self.plan
        return min(plan.rounds, self.done * plan.rounds // plan.request_count + 1)

    def summary(self) -> Summary:
        """Return the figures so far; while it runs they may be a second old, without verdicts."""
        if self.final is not None:
            return self.final
        began_s = time.monotonic()
        if self._summed is None or began_s >= self._sum_up_from_s:
            self._summed = summarize(
                self.run_id, self.plan, {}, self._facts, self._requests, verdicts=False
            )
            took_s = time.monotonic() - began_s
            self._sum_up_from_s = began_s + max(SUM_UP_EVERY_S, took_s / SUM_UP_SHARE)
        return self._summed

    def take(self, event: BenchEvent) -> None:
        """Take in what the run told."""
        match event:
            case RunStarted(run_id=run_id, plan=plan, earlier=earlier):
                self.run_id, self.plan = run_id, plan
                for result in earlier:
                    self._add(result)
            case OrderSettled(one_at_a_time=one_at_a_time):
                self.order = "one model in memory at a time" if one_at_a_time else ""
            case TargetUnloaded(target=target):
                self._now(target, "○ unloaded, waits")
            case TimeLeft(left_s=left_s):
                self.left_s = left_s
            case TargetLoading(target=target):
                self._now(target, "◐ loading")
            case TargetProgress(target=target, progress=progress):
                share = f" {progress.fraction:.0%}" if progress.fraction is not None else ""
                self._now(target, f"◐ {progress.message or 'loading'}{share}")
            case TargetLoaded(target=target, result=result):
                self._now(target, "● loaded")
                if not result.already_loaded:
                    self._facts[target] = replace(
                        self._facts[target], load_s=result.load_s, load_bytes=result.resident_bytes
                    )
            case TargetFailed(target=target, error=error):
                self._now(target, "! left out")
                self._facts[target] = replace(self._facts[target], error=error)
            case WarmedUp(target=target, steady=steady):
                self._now(target, "● warm" if steady else "● warm, not steady")
            case RequestStarted(step=step):
                self._now(step.target, "◐ asked")
            case AnswerDelta(target=target, text=text):
                before = self.columns[target]
                self.columns[target] = replace(before, text=(before.text + text)[-LONGEST_ANSWER:])
            case RequestFinished(result=result):
                self._add(result)
            case RunFinished(summary=summary, stopped=stopped):
                self.final, self.stopped = summary, stopped
                word = "stopped" if stopped else "done"
                self.columns = {
                    target: replace(one, state=word) for target, one in self.columns.items()
                }

    def _add(self, result: RequestResult) -> None:
        self._requests.append(result)
        before = self.columns[result.step.target]
        self.columns[result.step.target] = replace(before, done=before.done + 1)

    def _now(self, target: str, state: str) -> None:
        self.columns[target] = LiveColumn(state, done=self.columns[target].done)
