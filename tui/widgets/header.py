"""The first line: panes at the left; backend, CPU and RAM at the right."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tui.actions import PANES
from tui.foundry.text import clean_text
from tui.foundry.types import BackendInfo
from tui.messages import PaneRequested
from tui.store import State
from tui.system.history import History
from tui.widgets.glyphs import BLOCKS, Glyphs
from tui.widgets.meter import spark

NAME = "Foundry TUI"
SPARK_WIDTH = 6
GB = 1e9


class Header(Widget):
    """Where one is, and how the machine does.

    Args:
        history: Samples, for the small graphs.
        glyphs: What to draw them with.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "header--active",
        "header--name",
        "header--muted",
    }
    DEFAULT_CSS = """
    Header {
        height: 1;
        background: $panel;
        color: $foreground;
        & > .header--name { color: $primary; text-style: bold; }
        & > .header--active { background: $primary; color: $background; text-style: bold; }
        & > .header--muted { color: $text-muted; }
    }
    """

    def __init__(
        self,
        history: History,
        *,
        glyphs: Glyphs = BLOCKS,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._history = history
        self._glyphs = glyphs
        self._active = ""
        self._meters: tuple[str, ...] = ("", "", "")
        self._spans: list[tuple[int, int, str]] = []

    def show(self, state: State, active: str) -> None:
        """Show the state; paints only what reads differently."""
        meters = self._meter_texts(state)
        if meters != self._meters or active != self._active:
            self._meters, self._active = meters, active
            self.refresh()

    def _meter_texts(self, state: State) -> tuple[str, str, str]:
        """Return the right side: full, without graphs, and shortest."""
        backend = _backend_text(state)
        sample = state.sample
        if sample is None or sample.ram_total_bytes is None or sample.ram_used_bytes is None:
            return (backend, backend, "")
        cpu = "  - " if sample.cpu_percent is None else f"{sample.cpu_percent:3.0f}%"
        used, total = sample.ram_used_bytes / GB, sample.ram_total_bytes / GB
        last = self._history.samples(SPARK_WIDTH)
        cpu_graph = spark([one.cpu_percent for one in last], SPARK_WIDTH, 100, self._glyphs)
        ram_graph = spark(
            [one.ram_used_bytes for one in last], SPARK_WIDTH, sample.ram_total_bytes, self._glyphs
        )
        return (
            f"{backend}   CPU {cpu_graph}{cpu}  RAM {ram_graph} {used:.1f}/{total:.1f} GB",
            f"{backend}  CPU{cpu} RAM {used:.0f}/{total:.0f}G",
            f"CPU{cpu} RAM {used:.0f}/{total:.0f}G",
        )

    def render_line(self, y: int) -> Strip:
        """Draw the line, in the longest form that fits."""
        width, base = self.size.width, self.rich_style
        left, right = self._fitting(width)
        segments: list[Segment] = []
        self._spans = []
        x = 0
        for text, part, pane in left:
            style = base + self.get_component_rich_style(f"header--{part}") if part else base
            segments.append(Segment(text, style))
            if pane:
                self._spans.append((x, x + cell_len(text), pane))
            x += cell_len(text)
        segments.append(Segment(" " * max(1, width - x - cell_len(right)), base))
        muted = base + Style(color=self.get_component_rich_style("header--muted").color)
        segments.append(Segment(right, muted))
        return Strip(segments).adjust_cell_length(width, base)

    def _fitting(self, width: int) -> tuple[list[tuple[str, str, str]], str]:
        rights = [f"{text} " if text else "" for text in self._meters]
        for name, titles, right in (
            (True, "all", rights[0]),
            (True, "all", rights[1]),
            (False, "all", rights[2]),
            (False, "active", rights[2]),
        ):
            left = self._left(name, titles)
            if sum(cell_len(text) for text, _, _ in left) + cell_len(right) < width:
                return left, right
        return self._left(False, "active"), ""

    def _left(self, name: bool, titles: str) -> list[tuple[str, str, str]]:
        parts: list[tuple[str, str, str]] = [(f" {NAME} ", "name", "")] if name else []
        for number, (pane, title) in enumerate(PANES, start=1):
            active = pane == self._active
            text = f" {number} {title} " if active or titles == "all" else f" {number} "
            parts.append((text, "active" if active else "", pane))
        return parts

    def on_click(self, event: events.Click) -> None:
        """Go to the pane whose name was clicked."""
        for start, end, pane in self._spans:
            if start <= event.x < end:
                self.post_message(PaneRequested(pane))


def _backend_text(state: State) -> str:
    if state.connection == "connecting":
        return "connecting …"
    if state.connection == "failed" or state.info is None:
        return "no backend"
    return backend_name(state.info)


def backend_name(info: BackendInfo) -> str:
    """Name the backend in a few letters: `runtime 2.2.1`, `foundry 0.8.119 service :5273`,
    `127.0.0.1:8000`.
    """
    if info.kind == "endpoint" and info.endpoint:
        return clean_text(urlsplit(info.endpoint).netloc or info.endpoint, False)
    parts = [info.kind, info.version, info.generation]
    if info.kind == "foundry":
        # Its port changes from start to start, and others want to know it.
        parts.append(f":{urlsplit(info.endpoint).port}" if info.endpoint else "stopped")
    return clean_text(" ".join(filter(None, parts)), False)
