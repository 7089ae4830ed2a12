"""What the workers tell the monitor about answers."""

from __future__ import annotations

from textual.message import Message

from tui.bench.events import AnswerDelta, RequestFinished, RequestStarted
from tui.bench.plan import Step
from tui.bench.results import RequestResult
from tui.chat.figures import AnswerFigures
from tui.foundry.types import ChatDelta, ChatFinished, ChatStarted
from tui.messages import AnswerMoved
from tui.workers.bench import _BenchLive
from tui.workers.live import TELL_EVERY_S, LiveTeller


class Told(list[Message]):
    @property
    def last(self) -> AnswerMoved:
        assert isinstance(self[-1], AnswerMoved)
        return self[-1]


def test_first_token_and_end_are_told_at_once_and_the_rest_seldom() -> None:
    told = Told()
    live = LiveTeller(told.append, "m:1", "chat")
    live.feed(ChatStarted(100.0))
    assert len(told) == 1
    live.feed(ChatDelta("a", 100.5))
    assert told.last.figures.ttft_s == 0.5
    live._told_s = 100.5  # the clock of this answer
    for number in range(1, 11):
        live.feed(ChatDelta("b", 100.5 + number * TELL_EVERY_S / 20))
    assert len(told) == 2
    live.feed(ChatDelta("c", 100.5 + TELL_EVERY_S))
    assert (len(told), told.last.figures.tokens) == (3, 12)
    live.feed(ChatFinished("stop", 101.0, output_tokens=14))
    live.end()
    live.end()
    assert (len(told), told.last.figures.counted, told.last.figures.ended) == (4, 14, True)


def test_the_answers_of_a_benchmark_are_told_too() -> None:
    told = Told()
    live = _BenchLive(told.append)
    step = Step(0, 0, 0, "m:1")
    live.told(AnswerDelta("m:1", "of a warm-up"))
    assert not told
    live.told(RequestStarted(step))
    live.told(AnswerDelta("m:1", "a"))
    live.told(AnswerDelta("m:1", "b"))
    live.told(RequestFinished(RequestResult(step, "", AnswerFigures(output_tokens=5), None)))
    assert told.last.figures.ended
    assert told.last.figures.counted == 5
    assert told.last.figures.tokens == 2
    assert told.last.figures.ttft_s is not None
    assert told.last.figures.source == "bench"
    live.told(RequestStarted(step))
    live.end()
    assert told.last.figures.ended
