"""The pane Monitor: what the models cost this machine, now, over the last hour, or in a file."""

from __future__ import annotations

import os
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Grid, Horizontal
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Static

from tui.actions import bindings_of
from tui.messages import IntervalRequested, RecordingRequested
from tui.panes.base import Pane
from tui.panes.monitor import wording
from tui.panes.monitor.replay import Replay, choose_recording
from tui.session import Session
from tui.store import State, Store
from tui.system.history import History
from tui.system.sample import Sample
from tui.widgets.chart import Chart
from tui.widgets.glyphs import choose_glyphs
from tui.widgets.header import backend_name
from tui.widgets.monitor.graphs import GRAPHS
from tui.widgets.monitor.view import View, clock_text, graphs_of, span_text, window_text

INTERVALS_S = (0.5, 1.0, 2.0, 5.0, 10.0)
REPLAY_TICK_S = 0.25
PAN = 0.25
"""Part of the window that one goes back or forward by a key."""
LOW_ROWS, TALL_ROWS = 10, 26
"""Lines from which on graphs stand in two, and in three rows."""
AIRY_LINES = 32
"""Lines of the pane from which on its parts have air between them."""


class MonitorPane(Pane, can_focus=True):
    """Graphs over time, and models and processes as numbers.

    Args:
        store: Shared state.
        session: Settings and file locations.
        history: Samples since the program started.
    """

    TOPICS = ("system", "models", "backend")
    SCOPES = ("monitor",)
    HELP = (
        "What the models cost this machine, with what happened (load, first token, unload, crash) "
        "on the time axis of each graph. MEMORY is what a load added to the runtime's resident "
        "memory, LOADING the most that it took while it loaded, ANSWERING what answers added to "
        "that. Tokens per second are those of this program's chats and benchmarks."
    )
    BINDINGS = bindings_of("monitor")

    grid = query_one("#monitor-graphs", Grid)

    def __init__(self, store: Store, session: Session, history: History, *, id: str) -> None:  # noqa: A002
        super().__init__(store, session, id=id)
        self._live = history
        self._view = View()
        self._interval_s = session.config.monitor.interval_s
        self._glyphs = choose_glyphs(session.config.monitor.graphs, os.environ)
        self._page = 0
        self._arranged: tuple[object, ...] = ()
        self._shown: tuple[str, ...] = ()
        self._replay: Replay | None = None
        self._redraw_waits = False

    def compose(self) -> ComposeResult:
        """Lay out graphs above numbers."""
        yield Static(id="monitor-head", classes="pane-head", markup=False)
        with Grid(id="monitor-graphs"):
            for spec in GRAPHS:
                chart = Chart(hue=spec.hue, glyphs=self._glyphs, id=f"monitor-{spec.id}")
                chart.display = False
                yield chart
        yield Static(id="monitor-cores", markup=False)
        with Horizontal(id="monitor-tables"):
            yield Static(id="monitor-models", markup=False)
            yield Static(id="monitor-processes", markup=False)
        yield Static(id="monitor-notes", markup=False)

    def on_mount(self) -> None:
        """Follow the samples; a timer for recordings waits until one is played."""
        self._ticks = self.set_interval(REPLAY_TICK_S, self._tick, pause=True)
        super().on_mount()

    def focus_default(self) -> None:
        """Take the keys."""
        self.screen.set_focus(self)

    def on_resize(self) -> None:
        """Lay the graphs out anew."""
        self.call_after_refresh(self._draw)

    @on(Chart.Resized)
    def _graph_resized(self, event: Chart.Resized) -> None:
        """Draw the graphs once, however many have a new width."""
        event.stop()
        if not self._redraw_waits:
            self._redraw_waits = True
            self.call_after_refresh(self._draw)

    def help_text(self) -> str:
        """Say what the pane is for, and what this machine does not tell, with the reasons."""
        sample = self._history.last
        devices = sample.devices if sample else None
        reasons = dict(devices.reasons) if devices else {}
        if self._replay is not None:
            reasons = dict(self._replay.recording.reasons)
        lines = [f"{wording.NAMES.get(name, name)}: {why}." for name, why in reasons.items()]
        if not lines:
            return self.HELP
        return f"{self.HELP}\n\nNot available on this machine:\n" + "\n".join(lines)

    def show_state(self, state: State) -> None:
        """Draw the newest sample, unless one looks at another time."""
        if self._replay is None and self._view.end_s is None:
            self._draw()
        else:
            self._show_head()

    # Drawing

    @property
    def _history(self) -> History:
        return self._live if self._replay is None else self._replay.history

    def _draw(self) -> None:
        self._redraw_waits = False
        sample = self._view.sample(self._history)
        if sample is None or not self.size.width or not self.is_attached:
            return
        with self.app.batch_update():
            self._show_numbers(sample)
            self._arrange(sample)
            self._show_head()
            self._show_graphs(sample)

    def _arrange(self, sample: Sample) -> None:
        """Choose the graphs that there is room for, and lay them out."""
        specs = graphs_of(self._history, sample)
        width, height = self.grid.size
        key = (width, height, self._page, tuple(spec.id for spec in specs))
        if key == self._arranged or height <= 0:
            return
        self._arranged = key
        columns = 1 if width < 56 else 2 if width < 150 else 3
        rows = 1 if height < LOW_ROWS else 2 if height < TALL_ROWS else 3
        rows = max(1, min(rows, len(specs) // columns))
        count = min(len(specs), rows * columns)
        pages = -(-len(specs) // count)
        self._page %= pages
        start = min(self._page * count, len(specs) - count)
        self._shown = tuple(spec.id for spec in specs[start : start + count])
        self._of = (start, len(specs))
        self.grid.styles.grid_size_columns = columns
        self.grid.styles.grid_size_rows = rows
        for spec in GRAPHS:
            self.query_one(f"#monitor-{spec.id}", Chart).display = spec.id in self._shown

    def _show_graphs(self, sample: Sample) -> None:
        for spec in GRAPHS:
            if spec.id in self._shown:
                chart = self.query_one(f"#monitor-{spec.id}", Chart)
                if chart.plot_width > 0:
                    chart.show(self._view.picture(spec, self._history, sample, chart.plot_width))

    def _show_head(self) -> None:
        parts: list[Content] = []
        if self._replay is not None:
            parts.append(Content.styled(self._replay.title(), "$text-warning"))
        elif self._view.end_s is not None:
            text = f"frozen at {clock_text(self._view.end_s)}: f goes on, ← → look around"
            parts.append(Content.styled(text, "$text-warning"))
        recording = self.store.state.recording
        if recording is not None and self._live.last is not None:
            span = span_text(max(0.0, self._live.last.at_s - recording.started_s))
            text = f"{self._glyphs.dot} recording {span} (r stops)"
            parts.append(Content.styled(text, "$text-error"))
        parts.append(Content(f"{window_text(self._view.window_s)} (+ -)"))
        parts.append(Content(f"scale {'fixed' if self._view.fixed else 'auto'} (a)"))
        if self._shown and len(self._shown) < self._of[1]:
            start, total = self._of
            parts.append(Content(f"graphs {start + 1}-{start + len(self._shown)} of {total} (m)"))
        head = self.query_one("#monitor-head", Static)
        head.update(Content(" · ").join(parts), layout=False)

    def _show_numbers(self, sample: Sample) -> None:
        width = max(20, self.scrollable_content_region.width - 2)
        airy = self.size.height >= AIRY_LINES
        self.set_class(airy, "-airy")
        side_by_side = width >= wording.SIDE_BY_SIDE
        self.set_class(side_by_side, "-side")
        facts = self._facts(sample)
        cores = wording.core_lines(sample.per_core, width, self._glyphs)
        self._write("cores", Content("\n".join(cores)))
        # The processes need little; the models have many columns.
        right = 66 if side_by_side else width
        left = width - right - 4 if side_by_side else width
        self._write_table("models", wording.model_lines(facts, left))
        self._write_table("processes", wording.process_lines(facts, right))
        unload, little = wording.unload_line(facts.memory)
        notes = [
            Content(wording.devices_line(sample.devices, brief=width < wording.WIDE)),
            Content(
                f"{wording.machine_line(sample, width)} · "
                f"{wording.own_line(sample, self._interval_s)}"
            ),
        ]
        if unload:
            notes.insert(0, Content.styled(unload, "$text-warning bold" if little else ""))
        self._write("notes", Content("\n").join(notes))

    def _facts(self, sample: Sample) -> wording.Facts:
        if self._replay is not None:
            memory = self._replay.recording.memory_at(sample.at_s)
            loaded = tuple(one.variant_id for one in memory.models)
            return wording.Facts(sample, memory, loaded, {})
        state = self.store.state
        return wording.Facts(
            sample,
            state.memory,
            state.loaded,
            self._live.activity.by_variant,
            backend_name(state.info) if state.info else "",
            state.runtime_reason,
        )

    def _write_table(self, name: str, lines: list[str]) -> None:
        head = Content.styled(lines[0], "bold $foreground-muted")
        self._write(name, Content("\n").join([head, *(Content(line) for line in lines[1:])]))

    def _write(self, name: str, content: Content) -> None:
        target = self.query_one(f"#monitor-{name}", Static)
        before = target.content
        if str(before) == str(content):
            return
        # Measuring the layout again costs more than drawing: only where the height changes.
        width = max(1, target.size.width)
        lines = [-(-len(line) // width) for line in str(content).split("\n")]
        known = [-(-len(line) // width) for line in str(before).split("\n")]
        target.update(content, layout=lines != known)

    # Actions on the view

    def _look(self, view: View) -> None:
        self._view = view
        self._draw()
        self._show_head()

    def action_freeze(self) -> None:
        """Hold the picture still, or let it run again; a recording is paused, or goes on."""
        if self._replay is not None:
            self._play(self._replay.toggled())
        elif self._view.end_s is None and self._live.last is not None:
            self._look(replace(self._view, end_s=self._live.last.at_s))
        else:
            self._look(replace(self._view, end_s=None))

    def action_zoom(self, steps: int) -> None:
        """Show a longer or a shorter time."""
        self._look(self._view.zoomed(steps))

    def action_scale(self) -> None:
        """Switch between scales up to what is full and scales that fit what shows."""
        self._look(replace(self._view, fixed=not self._view.fixed))

    def action_pan(self, steps: int) -> None:
        """Go back or forward in time; the picture stands still then."""
        parts = steps * PAN
        if self._replay is not None:
            self._play(self._replay.moved(parts * self._view.window_s))
        else:
            self._look(self._view.moved(self._live, parts))

    def action_more(self) -> None:
        """Show the next graphs, where there is not room for all."""
        self._page += 1
        self._draw()

    def action_interval(self) -> None:
        """Take samples at the next slower pace; after the slowest comes the fastest."""
        slower = [one for one in INTERVALS_S if one > self._interval_s]
        self._interval_s = slower[0] if slower else INTERVALS_S[0]
        self.post_message(IntervalRequested(self._interval_s))
        if problem := self.session.save_setting("monitor.interval_s", self._interval_s):
            self.notify(problem, severity="warning", markup=False)
        self.notify(f"A sample each {self._interval_s:g} s.")

    # Recordings

    def action_record(self) -> None:
        """Write the samples into a file, or stop that."""
        self.post_message(RecordingRequested())

    @work(group="replay", exclusive=True)
    async def action_replay(self) -> None:
        """Play a recording in place of what happens now."""
        replay = await choose_recording(self)
        if replay is not None:
            self._ticks.resume()
            self._arranged = ()
            self._play(replay)

    def action_end_replay(self) -> None:
        """Leave the recording, or let a frozen picture run again."""
        self._ticks.pause()
        self._replay = None
        self._arranged = ()
        self._look(replace(self._view, end_s=None))

    def action_speed(self, steps: int) -> None:
        """Play the recording faster or slower."""
        if self._replay is not None:
            self._play(self._replay.faster(steps))

    def _tick(self) -> None:
        if self._replay is not None and self.display:
            before = self._replay
            after = before.played(REPLAY_TICK_S)
            if after.player != before.player:
                self._play(after)

    def _play(self, replay: Replay) -> None:
        self._replay = replay
        self._look(replace(self._view, end_s=replay.player.position_s))
