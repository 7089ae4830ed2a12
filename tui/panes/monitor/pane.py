"""The pane Monitor: what the models cost this machine, now and over the last minutes."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.actions import bindings_of
from tui.panes.base import Pane
from tui.panes.monitor import wording
from tui.session import Session
from tui.store import State, Store
from tui.system.gpu import GpuReader
from tui.system.history import History
from tui.system.sampler import Sample
from tui.widgets.chart import Chart
from tui.widgets.header import backend_name

WINDOW_SAMPLES = 120
"""Two minutes at one sample a second."""


class MonitorPane(Pane, can_focus=True):
    """CPU and memory as graphs, processes and models as numbers.

    Args:
        store: Shared state.
        session: Settings and file locations.
        history: Samples since the program started.
    """

    TOPICS = ("system", "models", "backend")
    SCOPES = ("monitor",)
    HELP = (
        "CPU and memory of this machine over the last two minutes, with what happened on the time "
        "axis; below, what each loaded model added to the runtime's memory, and the processes."
    )
    BINDINGS = bindings_of("monitor")

    cpu = query_one("#monitor-cpu", Chart)
    ram = query_one("#monitor-ram", Chart)

    def __init__(self, store: Store, session: Session, history: History, *, id: str) -> None:  # noqa: A002
        super().__init__(store, session, id=id)
        self._history = history
        self._frozen = False
        self._gpu: GpuReader | None = None

    def compose(self) -> ComposeResult:
        """Lay out graphs above numbers."""
        with Horizontal(id="monitor-charts"):
            yield Chart(id="monitor-cpu")
            yield Chart(id="monitor-ram")
        yield Static(id="monitor-cores", markup=False)
        with Horizontal(id="monitor-tables"):
            yield Static(id="monitor-models", markup=False)
            yield Static(id="monitor-processes", markup=False)
        yield Static(id="monitor-notes", markup=False)

    def focus_default(self) -> None:
        """Take the keys."""
        self.screen.set_focus(self)

    def on_resize(self) -> None:
        """Graphs have as many columns as there is room for."""
        self.call_after_refresh(self.show_state, self.store.state)

    def show_state(self, state: State) -> None:
        """Draw the newest sample, unless the picture is held still."""
        sample = state.sample
        if sample is None or self._frozen:
            return
        self._show_charts(sample)
        self._show_numbers(state, sample)

    def _show_charts(self, sample: Sample) -> None:
        window = "frozen: f goes on" if self._frozen else f"last {WINDOW_SAMPLES // 60} min"
        if self.cpu.plot_width <= 0:
            return
        cpu = self._history.graph(lambda one: one.cpu_percent, self.cpu.plot_width, WINDOW_SAMPLES)
        self.cpu.show(wording.cpu_title(sample), window, cpu, 100, "100%")
        ram = self._history.graph(
            lambda one: one.ram_used_bytes, self.ram.plot_width, WINDOW_SAMPLES
        )
        total = sample.ram_total_bytes or 0
        label = f"{total / 1e9:.0f} G"
        self.ram.show(wording.ram_title(sample), wording.ram_note(sample), ram, total, label)

    def _show_numbers(self, state: State, sample: Sample) -> None:
        width = max(20, self.size.width - 2)
        self._write("cores", "\n".join(wording.core_lines(sample.per_core, width)))
        self._write_table("models", wording.model_lines(state))
        backend = backend_name(state.info) if state.info else ""
        self._write_table("processes", wording.process_lines(sample, backend))
        if self._gpu is None:
            self._gpu = GpuReader()
        gpu = wording.gpu_line(self._gpu.read(), self._gpu.reason)
        unload, little = wording.unload_line(state)
        lines = [Content(wording.machine_line(sample)), Content(gpu)]
        if unload:
            lines.insert(0, Content.styled(unload, "$text-warning" if little else ""))
        self._write("notes", Content("\n").join(lines))

    def _write_table(self, name: str, lines: list[str]) -> None:
        head = Content.styled(lines[0], "bold $text-muted")
        self._write(name, Content("\n").join([head, *(Content(line) for line in lines[1:])]))

    def _write(self, name: str, content: Content | str) -> None:
        target = self.query_one(f"#monitor-{name}", Static)
        before = str(target.content).count("\n")
        # Measuring the layout again costs more than drawing: only where the height changes.
        target.update(content, layout=str(content).count("\n") != before)

    def action_freeze(self) -> None:
        """Hold the picture still, or let it run again."""
        self._frozen = not self._frozen
        if self.store.state.sample is not None:
            self._show_charts(self.store.state.sample)
        if not self._frozen:
            self.show_state(self.store.state)
