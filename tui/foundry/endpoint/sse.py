"""Server-sent events from bytes: incremental, tolerant, however the bytes are cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tui.foundry.errors import StreamBroken

EVENT_LIMIT_BYTES = 1024 * 1024
"""More than this without an end of line, or in one event, is no chat stream."""

_LINE_END = re.compile(rb"[\r\n]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its data lines joined by newlines, and its name ('' when it has none)."""

    data: str
    name: str = ""


class SseDecoder:
    """Turns the bytes of a `text/event-stream` into events.

    Lines end in LF, CR LF or CR. Comments, `id` and `retry` are skipped. A line that is bare JSON
    without `data:`, as some servers send errors, is an event of its own.

    Args:
        limit_bytes: Longest line and longest event that are accepted.
    """

    def __init__(self, limit_bytes: int = EVENT_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._line = bytearray()
        self._data: list[str] = []
        self._data_bytes = 0
        self._name = ""
        self._after_cr = False
        self._first_line = True

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Yield the events that `chunk` completes. Raises `StreamBroken` beyond the limit."""
        start = 0
        if self._after_cr and chunk:
            self._after_cr = False
            start = chunk.startswith(b"\n")
        while (match := _LINE_END.search(chunk, start)) is not None:
            end = match.start()
            self._line += chunk[start:end]
            start = end + 1
            if chunk[end] == 0x0D:
                if start < len(chunk):
                    start += chunk[start] == 0x0A
                else:
                    self._after_cr = True
            yield from self._end_line()
        self._line += chunk[start:]
        self._check(len(self._line))

    def finish(self) -> Iterator[SseEvent]:
        """Yield what the end of the body completes: servers forget the last blank line."""
        if self._line:
            yield from self._end_line()
        yield from self._dispatch()

    def _end_line(self) -> Iterator[SseEvent]:
        raw = bytes(self._line)
        self._line.clear()
        self._check(len(raw))
        if self._first_line:
            self._first_line = False
            raw = raw.removeprefix(_BOM)
        if not raw:
            yield from self._dispatch()
            return
        line = raw.decode("utf-8", errors="replace")
        if line.startswith("{"):
            yield SseEvent(line, self._name)
            return
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data_bytes += len(raw)
            self._check(self._data_bytes)
            self._data.append(value)
        elif field == "event":
            self._name = value

    def _dispatch(self) -> Iterator[SseEvent]:
        data, name = self._data, self._name
        self._data, self._name, self._data_bytes = [], "", 0
        if data:
            yield SseEvent("\n".join(data), name)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise StreamBroken(
                f"The server sent more than {self._limit_bytes:,} bytes without ending a message.",
                "This is not how a chat answer is streamed: check that the address is that of a "
                "model server.",
            )
