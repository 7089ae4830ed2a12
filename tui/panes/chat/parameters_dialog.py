"""Asks for the system prompt and the parameters of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from tui.chat.parameters import Parameters
from tui.chat.parameters_text import FIELDS, as_texts, read_texts
from tui.chat.presets import LONGEST_NAME, SHIPPED, PresetStore
from tui.database import DatabaseError
from tui.foundry.text import clean_text
from tui.widgets.dialogs.base import Dialog


class ParametersDialog(Dialog[Parameters]):
    """Answers with parameters that can be sent.

    Args:
        parameters: What holds now.
        presets: Named ones to take from, as they were read.
        store: Where new ones are kept.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "take", show=False, priority=True),
        Binding("f8", "delete_preset", show=False),
    ]
    DEFAULT_CSS = """
    ParametersDialog {
        & > .box { padding: 0 1; }
        & .row { height: 1; }
        & .tall { height: 3; margin: 1 0; }
        & .row Static { width: 15; color: $text-muted; }
        & Input { width: 1fr; background: $boost; }
        & TextArea { width: 1fr; height: 3; background: $boost; }
        & Select { width: 1fr; }
        & #parameters-wrong { height: auto; color: $text-error; }
    }
    """

    def __init__(
        self, parameters: Parameters, presets: Mapping[str, Parameters], store: PresetStore
    ) -> None:
        super().__init__()
        self._parameters = parameters
        self._presets = dict(presets)
        self._store = store

    def compose(self) -> ComposeResult:
        """Lay out the fields."""
        with Vertical(classes="box") as box:
            box.border_title = "System prompt and parameters"
            yield from _row("preset", Select(self._options(), prompt="take one", compact=True))
            yield from _row(
                "system prompt",
                TextArea(
                    self._parameters.system_prompt,
                    compact=True,
                    tab_behavior="focus",
                    placeholder="what the model is told before the first question",
                    id="system",
                ),
                "tall",
            )
            texts = as_texts(self._parameters)
            for name, (label, meaning) in FIELDS.items():
                yield from _row(
                    label, Input(texts[name], placeholder=meaning, compact=True, id=name)
                )
            yield from _row(
                "save as preset",
                Input(placeholder="a name; enter keeps it", max_length=LONGEST_NAME,
                      compact=True, id="preset-name"),
            )  # fmt: skip
            yield Static(id="parameters-wrong", markup=False)
            yield Static(
                "enter or ctrl+s takes them · empty: left to the server · tab next field · "
                "f8 deletes the preset · esc closes",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Start where most is written."""
        self.query_one(TextArea).focus()

    def _options(self) -> list[tuple[str, str]]:
        return [(clean_text(name, False), name) for name in self._presets]

    def _read(self) -> tuple[Parameters, dict[str, str]]:
        texts = {name: self.query_one(f"#{name}", Input).value for name in FIELDS}
        return read_texts(self.query_one(TextArea).text, texts)

    def _say(self, text: str) -> None:
        self.query_one("#parameters-wrong", Static).update(clean_text(text))

    @on(Input.Changed)
    def _check(self) -> None:
        self._say("\n".join(self._read()[1].values()))

    @on(Select.Changed)
    def _take_preset(self, event: Select.Changed) -> None:
        parameters = self._presets.get(str(event.value))
        if parameters is None:
            return
        if parameters.system_prompt:
            self.query_one(TextArea).text = parameters.system_prompt
        for name, text in as_texts(parameters).items():
            self.query_one(f"#{name}", Input).value = text

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "preset-name" and event.value.strip():
            self._save_preset(event.value.strip())
        else:
            self.action_take()

    def action_take(self) -> None:
        """Answer with what stands in the fields, if all of it can be read."""
        parameters, wrong = self._read()
        if wrong:
            self.query_one(f"#{next(iter(wrong))}", Input).focus()
        else:
            self.dismiss(parameters)

    @work(group="presets", exclusive=True)
    async def _save_preset(self, name: str) -> None:
        parameters, wrong = self._read()
        if wrong:
            return
        try:
            await asyncio.to_thread(self._store.save, name, parameters)
        except DatabaseError as error:
            self._say(f"{error.message} {error.hint}")
            return
        self._presets[name] = parameters
        self._renew_presets(name)
        with self.prevent(Input.Changed):
            self.query_one("#preset-name", Input).value = ""
        self._say(f"Kept as '{name}'.")

    @work(group="presets", exclusive=True)
    async def action_delete_preset(self) -> None:
        """Forget the preset that is chosen above; shipped ones stay."""
        name = str(self.query_one(Select).value)
        if name not in self._presets:
            self._say("Choose a preset above first.")
            return
        try:
            gone = await asyncio.to_thread(self._store.delete, name)
        except DatabaseError as error:
            self._say(f"{error.message} {error.hint}")
            return
        if not gone:
            self._say(f"'{name}' comes with the program and stays.")
            return
        del self._presets[name]
        if name in SHIPPED:
            self._presets[name] = SHIPPED[name]
        self._renew_presets(None)
        self._say(f"'{name}' is deleted.")

    def _renew_presets(self, chosen: str | None) -> None:
        select = self.query_one(Select)
        with self.prevent(Select.Changed):
            select.set_options(self._options())
            if chosen is not None:
                select.value = chosen


def _row(label: str, field: Widget, classes: str = "") -> Iterator[Widget]:
    with Horizontal(classes=f"row {classes}"):
        yield Static(label, markup=False)
        yield field
