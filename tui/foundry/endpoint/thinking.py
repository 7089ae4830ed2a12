"""Splits `<think> ... </think>` at the start of an answer from the answer itself."""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Tells reasoning from answer in text that arrives in pieces.

    Only a tag at the very start counts, so that an answer may speak about the tag. The tags
    themselves are dropped; a piece that may be the beginning of a tag is held back until it is
    known what it is.
    """

    def __init__(self) -> None:
        self._state = "start"
        self._held = ""

    def feed(self, text: str) -> list[tuple[str, bool]]:
        """Return `(text, is_reasoning)` pieces; texts are never empty."""
        if self._state == "answer":
            return [(text, False)] if text else []
        text = self._held + text
        self._held = ""
        pieces: list[tuple[str, bool]] = []
        if self._state == "start":
            text = self._leave_start(text, pieces)
        if self._state == "thinking":
            text = self._leave_thinking(text, pieces)
        if self._state == "answer" and text:
            pieces.append((text, False))
        return pieces

    def finish(self) -> list[tuple[str, bool]]:
        """Return what was held back when the stream ends."""
        held, self._held = self._held, ""
        return [(held, self._state == "thinking")] if held else []

    def _leave_start(self, text: str, pieces: list[tuple[str, bool]]) -> str:
        bare = text.lstrip()
        if bare.startswith(OPEN):
            self._state = "thinking"
            return bare[len(OPEN) :]
        if OPEN.startswith(bare):
            blank = text[: len(text) - len(bare)]
            if blank:
                pieces.append((blank, False))
            self._held = bare
            return ""
        self._state = "answer"
        return text

    def _leave_thinking(self, text: str, pieces: list[tuple[str, bool]]) -> str:
        thought, tag, rest = text.partition(CLOSE)
        if tag:
            self._state = "answer"
        else:
            keep = _tail_of_tag(thought)
            thought, self._held = thought[: len(thought) - keep], thought[len(thought) - keep :]
        if thought:
            pieces.append((thought, True))
        return rest


def _tail_of_tag(text: str) -> int:
    """Return how many characters at the end of `text` may begin the closing tag."""
    for size in range(min(len(text), len(CLOSE) - 1), 0, -1):
        if CLOSE.startswith(text[-size:]):
            return size
    return 0
