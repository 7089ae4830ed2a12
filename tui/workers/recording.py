"""Writes the samples into a file while a recording is being made, off the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from textual.message import Message

from tui import __version__
from tui.formats import format_duration
from tui.messages import RecordingChanged
from tui.system.history import Event, History
from tui.system.model_memory import ModelMemory
from tui.system.recording_file import (
    RecordingError,
    RecordingFile,
    RecordingState,
    event_values,
    models_values,
    sample_values,
    start_values,
)
from tui.system.sample import Sample


class RecordingWorker:
    """Makes one recording at a time; posts `RecordingChanged` when it begins, goes on and ends.

    Args:
        history: Where what happens is noted.
        folder: Where recordings go.
        pace_s: Tells the time between two samples.
        post: Delivers messages to the app.
    """

    def __init__(
        self,
        history: History,
        folder: Path,
        pace_s: Callable[[], float],
        post: Callable[[Message], object],
    ) -> None:
        self._history = history
        self._folder = folder
        self._pace_s = pace_s
        self._post = post
        self._file: RecordingFile | None = None
        self._state: RecordingState | None = None
        self._waiting: list[dict[str, Any]] = []
        self._writing: asyncio.Task[None] | None = None
        self._events: tuple[Event, ...] = ()
        self._memory: ModelMemory | None = None

    def toggle(self) -> None:
        """Begin a recording, or end the one that is being made."""
        if self._state is not None:
            self._end()
            return
        name = datetime.now().strftime("monitor-%Y%m%d-%H%M%S.jsonl")
        self._file = RecordingFile(self._folder / name)
        self._state = RecordingState(self._file.path, time.perf_counter())
        self._events, self._memory = self._history.events, None
        self._waiting = [start_values(self._pace_s(), __version__, self._history.last)]
        self._post(RecordingChanged(self._state, f"Recording into {self._file.path}"))

    def take(self, sample: Sample, memory: ModelMemory) -> None:
        """Record a sample, and what happened since the last one."""
        if self._state is None:
            return
        known = set(self._events)
        lines = [event_values(one) for one in self._history.events if one not in known]
        self._events = self._history.events
        if memory is not self._memory and (memory.models or memory.unloads or self._memory):
            lines.append(models_values(memory, sample.at_s))
        self._memory = memory
        self._waiting += [*lines, sample_values(sample)]
        self._state = replace(self._state, samples=self._state.samples + 1)
        self._post(RecordingChanged(self._state))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """End the recording that is being made; what was taken is written."""
        if self._state is not None:
            await self._flush(self._writing)

    def _end(self) -> None:
        state, self._state = self._state, None
        if state is not None:
            span = format_duration(time.perf_counter() - state.started_s)
            text = f"{state.samples} samples over {span} are in {state.path}; o plays them."
            self._post(RecordingChanged(None, text))
            self._writing = asyncio.create_task(self._flush(self._writing))

    async def _flush(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.gather(earlier, return_exceptions=True)
        await self._write()
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    async def _write(self) -> None:
        file = self._file
        while self._waiting and file is not None:
            lines, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(file.write, lines)
            except RecordingError as error:
                self._state, self._waiting = None, []
                self._post(RecordingChanged(None, error=error))
                return
