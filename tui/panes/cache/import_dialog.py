"""Asks for a model directory and a name, and says at once what is missing in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static

from tui.cache.bundle import is_archive
from tui.cache.folder_check import Finding, check_folder, suggest_name
from tui.foundry.text import clean_text
from tui.panes.cache.folder_suggester import FolderSuggester
from tui.widgets.dialogs.base import Dialog


def _check_path(path: Path) -> tuple[Finding, ...]:
    """Check a directory; a bundle or an archive is checked while it is unpacked."""
    if path.is_file() and is_archive(path):
        return (Finding("info", f"{path.name} will be unpacked, checked and imported."),)
    return check_folder(path)


class ImportDialog(Dialog[tuple[Path, str]]):
    """Answers with directory and name."""

    DEFAULT_CSS = """
    ImportDialog {
        & Label { color: $text-muted; margin-top: 1; }
        & Input { border: tall $surface; }
        & Input:focus { border: tall $primary; }
        & #findings { height: auto; min-height: 3; max-height: 8; margin-top: 1; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the two fields and what the check found."""
        with Vertical(classes="box") as box:
            box.border_title = "Import a model directory"
            yield Label("Directory with model.onnx and genai_config.json, or a .tar or .zip")
            yield Input(placeholder="/path/to/model", suggester=FolderSuggester(), id="folder")
            yield Label("Name in the catalog")
            yield Input(placeholder="my-model", id="name", max_length=80)
            yield Static(id="findings", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Import", variant="primary", id="import")
                yield Button("Cancel (esc)", id="cancel")

    @on(Input.Changed, "#folder")
    def _folder_changed(self, event: Input.Changed) -> None:
        self._check(event.value)

    @work(group="check", exclusive=True, thread=True)
    def _check(self, value: str) -> None:
        path = Path(value).expanduser()
        findings = _check_path(path) if value else ()
        self.app.call_from_thread(self._show_findings, value, findings)

    def _show_findings(self, value: str, findings: tuple[Finding, ...]) -> None:
        # An answer about what was typed before says nothing about what stands there now.
        if value != self.query_one("#folder", Input).value:
            return
        marks = {"error": "✗", "warning": "!", "info": "✓"}
        lines = [
            f"{marks[finding.severity]} {finding.what} {finding.mend}".rstrip()
            for finding in findings
        ]
        self.query_one("#findings", Static).update(clean_text("\n".join(lines)))
        name = self.query_one("#name", Input)
        if value and not name.value:
            name.placeholder = suggest_name(Path(value).expanduser())

    @on(Input.Submitted)
    @on(Button.Pressed, "#import")
    @work(group="import", exclusive=True)
    async def _import(self) -> None:
        folder = self.query_one("#folder", Input)
        name = self.query_one("#name", Input)
        if not folder.value:
            folder.focus()
            return
        path = Path(folder.value).expanduser()  # noqa: ASYNC240 - reads no disk
        findings = await asyncio.to_thread(_check_path, path)
        if any(finding.severity == "error" for finding in findings):
            self._show_findings(folder.value, findings)  # stay: what is missing can be mended
            return
        self.dismiss((path, name.value or suggest_name(path)))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
