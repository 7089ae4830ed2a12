"""The monitor in a narrow column beside any pane."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.formats import format_bytes, format_percent
from tui.foundry.text import clean_text
from tui.store import State, Store
from tui.system.history import History
from tui.widgets.chart import Chart
from tui.widgets.glyphs import BLOCKS, Glyphs
from tui.widgets.monitor.graphs import GRAPHS
from tui.widgets.monitor.view import View, window_text

WIDTH = 36
SHOWN = ("cpu", "speed", "ram", "runtime")
"""The first ones where there is not room for all; the header has the memory too."""
LEAST_CHART_LINES, MOST_CHART_LINES = 5, 11
OTHER_LINES = 5
"""Of a few models and of this program's own cost."""


class MonitorDock(Vertical):
    """The most telling graphs, the loaded models, and what this program itself costs.

    Args:
        store: Shared state.
        history: Samples since the program started.
        glyphs: What to draw with.
    """

    DEFAULT_CSS = f"""
    MonitorDock {{
        width: {WIDTH};
        height: 1fr;
        padding: 0 1;
        border-left: solid $panel;
        & > Chart {{ height: {LEAST_CHART_LINES}; margin-bottom: 1; }}
        & > Static {{ height: auto; }}
        & > #dock-own {{ color: $text-muted; margin-top: 1; }}
    }}
    """

    def __init__(self, store: Store, history: History, glyphs: Glyphs = BLOCKS) -> None:
        super().__init__()
        self._store = store
        self._history = history
        self._glyphs = glyphs
        self._view = View()

    def compose(self) -> ComposeResult:
        """Lay out graphs above the models."""
        for spec in GRAPHS:
            if spec.id in SHOWN:
                yield Chart(hue=spec.hue, glyphs=self._glyphs, id=f"dock-{spec.id}")
        yield Static(id="dock-models", markup=False)
        yield Static(id="dock-own", markup=False)

    def on_mount(self) -> None:
        """Follow samples and models."""
        for topic in ("system", "models"):
            self._store.signal(topic).subscribe(self, self._show)
        self._show(self._store.state)

    def on_resize(self) -> None:
        """Show as many graphs as there is room for, the most telling first."""
        room = max(0, self.size.height - OTHER_LINES)
        count = max(1, min(len(SHOWN), room // (LEAST_CHART_LINES + 1)))
        lines = max(LEAST_CHART_LINES, min(MOST_CHART_LINES, room // count - 1))
        for place, name in enumerate(SHOWN):
            chart = self.query_one(f"#dock-{name}", Chart)
            chart.display = place < count
            chart.styles.height = lines

    @on(Chart.Resized)
    def _graph_resized(self, event: Chart.Resized) -> None:
        """Graphs have as many columns as there is room for."""
        event.stop()
        self._show(self._store.state)

    def _show(self, state: State) -> None:
        sample = state.sample
        if sample is None or not self.display or not self.is_attached:
            return
        note = f"last {window_text(self._view.window_s)}"
        with self.app.batch_update():
            for spec in GRAPHS:
                if spec.id not in SHOWN:
                    continue
                chart = self.query_one(f"#dock-{spec.id}", Chart)
                if chart.plot_width > 0:
                    shown_note = note if spec.id == SHOWN[0] else ""
                    picture = self._view.picture(
                        spec, self._history, sample, chart.plot_width, shown_note
                    )
                    chart.show(picture)
            models = "\n".join(self._model_line(state, one) for one in state.loaded)
            self._write("models", models or "nothing in memory")
            own = sample.own
            cost = format_percent(own.cpu_percent if own else None)
            memory = format_bytes(own.rss_bytes if own else None)
            self._write("own", f"this program {cost}, {memory}")

    def _write(self, name: str, text: str) -> None:
        target = self.query_one(f"#dock-{name}", Static)
        if str(target.content) != text:
            target.update(text, layout=str(target.content).count("\n") != text.count("\n"))

    def _model_line(self, state: State, variant_id: str) -> str:
        entry = state.memory.entry(variant_id)
        grown = entry.resident_bytes if entry else None
        memory = "" if grown is None else f" +{format_bytes(grown)}"
        name = clean_text(variant_id, False).partition(":")[0]
        return f"{self._glyphs.dot} {name[: WIDTH - 6 - len(memory)]}{memory}"
