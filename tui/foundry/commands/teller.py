"""Turns the lines of a run or download into progress while they come."""

from __future__ import annotations

import time

from tui.foundry.backend import ProgressCallback
from tui.foundry.commands.narration import Line, read_line
from tui.foundry.types import Progress, Variant


class Teller:
    """Reads along, and notices when a model is ready.

    Args:
        on_progress: Told each line, with how far it says the work has come.
        variant: What the work is on, for bytes instead of shares; None where it is not known.
    """

    def __init__(self, on_progress: ProgressCallback, variant: Variant | None) -> None:
        self._on_progress = on_progress
        self._total = variant.size_bytes if variant else None
        self._loading_s: float | None = None
        self.load_s: float | None = None
        """What the load took, as the command says or as the lines came."""
        self.present = False
        """The model was on disk already."""
        self.loaded = False

    def take(self, text: str) -> None:
        """Take the next line."""
        line = read_line(text)
        if line.kind == "blank":
            return
        if line.kind == "loading" and self._loading_s is None:
            self._loading_s = time.perf_counter()
        elif line.kind == "load_time":
            self.load_s = line.value
        elif line.kind in ("loaded", "chat"):
            # A chat that opens without a word of loading: the model was in memory already.
            self.loaded = True
            if self.load_s is None and self._loading_s is not None:
                self.load_s = time.perf_counter() - self._loading_s
        elif line.kind == "present":
            self.present = True
        self._on_progress(self._progress(line))

    def ready(self, text: str) -> bool:
        """Tell whether the chat is open, which is as far as a run goes here."""
        return read_line(text).kind == "chat" and self.loaded

    def _progress(self, line: Line) -> Progress:
        if line.kind != "progress" or line.progress is None:
            message = "loading" if line.kind == "loading" else ""
            return Progress(message=message, line=line.text)
        fraction = line.progress.fraction
        done = int(self._total * fraction) if self._total and fraction is not None else None
        return Progress(fraction, done, self._total if done is not None else None, line=line.text)
