"""What a run tells while it goes on."""

from __future__ import annotations

from dataclasses import dataclass

from tui.bench.plan import BenchPlan, Order, Step
from tui.bench.results import RequestResult
from tui.bench.summary import Summary
from tui.foundry.types import LoadResult, Progress


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run has a name and is being recorded."""

    run_id: str
    plan: BenchPlan
    earlier: tuple[RequestResult, ...] = ()
    """What was measured before, of a run that is taken up again."""


@dataclass(frozen=True, slots=True)
class OrderSettled:
    """It is decided how the targets stay in memory, and which order follows."""

    order: Order
    one_at_a_time: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TargetLoading:
    """A target is being brought into memory."""

    target: str


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """A target is being downloaded or loaded, and this is how far it is. May come often."""

    target: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class TargetLoaded:
    """A target is in memory."""

    target: str
    result: LoadResult


@dataclass(frozen=True, slots=True)
class TargetUnloaded:
    """A target left memory, to make room for another."""

    target: str
    freed_bytes: int | None


@dataclass(frozen=True, slots=True)
class TargetFailed:
    """A target cannot be measured; the run goes on without it."""

    target: str
    error: str


@dataclass(frozen=True, slots=True)
class WarmedUp:
    """A target's times have settled, or the limit of warm-up requests was reached."""

    target: str
    requests: int
    steady: bool


@dataclass(frozen=True, slots=True)
class RequestStarted:
    """A measured request is on its way."""

    step: Step


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """Text of the answer that is being measured. Comes fast: collect before drawing."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class RequestFinished:
    """A measured request is done or failed."""

    result: RequestResult


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """How far the run is, and how long it will still take."""

    done: int
    total: int
    left_s: float | None
    """None before every target was measured once."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong that does not end the run."""

    message: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over."""

    summary: Summary
    stopped: bool = False
    """Whether it was stopped before its end."""


BenchEvent = (
    RunStarted
    | OrderSettled
    | TargetLoading
    | TargetProgress
    | TargetLoaded
    | TargetUnloaded
    | TargetFailed
    | WarmedUp
    | RequestStarted
    | AnswerDelta
    | RequestFinished
    | TimeLeft
    | Trouble
    | RunFinished
)
