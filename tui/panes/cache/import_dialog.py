"""Asks for a model directory and a name; says at once what is missing in it, and mends it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Select, Static

from tui.cache.bundle import is_archive
from tui.cache.folder_check import Finding, check_folder, suggest_name
from tui.cache.importing import WAYS, Way
from tui.cache.mending import guess_family, mend
from tui.foundry.on_disk.templates import FAMILIES
from tui.foundry.text import clean_text
from tui.messages import ImportRequested
from tui.panes.cache.folder_suggester import FolderSuggester
from tui.paths import typed_path
from tui.widgets.dialogs.base import Dialog

_MARKS = {"error": "✗", "warning": "!", "info": "✓"}
_NOT = "no"
"""Choice: mend nothing."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look into a directory gave."""

    findings: tuple[Finding, ...]
    """With what will be mended taken as mended."""
    said: tuple[str, ...] = ()
    mendable: bool = False
    guess: str = ""

    @property
    def importable(self) -> bool:
        return not any(one.severity == "error" for one in self.findings)


def _look(path: Path, mend_as: str | None) -> _Looked:
    """Check a directory; a bundle or an archive is checked when it is unpacked."""
    if os.path.isfile(path) and is_archive(path):
        finding = Finding("info", f"{path.name} will be unpacked, checked and imported.")
        return _Looked((finding,), mendable=True)
    findings = check_folder(path)
    if not any(one.mendable for one in findings):
        return _Looked(findings)
    if mend_as is None:
        return _Looked(findings, mendable=True, guess=guess_family(path))
    mended = mend(path, mend_as)
    return _Looked(check_folder(path, mended.files), mended.said, True, guess_family(path))


class ImportDialog(Dialog[ImportRequested]):
    """Answers with what to import, under which name and how."""

    DEFAULT_CSS = """
    ImportDialog {
        & > .box { overflow-y: auto; }
        & .row { height: auto; }
        & .row Label { color: $text-muted; width: 12; }
        & .tall Label { padding: 1 0; }
        & Input { border: tall $surface; width: 1fr; }
        & Input:focus { border: tall $primary; }
        & Select { width: 1fr; }
        & #mending { display: none; }
        & #mending.-offered { display: block; }
        & #findings { height: auto; min-height: 3; max-height: 7; margin-top: 1; }
        & .buttons { margin-top: 0; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the fields and what the check found."""
        with Vertical(classes="box") as box:
            box.border_title = "Import a model directory, a .tar or a .zip"
            with Horizontal(classes="row tall"):
                yield Label("Directory")
                yield Input(
                    placeholder="has genai_config.json (right completes it)",
                    suggester=FolderSuggester(archives=True),
                    id="folder",
                )
            with Horizontal(classes="row tall"):
                yield Label("Name")
                yield Input(placeholder="my-model", id="name", max_length=64)
            with Horizontal(classes="row"):
                yield Label("How")
                ways = [(text, way) for way, text in WAYS.items()]
                yield Select(ways, value="link", allow_blank=False, compact=True, id="way")
            with Horizontal(classes="row", id="mending"):
                yield Label("Mend it")
                yield Select(_mend_choices(""), allow_blank=False, compact=True, id="mend")
            yield Static(id="findings", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Import", variant="primary", id="import")
                yield Button("Cancel (esc)", id="cancel")

    def on_mount(self) -> None:
        """Nothing was looked at yet."""
        self._guess = ""

    @on(Input.Changed, "#folder")
    @on(Select.Changed, "#mend")
    def _changed(self) -> None:
        self._check(self._folder, self._mend_as)

    @property
    def _folder(self) -> str:
        return self.query_one("#folder", Input).value

    @property
    def _mend_as(self) -> str | None:
        value = str(self.query_one("#mend", Select).value)
        return None if value == _NOT else value

    @property
    def _way(self) -> Way:
        value = self.query_one("#way", Select).value
        return next(way for way in WAYS if way == value)

    @work(group="check", exclusive=True, thread=True)
    def _check(self, value: str, mend_as: str | None) -> None:
        looked = _look(typed_path(value), mend_as) if value else _Looked(())
        self.app.call_from_thread(self._show, value, mend_as, looked)

    def _show(self, value: str, mend_as: str | None, looked: _Looked) -> None:
        # An answer about what was typed before says nothing about what stands there now.
        if not self.is_mounted or (value, mend_as) != (self._folder, self._mend_as):
            return
        self.query_one("#mending").set_class(looked.mendable, "-offered")
        if looked.mendable and looked.guess != self._guess:
            self._guess = looked.guess
            choice = self.query_one("#mend", Select)
            kept = choice.value
            with choice.prevent(Select.Changed):
                choice.set_options(_mend_choices(looked.guess))
                choice.value = kept
        lines = [f"+ {line}" for line in looked.said]
        lines += [f"{_MARKS[one.severity]} {one.what} {one.mend}" for one in looked.findings]
        text = "\n".join(line.rstrip() for line in lines)
        self.query_one("#findings", Static).update(clean_text(text))
        name = self.query_one("#name", Input)
        if value and not name.value:
            name.placeholder = suggest_name(typed_path(value))

    @on(Input.Submitted)
    @on(Button.Pressed, "#import")
    @work(group="import", exclusive=True)
    async def _import(self) -> None:
        value, mend_as = self._folder, self._mend_as
        if not value:
            self.query_one("#folder", Input).focus()
            return
        path = typed_path(value)
        looked = await asyncio.to_thread(_look, path, mend_as)
        if not looked.importable:
            self._show(value, mend_as, looked)  # stay: what is missing can be mended
            return
        name = self.query_one("#name", Input).value or suggest_name(path)
        mend_as = mend_as if looked.mendable else None
        self.dismiss(ImportRequested(path, name, self._way, mend_as))

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)


def _mend_choices(guess: str) -> list[tuple[str, str]]:
    seems = f"as it looks: {guess}" if guess else "as it looks"
    return [
        (f"yes, chat template {seems}", ""),
        *((f"yes, chat template {name}", name) for name in FAMILIES),
        ("no, only what is whole", _NOT),
    ]
