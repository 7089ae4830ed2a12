"""A one-line search field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class SearchField(Input):
    """Narrows a list as one types; enter keeps the words, esc drops them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", show=False),
        Binding("down", "keep", show=False),
    ]
    DEFAULT_CSS = """
    SearchField {
        width: 1fr;
        height: 1;
        border: none;
        padding: 0;
        background: transparent;
    }
    SearchField:focus { border: none; background: $boost; }
    """

    @dataclass
    class Left(Message):
        """The list shall have the focus again."""

        field: SearchField

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id)

    def action_drop(self) -> None:
        """Forget the words and leave."""
        self.value = ""
        self.post_message(self.Left(self))

    def action_keep(self) -> None:
        """Leave, with the words kept."""
        self.post_message(self.Left(self))

    async def action_submit(self) -> None:
        """Leave, with the words kept."""
        self.post_message(self.Left(self))
