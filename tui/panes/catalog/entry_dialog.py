"""The form for one entry of `models.json`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Static

from tui.catalog.registry import Registry, RegistryError
from tui.catalog.registry_edit import TASKS, RegistryFile
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog


class EntryDialog(Dialog[Registry]):
    """Writes, or removes, and answers with the registry as it is then.

    Args:
        file: The registry as it was read when the form was opened; what somebody else writes
            until the form is saved is noticed, and nothing is overwritten.
        values: What stands in the fields at first.
        existing: Name of the entry that is edited; None for a new one.
    """

    DEFAULT_CSS = """
    EntryDialog {
        & Horizontal.row { height: 3; }
        & Label { color: $text-muted; width: 14; padding: 1 1 0 0; }
        & Input { border: tall $surface; width: 1fr; }
        & Input:focus { border: tall $primary; }
        & #problem { height: auto; color: $text-error; }
        & .buttons { margin-top: 0; }
    }
    """

    def __init__(self, file: RegistryFile, values: Mapping[str, Any], existing: str | None) -> None:
        super().__init__()
        self._file = file
        self._values = values
        self._existing = existing

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        with Vertical(classes="box") as box:
            box.border_title = "Edit the registry" if self._existing else "Add to the registry"
            for name, label, hint in (
                ("name", "Name", "alias, or variant id without device"),
                ("task", "Task", ", ".join(TASKS[:6])),
                ("min_ram_gb", "Min RAM GiB", "of the machine in total"),
                ("notes", "Notes", "a few words"),
            ):
                with Horizontal(classes="row"):
                    yield Label(label)
                    yield Input(
                        str(self._values.get(name, "")),
                        placeholder=hint,
                        id=name,
                        suggester=SuggestFromList(TASKS) if name == "task" else None,
                    )
            yield Static(id="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Save", variant="primary", id="save")
                if self._existing:
                    yield Button("Remove", variant="error", id="remove")
                yield Button("Cancel (esc)", id="cancel")

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        entry: dict[str, Any] = {
            field: self.query_one(f"#{field}", Input).value.strip()
            for field in ("name", "task", "notes")
        }
        ram = self.query_one("#min_ram_gb", Input).value.strip()
        try:
            number = float(ram)
        except ValueError:
            self._say(f"'{ram}' is no number of GiB.")
            return
        entry["min_ram_gb"] = int(number) if number == int(number) else number
        if not entry["notes"] and "notes" not in self._values:
            del entry["notes"]
        self._write(entry)

    @on(Button.Pressed, "#remove")
    def _remove(self) -> None:
        self._write(None)

    @work(group="write", exclusive=True)
    async def _write(self, entry: dict[str, Any] | None) -> None:
        try:
            registry = await asyncio.to_thread(self._written, entry)
        except RegistryError as error:
            self._say(f"{error.message} {error.hint}")
        else:
            self.dismiss(registry)

    def _written(self, entry: dict[str, Any] | None) -> Registry:
        file = self._file
        if entry is None:
            change = file.remove(str(self._existing))
        elif self._existing is None:
            change = file.add(entry)
        else:
            change = file.edit(self._existing, entry)
        return file.write(change)

    def _say(self, problem: str) -> None:
        self.query_one("#problem", Static).update(clean_text(problem, False))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
