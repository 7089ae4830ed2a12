"""What the keys of the frame do: its dialogs, the palette, leaving."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual import work
from textual.app import SystemCommand
from textual.notifications import SeverityLevel
from textual.screen import Screen

from tui import messages as m
from tui.actions import PANES
from tui.foundry.errors import FoundryError
from tui.ordered_keys import OrderedKeysApp
from tui.panes.base import Pane
from tui.session import Session
from tui.store import Store
from tui.system.history import History
from tui.widgets.glyphs import Glyphs

DOCK_FROM_WIDTH = 140


class AppActions(OrderedKeysApp[int]):
    """The part of the app that a person calls by name; dialogs are imported when they open."""

    session: Session
    store: Store
    history: History
    glyphs: Glyphs
    pane_name: str

    @property
    def active_pane(self) -> Pane:
        """The pane in front."""
        return self.query_one(f"#{self.pane_name}", Pane)

    @property
    def monitor_shows(self) -> bool:
        """Whether somebody sees more of the samples than the header."""
        return self.pane_name == "monitor" or bool(self.query("MonitorDock"))

    def action_show_help(self) -> None:
        """Show the keys of the pane in front."""
        from tui.widgets.dialogs.help import HelpDialog

        pane = self.active_pane
        lists = ("table",) if pane.query("Table") else ()
        scopes = (*pane.SCOPES, *lists, "everywhere")
        self.push_screen(
            HelpDialog(
                dict(PANES)[self.pane_name], pane.help_text(), scopes, self.session.config.keys
            )
        )

    def action_show_jobs(self) -> None:
        """Show what runs in the background."""
        from tui.widgets.dialogs.jobs import JobsDialog

        self.push_screen(JobsDialog(self.store))

    def action_show_log(self) -> None:
        """Show what the newest job printed."""
        from tui.widgets.dialogs.log import LogDialog

        if jobs := self.store.state.jobs:
            self.push_screen(LogDialog(self.store, max(job.id for job in jobs)))
        else:
            self._say("No job has run yet: downloads, loads and the like have a log.")

    def action_show_service(self) -> None:
        """Show the service behind the backend."""
        from tui.widgets.dialogs.service import ServiceDialog

        self.push_screen(ServiceDialog(self.store))

    @work(group="choose backend", exclusive=True)
    async def action_choose_backend(self) -> None:
        """Take another source of models."""
        from tui.targets import describe_target, is_in_use, targets_of
        from tui.widgets.dialogs.choose import Choice, ChooseDialog

        if self.store.state.active_jobs:
            self._say("A job still runs; J shows it. Then the backend can be changed.")
            return
        targets = targets_of(self.session)
        info = self.store.state.info
        choices = [
            Choice(name, name, describe_target(name, target), is_in_use(target, info))
            for name, target in targets.items()
        ]
        hint = 'Name more of them in config.toml: [endpoints.NAME] with url = "http://..."'
        if name := await self.push_screen_wait(ChooseDialog("Models come from", choices, hint)):
            self.post_message(m.BackendRequested(targets[name]))

    async def action_toggle_dock(self) -> None:
        """Put the narrow monitor beside the pane, or take it away."""
        from tui.widgets.monitor_dock import MonitorDock

        if docks := self.query(MonitorDock):
            await docks.remove()
        elif self.size.width >= DOCK_FROM_WIDTH:
            await self.query_one("#body").mount(MonitorDock(self.store, self.history, self.glyphs))
        else:
            self._say(
                f"The docked monitor needs {DOCK_FROM_WIDTH} columns; this terminal has "
                f"{self.size.width}. The pane Monitor (4) works at any width."
            )

    @work(group="leave", exclusive=True)
    async def action_leave(self) -> None:
        """Leave; ask first while a job runs."""
        if jobs := self.store.state.active_jobs:
            from tui.widgets.dialogs.confirm import ConfirmDialog

            names = ", ".join(f"{job.kind} {job.subject}" for job in jobs[:3])
            question = f"Still running: {names}.\nLeaving cancels it; what was done is kept."
            if not await self.push_screen_wait(ConfirmDialog("Leave?", question, "Leave")):
                return
        self.exit(0)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Feed the palette from the list of actions."""
        from tui.actions import actions_of

        pane = self.active_pane
        for action in actions_of(*pane.SCOPES, "everywhere"):
            if action.palette:
                target = self if action.scope == "everywhere" else pane
                yield SystemCommand(
                    action.label.capitalize(),
                    action.help,
                    partial(self.run_action, action.method, target),
                )

    def _say(self, text: str, *, title: str = "", severity: SeverityLevel = "information") -> None:
        self.notify(text, title=title, severity=severity, markup=False)

    def _say_error(self, error: FoundryError, title: str = "") -> None:
        self._say(f"{error.message}\n{error.hint}".strip(), title=title, severity="error")
