"""The pane Chat: questions, streaming answers, and what each answer cost."""

from __future__ import annotations

import asyncio
import contextlib

from textual import on, work
from textual.app import ComposeResult
from textual.getters import query_one
from textual.widgets import Static

from tui.actions import bindings_of
from tui.chat.conversation import Conversation
from tui.chat.history import ConversationStore
from tui.chat.keeping import ConversationSaver
from tui.chat.parameters import Parameters
from tui.chat.presets import SHIPPED, PresetStore
from tui.chat.wording import context_text
from tui.database import Database, DatabaseError
from tui.formats import format_context
from tui.foundry.text import clean_text
from tui.foundry.types import Model
from tui.messages import ChatRequested
from tui.panes.chat.session_actions import SessionActions
from tui.panes.chat.views import device_text, key_namer, scroll_page
from tui.store import State
from tui.widgets.prompt import Prompt
from tui.widgets.transcript.transcript import Transcript
from tui.workers.chat import SavingFailed

LEAST_TITLE = 8
"""Characters of the title that show beside whatever else is in the first line."""
EMPTY = """Ask a question: write below, enter sends.

The first line names the model; ctrl+t takes another.
f3 opens a conversation that was kept.
f4 asks several models side by side.
esc leaves the text field, then 1 to 5 switch panes.

Try: Explain edge AI in one sentence."""


class ChatPane(SessionActions):
    """A conversation with the model of the user's choice."""

    TOPICS = ("models", "chat", "jobs", "backend")
    SCOPES = ("prompt", "chat")
    HELP = (
        "Ask, and watch the answer being written. Below each answer stand the time to the first "
        "token, the speed, the context used and why it ended. esc leaves the text field; then "
        "single letters work on the turn with the mark. Conversations are saved as they grow."
    )
    BINDINGS = bindings_of("chat")

    head = query_one("#chat-head", Static)

    def compose(self) -> ComposeResult:
        """Lay out conversation and text field."""
        yield Static(id="chat-head", classes="pane-head", markup=False)
        yield Transcript(empty=EMPTY, id="chat-transcript")
        yield Prompt(
            "Ask something …  enter sends, ctrl+j starts a new line",
            self.session.config.keys,
            id="prompt",
        )

    def on_mount(self) -> None:
        """Start with an empty conversation."""
        self.key = key_namer(dict(self.session.config.keys))
        self.conversation = self.new_conversation()
        self.database = Database(self.session.paths.database)
        self.history = ConversationStore(self.database)
        self.saver = ConversationSaver(
            self.history, lambda error: self.post_message(SavingFailed(error))
        )
        self.start_answering()
        self.start_turns()
        self.start_sessions()
        super().on_mount()
        self.store.signal("system").subscribe(self, self.look_after_stop)
        self._read_questions()

    @work(group="questions", exclusive=True)
    async def _read_questions(self) -> None:
        # Without them only the arrow keys know less; the first save tells what is wrong.
        with contextlib.suppress(DatabaseError):
            self.prompt.remember(await asyncio.to_thread(self.history.questions))

    def new_conversation(self) -> Conversation:
        """Return an empty one, with the parameters of the settings."""
        settings = self.session.config.chat
        return Conversation(
            parameters=Parameters(
                settings.system_prompt, settings.temperature, max_tokens=settings.max_tokens
            )
        )

    def focus_default(self) -> None:
        """Start in the text field."""
        self.screen.set_focus(self.prompt)

    def on_resize(self) -> None:
        """Fit the first line to the width."""
        self.conversation_changed()

    def show_state(self, state: State) -> None:
        """Follow the model that answers, and a load that a question waits for."""
        self.conversation_changed()
        self.follow_conversation(state)
        self.look_after_load(state)

    def conversation_changed(self) -> None:
        """Write the first line."""
        self.head.update(self._head_text(), layout=False)

    def _head_text(self) -> str:
        """Return the first line; what has no room is shortened: the model's name, the title."""
        title = clean_text(self.conversation.title, False)
        room = self.size.width - len("  ")
        rest = self._head_rest(whole_name=True)
        if len(f"{title} · {rest}") > room:
            rest = self._head_rest(whole_name=False)
        room = max(LEAST_TITLE, room - len(f" · {rest}"))
        if len(title) > room:
            title = f"{title[: room - 1].rstrip()}…"
        return f"{title} · {rest}"

    def _head_rest(self, *, whole_name: bool) -> str:
        parts = []
        chosen = self.chosen_model()
        if chosen is None:
            parts.append(f"no model yet: {self.key('chat.model')} chooses one")
        else:
            model, variant = chosen
            state = "" if variant.loaded else " (loads with the first question)"
            name = variant.id if whole_name else model.alias
            parts += [f"{name}{state}", device_text(variant.device), self._context_text(model)]
        parts.append(self.conversation.parameters.summary())
        return clean_text(" · ".join(part for part in parts if part), False)

    def _context_text(self, model: Model) -> str:
        turns = self.conversation.turns
        figures = turns[-1].figures if turns else {}
        used = context_text({**figures, "context_tokens": model.context_tokens})
        if used or model.context_tokens is None:
            return used
        return f"context 0 of {format_context(model.context_tokens)}"

    @on(Prompt.Submitted)
    def _submit(self, event: Prompt.Submitted) -> None:
        event.stop()
        if not self.submit(event.text):
            self.prompt.restore(event.text)

    # Actions

    def action_scroll(self, way: str) -> None:
        """Scroll the conversation by a page, from the text field too."""
        scroll_page(self.transcript, way)

    def action_stop(self) -> None:
        """Stop the answer; else leave what is being edited, the text field, the mark."""
        if self.busy:
            self.stop_answer()
        elif not self.leave_editing():
            if self.prompt.has_focus:
                self.screen.set_focus(self.transcript)
            else:
                self.transcript.choose(None)

    def action_focus_prompt(self) -> None:
        """Go to the text field."""
        self.transcript.choose(None)
        self.screen.set_focus(self.prompt)

    def action_new_conversation(self) -> None:
        """Start anew; the old conversation is kept."""
        if self.busy:
            self.notify("The answer is still being written; esc stops it.")
            return
        self.show_conversation(self.new_conversation())
        self.screen.set_focus(self.prompt)

    @work(group="choose", exclusive=True)
    async def action_parameters(self) -> None:
        """Set the system prompt and the parameters of this conversation."""
        from tui.panes.chat.parameters_dialog import ParametersDialog

        store = PresetStore(self.database)
        try:
            presets = await asyncio.to_thread(store.all)
        except DatabaseError:
            presets = dict(SHIPPED)
        before = self.conversation.parameters
        chosen = await self.app.push_screen_wait(ParametersDialog(before, presets, store))
        if chosen is not None and chosen != before:
            self.set_parameters(chosen)

    @work(group="choose", exclusive=True)
    async def action_choose_model(self) -> None:
        """Choose the model that answers from here on; the conversation stays."""
        from tui.panes.chat.choose import ChooseModel

        chosen = self.chosen_model()
        current = chosen[1].id if chosen else None
        if variant_id := await self.app.push_screen_wait(ChooseModel(self.store, current)):
            self.post_message(ChatRequested(variant_id, show=False))
