"""A recording that is played in the pane, and the dialogs that choose it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.formats import format_age, format_bytes
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.panes.base import Pane
from tui.paths import typed_path
from tui.system.history import History
from tui.system.player import Player
from tui.system.recording import Recording, read_recording
from tui.widgets.dialogs.base import Dialog
from tui.widgets.dialogs.choose import Choice, ChooseDialog
from tui.widgets.monitor.view import clock_text, span_text

ANOTHER = "another file"
MOST_LISTED = 30


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording and where one is in it. Each change returns a new one."""

    recording: Recording
    history: History
    player: Player

    def played(self, span_s: float) -> Replay:
        """Return it after some time in front of the screen."""
        return replace(self, player=self.player.played(span_s))

    def moved(self, span_s: float) -> Replay:
        """Return it at another place."""
        return replace(self, player=self.player.moved(span_s))

    def toggled(self) -> Replay:
        """Return it paused, or going on."""
        return replace(self, player=self.player.toggled())

    def faster(self, steps: int) -> Replay:
        """Return it at another speed."""
        return replace(self, player=self.player.faster(steps))

    def title(self) -> str:
        """Say what is played, and where one is."""
        player = self.player
        state = "paused" if player.paused else "ended" if player.ended else f"{player.speed:g}x"
        done, whole = player.position_s - player.start_s, player.end_s - player.start_s
        name = clean_text(self.recording.path.name, False)
        return (
            f"replay {name[:32]} {clock_text(player.position_s)} "
            f"({span_text(done)} of {span_text(whole)}) {state}: f pauses, [ ] speed, esc ends"
        )


async def choose_recording(pane: Pane) -> Replay | None:
    """Ask which recording to play, and read it; says what could not be read.

    Args:
        pane: For its screen and its folders.
    """
    folder = pane.session.paths.recordings
    found = await asyncio.to_thread(_recordings, folder)
    choices = [
        *found,
        Choice(ANOTHER, "another file …", "type its path"),
    ]
    hint = f"r records; recordings are kept in {folder}"
    key = await pane.app.push_screen_wait(ChooseDialog("Play a recording", choices, hint))
    if key == ANOTHER:
        key = await pane.app.push_screen_wait(FileDialog())
    if not key:
        return None
    try:
        recording = await asyncio.to_thread(_read, key)
    except FoundryError as error:
        _say(pane, f"{error.message}\n{error.hint}", error=True)
        return None
    if recording.problems:
        listed = "\n".join(recording.problems[:5])
        _say(pane, f"Not all of {recording.path.name} can be read; the rest shows.\n{listed}")
    history = await asyncio.to_thread(recording.history)
    start_s, end_s = recording.samples[0].at_s, recording.samples[-1].at_s
    return Replay(recording, history, Player(start_s, end_s, start_s))


class FileDialog(Dialog[str]):
    """Answers with a path that was typed."""

    DEFAULT_CSS = """
    FileDialog Input { border: tall $surface; }
    FileDialog Input:focus { border: tall $primary; }
    """

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="box") as box:
            box.border_title = "Play a recording"
            yield Input(placeholder="/path/to/recording.jsonl")
            yield Static("enter plays it · esc closes", classes="hint")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())


def _read(path: str) -> Recording:
    return read_recording(typed_path(path))


def _recordings(folder: Path) -> list[Choice]:
    """List the recordings, newest first."""
    try:
        files = sorted(
            ((file.stat().st_mtime, file) for file in folder.glob("*.jsonl")), reverse=True
        )
    except OSError:
        return []
    return [
        Choice(
            str(file),
            file.stem.removeprefix("monitor-"),
            f"{format_bytes(file.stat().st_size)}, {format_age(time.time() - changed)}",
        )
        for changed, file in files[:MOST_LISTED]
    ]


def _say(widget: Widget, text: str, *, error: bool = False) -> None:
    severity = "error" if error else "warning"
    widget.notify(clean_text(text), severity=severity, markup=False)  # type: ignore[arg-type]
