"""A one-line search field."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class SearchField(Input):
    """Narrows a list as one types; enter keeps the words, esc drops them.

    Args:
        placeholder: What stands there while it is empty.
        leave: Called when the person is done: narrow the list, give it the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", show=False),
        Binding("down", "submit", show=False),
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

    def __init__(self, placeholder: str, *, leave: Callable[[], None], id: str) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id)
        self._leave = leave

    def action_drop(self) -> None:
        """Forget the words and leave."""
        self.value = ""
        self._leave()

    async def action_submit(self) -> None:
        """Leave, with the words kept."""
        self._leave()
