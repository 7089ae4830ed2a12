"""Recommends a model for a task, by the registry and this machine's memory."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.catalog.registry import Registry
from tui.catalog.selection import Selection, select
from tui.widgets.dialogs.base import Dialog


class RecommendDialog(Dialog[str]):
    """Answers with the name of the chosen model.

    Args:
        registry: The team's list.
        total_ram_bytes: Memory of this machine.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "task('down')", show=False),
        Binding("k", "task('up')", show=False),
    ]
    DEFAULT_CSS = """
    RecommendDialog {
        & OptionList { height: auto; max-height: 8; border: none; background: $panel; }
        & #choice { height: auto; margin-top: 1; }
    }
    """

    def __init__(self, registry: Registry, total_ram_bytes: int) -> None:
        super().__init__()
        self._registry = registry
        self._total_ram_bytes = total_ram_bytes
        self._selection: Selection | None = None

    def compose(self) -> ComposeResult:
        """Lay out tasks and choice."""
        tasks = self._registry.tasks
        with Vertical(classes="box") as box:
            box.border_title = "Recommend a model for"
            yield OptionList(*(Option(task, id=task) for task in tasks), markup=False)
            yield Static(id="choice")
            yield Static(
                "The first entry of models.json for the task whose min_ram_gb this machine has. "
                "enter shows it in the catalog · esc closes",
                classes="hint",
            )

    def on_mount(self) -> None:
        """Start in the list of tasks."""
        self.query_one(OptionList).focus()
        if not self._registry.entries:
            self.query_one("#choice", Static).update(
                "models.json has no entries. Write some: name, task, min_ram_gb, notes."
            )

    @on(OptionList.OptionHighlighted)
    def _show_choice(self, event: OptionList.OptionHighlighted) -> None:
        selection = select(self._registry.entries, str(event.option.id), self._total_ram_bytes)
        self._selection = selection
        lines = [
            Content.assemble((selection.choice.name if selection.choice else "none", "b $success"))
        ]
        lines.append(Content(selection.reason))
        for candidate in selection.candidates:
            mark = "✓" if candidate.viable else "✗"
            lines.append(Content.styled(f"{mark} {candidate.entry.name}: {candidate.why}", "dim"))
        self.query_one("#choice", Static).update(Content("\n").join(lines))

    @on(OptionList.OptionSelected)
    def _choose(self) -> None:
        choice = self._selection.choice if self._selection else None
        self.dismiss(choice.name if choice else None)

    def action_task(self, way: str) -> None:
        """Move in the list."""
        tasks = self.query_one(OptionList)
        tasks.action_cursor_down() if way == "down" else tasks.action_cursor_up()
