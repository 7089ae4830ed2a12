"""The kept conversations: search as one types, look into one, open, rename, delete, export."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.getters import query_one
from textual.widgets import Input, Static

from tui.chat.conversation import Conversation
from tui.chat.export import as_markdown, as_values
from tui.chat.files import export_name, free_path, write_file
from tui.chat.history import ConversationStore
from tui.chat.sessions import KEPT_DAYS, Sessions, SessionSummary
from tui.database import Database
from tui.formats import format_age
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.panes.chat.views import KeyOf, views_of
from tui.widgets.dialogs.ask import AskDialog
from tui.widgets.dialogs.base import Dialog
from tui.widgets.search import SearchField
from tui.widgets.table import Cell, Column, Row, Table
from tui.widgets.transcript.transcript import Transcript

COLUMNS = (
    Column("TITLE", 20, flexible=True),
    Column("LAST", 11),
    Column("TURNS", 5, align="right"),
    Column("MODEL", 24, from_width=84),
)
EMPTY = """No conversation has been kept yet.

Ask something in the chat: it is kept as it grows."""
KEYS = "enter open · / search · r rename · x delete · u undo · e export · esc"


class SessionsDialog(Dialog[str]):
    """Answers with the id of the conversation to open.

    Args:
        database: Where they are.
        current_id: The conversation in the pane.
        busy: Whether an answer is being written in it.
        key: Names keys, for the preview.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", show=False),
        Binding("enter", "open", show=False),
        Binding("r", "rename", show=False),
        Binding("x,delete", "delete", show=False),
        Binding("u", "undo", show=False),
        Binding("e", "export", show=False),
    ]
    DEFAULT_CSS = """
    SessionsDialog {
        & > .box { width: 96%; height: 92%; padding: 0 1; }
        & #sessions-head { height: 1; }
        & #sessions-count { width: auto; height: 1; color: $text-muted; }
        & #sessions-body { height: 1fr; }
        & Table { width: 1fr; height: 1fr; }
        & #session-side { width: 1fr; height: 1fr; border-left: solid $primary; }
        & .hint { margin: 0; }
    }
    SessionsDialog.-narrow {
        & #sessions-body { layout: vertical; }
        & Table { width: 100%; height: 1fr; }
        & #session-side { width: 100%; border-left: none; border-top: solid $primary; }
    }
    """

    table = query_one("#sessions", Table)
    preview = query_one("#session-preview", Transcript)
    field = query_one("#session-search", SearchField)

    def __init__(self, database: Database, current_id: str, busy: bool, key: KeyOf) -> None:
        super().__init__()
        self._sessions = Sessions(database)
        self._store = ConversationStore(database)
        self._current_id = current_id
        self._busy = busy
        self._key = key
        self._found: dict[str, SessionSummary] = {}
        self._wanted = ""
        """Where the cursor shall go when the list has it."""
        self._deleted: list[str] = []

    @property
    def deleted(self) -> tuple[str, ...]:
        """Ids of what was deleted here and not brought back."""
        return tuple(self._deleted)

    def compose(self) -> ComposeResult:
        """Lay out search, list and preview."""
        with Vertical(classes="box") as box:
            box.border_title = "Conversations"
            with Horizontal(id="sessions-head"):
                yield SearchField(
                    "/ what was said in it …", leave=self._leave_search, id="session-search"
                )
                yield Static(id="sessions-count", markup=False)
            with Horizontal(id="sessions-body"):
                yield Table(COLUMNS, empty="Looking …", id="sessions")
                with Vertical(id="session-side"):
                    yield Transcript(id="session-preview")
            yield Static(KEYS, classes="hint")

    def on_mount(self) -> None:
        """Start in the list."""
        self.table.focus()
        self._list()

    # The list

    @on(Input.Changed, "#session-search")
    def _search_changed(self) -> None:
        self._list()

    def _leave_search(self) -> None:
        self.table.focus()

    def action_search(self) -> None:
        """Go to the search."""
        self.field.focus()

    @work(group="list", exclusive=True)
    async def _list(self) -> None:
        query = self.field.value
        try:
            found = await asyncio.to_thread(self._sessions.list, query)
        except FoundryError as error:
            self._say_error(error)
            return
        self._found = {one.id: one for one in found}
        nothing = f"Nothing holds '{clean_text(query, False)}'." if query.strip() else EMPTY
        self.table.empty = nothing
        now_s = time.time()
        before = self.table.cursor_key
        self.table.set_rows([self._row(one, now_s) for one in found])
        if self._wanted and self.table.move_to(self._wanted):
            self._wanted = ""
        count = "1 conversation" if len(found) == 1 else f"{len(found)} conversations"
        self.query_one("#sessions-count", Static).update(f" {count}")
        if self.table.cursor_key == before:
            self._show(before)  # what was found in it may be another turn

    def _row(self, one: SessionSummary, now_s: float) -> Row:
        age_s = now_s - datetime.fromisoformat(one.updated_at).timestamp()
        model = one.variants[-1] if one.variants else ""
        more = f" +{len(one.variants) - 1}" if len(one.variants) > 1 else ""
        return Row(
            one.id,
            (
                Cell(
                    clean_text(one.title, False),
                    "accent" if one.id == self._current_id else "",
                ),
                Cell(format_age(age_s), "muted"),
                Cell(str(one.turns), "muted"),
                Cell(clean_text(f"{model}{more}", False), "muted"),
            ),
        )

    # The preview

    @on(Table.Highlighted)
    def _highlighted(self, event: Table.Highlighted) -> None:
        self._show(event.key)

    @work(group="preview", exclusive=True)
    async def _show(self, conversation_id: str) -> None:
        if not conversation_id:
            self.preview.show([])
            return
        try:
            conversation = await asyncio.to_thread(self._store.load, conversation_id)
        except FoundryError as error:
            self._say_error(error)
            return
        found = self._found.get(conversation_id)
        turn_id = found.turn_id if found else None
        if turn_id is not None and turn_id not in {turn.id for turn in conversation.turns}:
            conversation = conversation.switched(turn_id)
        self.preview.show(views_of(conversation, self._key))
        if turn_id is not None:
            self.preview.choose(turn_id)
            self.preview.choose_next(0)

    # What can be done

    @on(Table.Chosen)
    def action_open(self) -> None:
        """Open the conversation under the cursor."""
        if not self.table.cursor_key:
            return
        if self._busy and self.table.cursor_key != self._current_id:
            self.notify("The answer is still being written; stop it, then open another.")
        else:
            self.dismiss(self.table.cursor_key)

    @work(group="change", exclusive=True)
    async def action_rename(self) -> None:
        """Give the conversation a name."""
        found = self._free_to_change()
        if found is None:
            return
        dialog = AskDialog(
            "Rename", "A name of your own, instead of the first question.", "Name", found.title
        )
        if title := await self.app.push_screen_wait(dialog):
            await self._change(partial(self._sessions.rename, found.id, title))

    @work(group="change", exclusive=True)
    async def action_delete(self) -> None:
        """Delete the conversation; it can be brought back."""
        found = self._free_to_change()
        if found is None:
            return
        if await self._change(partial(self._sessions.delete, [found.id])):
            self._deleted.append(found.id)
            self.notify(
                f"Deleted: {clean_text(found.title, False)}. u brings it back, and for "
                f"{KEPT_DAYS} days `foundry-tui sessions restore {found.id[:8]}`.",
                markup=False,
            )

    @work(group="change", exclusive=True)
    async def action_undo(self) -> None:
        """Bring back what was deleted last."""
        if not self._deleted:
            self.notify("Nothing was deleted here.")
            return
        conversation_id = self._deleted.pop()
        self._wanted = conversation_id
        await self._change(partial(self._sessions.restore, [conversation_id]))

    def _free_to_change(self) -> SessionSummary | None:
        found = self._found.get(self.table.cursor_key)
        if found is not None and self._busy and found.id == self._current_id:
            self.notify("The answer in it is still being written; stop it first.")
            return None
        return found

    async def _change(self, change: Callable[[], object]) -> bool:
        """Change something off the event loop, and list anew; tells whether it was done."""
        try:
            await asyncio.to_thread(change)
        except FoundryError as error:
            self._say_error(error)
            return False
        self._list()
        return True

    @work(group="change", exclusive=True)
    async def action_export(self) -> None:
        """Write the conversation into a file."""
        if not self.table.cursor_key:
            return
        try:
            conversation = await asyncio.to_thread(self._store.load, self.table.cursor_key)
            suggested = await asyncio.to_thread(free_path, Path(export_name(conversation, "md")))
            dialog = AskDialog(
                "Export",
                "Markdown holds the branch on show. A name that ends in .json holds everything: "
                "all branches and every figure. Nothing is overwritten.",
                f"File in {Path.cwd()}",
                str(suggested),
            )
            if name := await self.app.push_screen_wait(dialog):
                path = await asyncio.to_thread(write_conversation, conversation, Path(name))
                self.notify(f"Written: {path}", markup=False)
        except FoundryError as error:
            self._say_error(error)

    def _say_error(self, error: FoundryError) -> None:
        text = f"{error.message}\n{error.hint}".strip()
        self.notify(text, severity="error", markup=False)


def write_conversation(conversation: Conversation, path: Path) -> Path:
    """Write a conversation as its file's name asks for. Raises `FileError`."""
    if path.suffix.lower() == ".json":
        text = json.dumps(as_values(conversation), ensure_ascii=False, indent=2) + "\n"
    else:
        text = as_markdown(conversation)
    return write_file(path, text)
