"""What the events of a streamed chat completion mean. Pure: no I/O, no clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tui.foundry.endpoint.sse import SseEvent
from tui.foundry.endpoint.thinking import ThinkSplitter
from tui.foundry.endpoint.wording import error_inside, failure
from tui.foundry.errors import StreamBroken
from tui.foundry.types import ChatDelta, ChatFinished, FinishReason

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_FAILED_REASONS = {"error", "abort"}
_REASONING_KEYS = ("reasoning_content", "reasoning")


class ChatStream:
    """Interprets chat-completion events of any server.

    Args:
        model: The model asked for, for error messages.
        url: The server's address, for hints.
        secret: A key that must not appear in error messages.
    """

    def __init__(self, model: str = "", url: str = "", secret: str | None = None) -> None:
        self._model, self._url, self._secret = model, url, secret
        self._thinking = ThinkSplitter()
        self._reason: FinishReason | None = None
        self._input_tokens: int | None = None
        self._output_tokens: int | None = None
        self._delta_seen = False
        self.events = 0
        """Events seen, comments and `[DONE]` not counted."""
        self.done = False
        """`[DONE]` was seen: nothing more is to come."""
        self.text_seen = False

    @property
    def finishing(self) -> bool:
        """A finish reason was seen; only usage may still come."""
        return self._reason is not None

    def feed(self, event: SseEvent, at_s: float) -> Iterator[ChatDelta]:
        """Yield the text that `event` carries. Raises `RequestFailed` and its kin, `NotFound`."""
        if self.done:
            return
        if event.data.strip() == "[DONE]":
            self.done = True
            return
        self.events += 1
        if event.name == "error":
            raise self._failure(event.data)
        for payload in self._payloads(event.data):
            yield from self._read(payload, at_s)

    def finish(self, at_s: float) -> Iterator[ChatDelta | ChatFinished]:
        """Yield what was held back, and the end. Raises `StreamBroken` without a finish reason.

        Args:
            at_s: When the last byte came.
        """
        for text, reasoning in self._thinking.finish():
            yield self._delta(text, reasoning, at_s)
        if self._reason is None:
            raise self._broken()
        tokens = self._output_tokens
        if tokens == 0 and self.text_seen:
            tokens = None
        yield ChatFinished(self._reason, at_s, self._input_tokens, tokens)

    def _payloads(self, data: str) -> Iterator[Mapping[str, Any]]:
        try:
            parsed = [json.loads(data)]
        except ValueError:
            parsed = self._line_by_line(data)
        for payload in parsed:
            if isinstance(payload, Mapping):
                yield payload

    def _line_by_line(self, data: str) -> list[Any]:
        """Read events whose blank lines are missing, and errors that are no proper JSON."""
        try:
            return [json.loads(line) for line in data.splitlines() if line.strip() != "[DONE]"]
        except ValueError:
            if self.finishing:
                return []
            if '"error"' in data[:200]:
                raise self._failure(data.partition('"error"')[2].strip(' :"{}\n')) from None
            raise StreamBroken(
                "The server sent a piece of the answer that is not valid JSON.",
                "Try again; if it comes again, the server or a proxy before it is broken.",
            ) from None

    def _read(self, payload: Mapping[str, Any], at_s: float) -> Iterator[ChatDelta]:
        if (error := error_inside(payload)) is not None:
            raise self._failure(json.dumps({"error": error}))
        self._read_usage(payload.get("usage"))
        choices = payload.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return
        for text, reasoning in self._texts(choice):
            yield self._delta(text, reasoning, at_s)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            if reason in _FAILED_REASONS:
                raise self._failure(f"finish reason '{reason}'")
            self._reason = _FINISH_REASONS.get(reason, "unknown")

    def _texts(self, choice: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
        delta, message = choice.get("delta"), choice.get("message")
        pieces = delta if isinstance(delta, Mapping) and any(delta.values()) else None
        if pieces is not None:
            self._delta_seen = True
        elif isinstance(message, Mapping) and not self._delta_seen:
            # Old services put the piece into `message`; after deltas it repeats the whole answer.
            pieces = message
        else:
            pieces = {"content": choice.get("text")}
        for key in _REASONING_KEYS:
            text = pieces.get(key)
            if isinstance(text, str) and text:
                yield text, True
                break
        content = pieces.get("content")
        if isinstance(content, list):
            parts = (part.get("text") for part in content if isinstance(part, Mapping))
            content = "".join(part for part in parts if isinstance(part, str))
        if isinstance(content, str) and content:
            yield from self._thinking.feed(content)

    def _delta(self, text: str, reasoning: bool, at_s: float) -> ChatDelta:
        self.text_seen = True
        return ChatDelta(text, at_s, reasoning)

    def _read_usage(self, usage: object) -> None:
        if not isinstance(usage, Mapping):
            return
        self._input_tokens = _count(usage.get("prompt_tokens"), self._input_tokens)
        self._output_tokens = _count(usage.get("completion_tokens"), self._output_tokens)

    def _failure(self, body: str) -> Exception:
        return failure(0, body, model=self._model, url=self._url, secret=self._secret)

    def _broken(self) -> StreamBroken:
        if not self.events:
            return StreamBroken(
                "The server ended the answer without sending any of it.",
                "Some servers do this when the prompt is too long for the model: shorten it. "
                "Otherwise look into the server's log.",
            )
        return StreamBroken(
            "The answer broke off: the server ended it without a finish reason.",
            "What arrived is kept. Try again; if it comes again, look into the server's log.",
        )


def _count(value: object, before: int | None) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if whole else before  # type: ignore[return-value]
