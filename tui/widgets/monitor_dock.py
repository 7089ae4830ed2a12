"""The monitor in a narrow column beside any pane."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.formats import format_bytes, format_percent
from tui.foundry.text import clean_text
from tui.store import State, Store
from tui.system.history import History
from tui.widgets.chart import Chart

WIDTH = 34
WINDOW_SAMPLES = 120


class MonitorDock(Vertical):
    """CPU and memory as small graphs, and the loaded models.

    Args:
        store: Shared state.
        history: Samples since the program started.
    """

    DEFAULT_CSS = f"""
    MonitorDock {{
        width: {WIDTH};
        height: 1fr;
        padding: 0 1;
        border-left: solid $panel;
        & > Chart {{ height: 8; margin-bottom: 1; }}
        & > Static {{ height: auto; }}
    }}
    """

    def __init__(self, store: Store, history: History) -> None:
        super().__init__()
        self._store = store
        self._history = history

    def compose(self) -> ComposeResult:
        """Lay out two graphs above the models."""
        yield Chart(id="dock-cpu")
        yield Chart(id="dock-ram")
        yield Static(id="dock-models", markup=False)

    def on_mount(self) -> None:
        """Follow samples and models."""
        for topic in ("system", "models"):
            self._store.signal(topic).subscribe(self, self._show)
        self.call_after_refresh(self._show, self._store.state)

    def _show(self, state: State) -> None:
        sample = state.sample
        cpu, ram = self.query_one("#dock-cpu", Chart), self.query_one("#dock-ram", Chart)
        if sample is None or not self.display or cpu.plot_width <= 0:
            return
        line = self._history.graph(lambda one: one.cpu_percent, cpu.plot_width, WINDOW_SAMPLES)
        cpu.show(f"CPU {format_percent(sample.cpu_percent)}", "last 2 min", line, 100, "100%")
        line = self._history.graph(lambda one: one.ram_used_bytes, ram.plot_width, WINDOW_SAMPLES)
        total = sample.ram_total_bytes or 0
        title = f"RAM {format_bytes(sample.ram_used_bytes)}"
        ram.show(title, f"of {format_bytes(total)}", line, total, f"{total / 1e9:.0f} G")
        models = "\n".join(self._model_line(state, one) for one in state.loaded)
        self.query_one("#dock-models", Static).update(models or "nothing in memory")

    def _model_line(self, state: State, variant_id: str) -> str:
        entry = state.memory.entry(variant_id)
        grown = entry.resident_bytes if entry else None
        memory = "" if grown is None else f" +{format_bytes(grown)}"
        name = clean_text(variant_id, False).partition(":")[0]
        return f"● {name[: WIDTH - 6 - len(memory)]}{memory}"
