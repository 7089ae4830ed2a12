"""The service behind the backend: how it does, and starting and stopping it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tui.foundry.text import clean_text
from tui.foundry.types import Capability, ServiceAction
from tui.messages import ProbeRequested, ServiceRequested
from tui.store import State, Store
from tui.widgets.dialogs.base import Dialog

KEYS = "p probe with one token · s start · x stop · r restart · l log · R look again · esc closes"
FEW_KEYS = "p probe with one token · esc closes"


class ServiceDialog(Dialog[None]):
    """Shows the service and lets it be started, stopped and restarted.

    Args:
        store: Where its answer stands.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "probe", show=False),
        Binding("s", "ask('start')", show=False),
        Binding("x", "ask('stop')", show=False),
        Binding("r", "ask('restart')", show=False),
        Binding("l", "ask('logs')", show=False),
        Binding("R", "ask('status')", show=False),
        Binding("S,q", "leave", show=False),
    ]
    DEFAULT_CSS = """
    ServiceDialog > .box { width: 96; }
    ServiceDialog #service { height: auto; max-height: 20; }
    ServiceDialog #service-text { height: auto; }
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def compose(self) -> ComposeResult:
        """Lay out what is known."""
        with Vertical(classes="box") as box:
            box.border_title = "Service"
            with VerticalScroll(id="service"):
                yield Static(id="service-text", markup=False)
            yield Static(KEYS if self._able else FEW_KEYS, classes="hint")

    def on_mount(self) -> None:
        """Ask once, and follow the answers."""
        for topic in ("backend", "jobs"):
            self._store.signal(topic).subscribe(self, self._show)
        self._show(self._store.state)
        if self._able:
            self.action_ask("status")

    @property
    def _able(self) -> bool:
        info = self._store.state.info
        return info is not None and info.supports(Capability.SERVICE)

    def _show(self, state: State) -> None:
        self.query_one("#service-text", Static).update(clean_text(_text(state)))

    def action_probe(self) -> None:
        """Find out whether a loaded model really answers."""
        self.post_message(ProbeRequested())

    def action_ask(self, action: ServiceAction) -> None:
        """Do something with the service."""
        if self._able:
            self.post_message(ServiceRequested(action))


def _text(state: State) -> str:
    info = state.info
    if info is None:
        error = state.connection_error
        return f"{error.message}\n{error.hint}" if error else "No backend is connected yet."
    name = " ".join(filter(None, (info.kind, info.version, info.generation)))
    able = info.supports(Capability.SERVICE)
    parts = [f"{name}: {info.reason}"]
    if not able:
        parts.append(info.unavailable[Capability.SERVICE])
        parts.append(f"It answers at {info.endpoint}." if info.endpoint else "")
    parts.append(state.service_text or ("Asking …" if able else ""))
    jobs = [job for job in state.jobs if job.kind in ("service", "probe")][-1:]
    parts += [f"◐ {job.kind} {job.subject} …" for job in jobs if job.active]
    parts += [job.error.message for job in jobs if job.error is not None]
    return "\n\n".join(filter(None, parts))
