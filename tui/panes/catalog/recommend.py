"""Recommends a model for a task, by the registry, this machine's memory and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.catalog.measured import Measured
from tui.catalog.registry import Registry
from tui.catalog.selection import RULES, Rule, Selection, select, select_by
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog

COURSE = "the course's rule: the first entry whose min_ram_gb this machine has"
WAYS: tuple[Rule | None, ...] = (None, *RULES, "balanced")


class RecommendDialog(Dialog[str]):
    """Answers with the name of the chosen model.

    Args:
        registry: The team's list.
        total_ram_bytes: Memory of this machine.
        measured: What was measured here, by the names of the entries.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "task('down')", show=False),
        Binding("k", "task('up')", show=False),
        Binding("right,l,b", "way(1)", show=False),
        Binding("left,h", "way(-1)", show=False),
    ]
    DEFAULT_CSS = """
    RecommendDialog {
        & OptionList { height: auto; max-height: 8; border: none; background: $panel; }
        & #way { height: auto; margin-top: 1; }
        & #choice { height: auto; margin-top: 1; }
    }
    """

    def __init__(
        self, registry: Registry, total_ram_bytes: int, measured: Mapping[str, Measured]
    ) -> None:
        super().__init__()
        self._registry = registry
        self._total_ram_bytes = total_ram_bytes
        self._measured = measured
        self._selection: Selection | None = None
        self._for_task = ""
        self._way = 0

    def compose(self) -> ComposeResult:
        """Lay out tasks, rule and choice."""
        with Vertical(classes="box") as box:
            box.border_title = "Recommend a model for"
            yield OptionList(
                *(Option(clean_text(task, False)) for task in self._registry.tasks), markup=False
            )
            yield Static(id="way", markup=False)
            yield Static(id="choice", markup=False)
            yield Static(
                "← → another rule · enter shows it in the catalog · esc closes", classes="hint"
            )

    def on_mount(self) -> None:
        """Start in the list of tasks."""
        self.query_one(OptionList).focus()
        self._show()
        if not self._registry.entries:
            self.query_one("#choice", Static).update(
                "models.json has no entries. Write some: name, task, min_ram_gb, notes; "
                "a adds one for the model under the cursor."
            )

    @on(OptionList.OptionHighlighted)
    def _task_chosen(self, event: OptionList.OptionHighlighted) -> None:
        self._for_task = self._registry.tasks[event.option_index]
        self._show()

    def _show(self) -> None:
        rule = WAYS[self._way]
        self.query_one("#way", Static).update(f"By {rule or COURSE}")
        if not self._for_task:
            return
        entries, ram = self._registry.entries, self._total_ram_bytes
        if rule is None:
            selection = select(entries, self._for_task, ram)
        else:
            selection = select_by(entries, self._for_task, ram, rule, self._measured)
        self._selection = selection
        name = selection.choice.name if selection.choice else "none"
        lines = [
            Content.styled(clean_text(name, False), "b $success"),
            Content(clean_text(selection.reason, False)),
        ]
        for candidate in selection.candidates:
            mark = "✓" if candidate.viable else "✗"
            told = clean_text(f"{mark} {candidate.entry.name}: {candidate.why}", False)
            lines.append(Content.styled(told, "dim"))
        self.query_one("#choice", Static).update(Content("\n").join(lines))

    @on(OptionList.OptionSelected)
    def _choose(self) -> None:
        choice = self._selection.choice if self._selection else None
        self.dismiss(choice.name if choice else None)

    def action_task(self, way: str) -> None:
        """Move in the list."""
        tasks = self.query_one(OptionList)
        tasks.action_cursor_down() if way == "down" else tasks.action_cursor_up()

    def action_way(self, step: int) -> None:
        """Take another rule."""
        self._way = (self._way + step) % len(WAYS)
        self._show()
