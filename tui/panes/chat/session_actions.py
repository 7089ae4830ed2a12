"""What a person can do with whole conversations and with what stands in them: open, copy, compare.

The dialogs are imported when they open.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import work

from tui.catalog.resolve import find_variant
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.database import Database
from tui.foundry.errors import FoundryError, NotFound
from tui.foundry.types import Variant
from tui.messages import ChatRequested
from tui.panes.chat.copying import copy_text, offer, say_failure
from tui.panes.chat.turn_actions import TurnActions
from tui.store import State


class SessionActions(TurnActions):
    """The part of the pane that works on conversations."""

    history: ConversationStore

    def start_sessions(self) -> None:
        """Prepare; called once, on mount."""
        self._answered_last: str | None = None
        """Who shall go on with the conversation that was opened."""
        if (kept := self.session.opening.conversation_id) is not None:
            self.open_conversation(kept)

    def new_conversation(self) -> Conversation:
        """Return an empty one, with the parameters of the settings."""
        raise NotImplementedError

    # Kept conversations

    @work(group="open", exclusive=True)
    async def open_conversation(self, conversation_id: str) -> None:
        """Bring a kept conversation on show, and let the model answer that answered last."""
        try:
            conversation = await asyncio.to_thread(self.history.load, conversation_id)
        except FoundryError as error:
            say_failure(self, error)
            return
        self.show_conversation(conversation)
        answered = [turn.variant_id for turn in conversation.turns if turn.variant_id]
        self._answered_last = answered[-1] if answered else None
        self.follow_conversation(self.store.state)
        self.screen.set_focus(self.prompt)

    def follow_conversation(self, state: State) -> None:
        """Let the model answer that answered last, as soon as it is known here."""
        if self._answered_last is None or state.models is None:
            return
        wanted, self._answered_last = self._answered_last, None
        try:
            _, variant = find_variant(state.models, wanted)
        except NotFound:
            self.notify(f"{wanted} is not here; another model goes on.", markup=False)
        else:
            self.post_message(ChatRequested(variant.id, show=False))

    @work(group="open", exclusive=True)
    async def action_sessions(self) -> None:
        """List the kept conversations, and open one."""
        from tui.panes.chat.sessions_dialog import SessionsDialog

        database = Database(self.session.paths.database)
        current = self.conversation.id
        dialog = SessionsDialog(database, current, self.busy, self.key)
        chosen = await self.app.push_screen_wait(dialog)
        if not self.busy:
            if current in dialog.deleted and self.conversation.id == current:
                self.show_conversation(self.new_conversation())
            else:
                await self._take_over_name()
            if chosen is not None and chosen != self.conversation.id:
                self.open_conversation(chosen)

    async def _take_over_name(self) -> None:
        """The conversation on show may have been renamed; the next save must not undo that."""
        try:
            kept = await asyncio.to_thread(self.history.load, self.conversation.id)
        except NotFound:
            return
        except FoundryError as error:
            say_failure(self, error)
            return
        if kept.given_title != self.conversation.given_title:
            self.conversation = replace(self.conversation, given_title=kept.given_title)
            self.conversation_changed()

    # Copying and saving

    @work(group="copy", exclusive=True)
    async def action_copy_answer(self) -> None:
        """Copy the turn with the mark, else the last answer; or one block of code in it."""
        turn = self._turn_to_copy()
        if turn is None:
            self.notify("There is no answer to copy yet.")
            return
        await offer(self, "The question" if turn.role == "user" else "The answer", turn.content)

    def _turn_to_copy(self) -> Turn | None:
        turns = self.conversation.turns
        marked = [turn for turn in turns if turn.id == self.transcript.chosen_id]
        answers = [turn for turn in turns if turn.role == "assistant" and turn.content.strip()]
        return next(iter((marked or answers)[-1:]), None)

    # The request

    @work(group="request", exclusive=True)
    async def action_show_request(self) -> None:
        """Show the request for what stands in the text field, else the last one, as curl."""
        from tui.chat.curl import as_curl
        from tui.panes.chat.request_dialog import RequestDialog

        chosen, info = self.chosen_model(), self.store.state.info
        if chosen is None or info is None or info.endpoint is None:
            self.notify("There is no model to ask yet. Run one in the catalog (esc, then 1).")
            return
        conversation = self.conversation
        if text := self.prompt.whole_text.strip():
            conversation = conversation.with_turn(Turn("user", text))
        elif questions := [turn for turn in conversation.turns if turn.role == "user"]:
            conversation = conversation.until(questions[-1].id)
        else:
            self.notify("Write a question first: the request holds it.")
            return
        _, variant = chosen
        request = conversation.parameters.request(variant.id, conversation.messages())
        command = as_curl(info.endpoint, request, self.session.key_variable(info))
        note = "The server answers as long as this program runs." if info.kind == "runtime" else ""
        if await self.app.push_screen_wait(RequestDialog(command, note)):
            await copy_text(self, "The request", command)

    # Side by side

    @work(group="compare", exclusive=True)
    async def action_compare(self) -> None:
        """Ask two or three models the same, side by side."""
        if self.busy:
            self.notify(f"The answer is still being written; {self.key('chat.stop')} stops it.")
            return
        from tui.panes.chat.choose_several import ChooseSeveral
        from tui.panes.chat.compare import CompareScreen

        ready = self.ready_variants()
        chosen = await self.app.push_screen_wait(ChooseSeveral(ready, self._likely_pair(ready)))
        if chosen is None:
            return
        screen = CompareScreen(
            self.store, self.session, chosen, self.conversation.parameters, self.prompt.whole_text
        )
        await self.app.push_screen_wait(screen)

    def _likely_pair(self, ready: list[Variant]) -> list[str]:
        """Return the marked models where there are several, else who answers and one more."""
        ids = [one.id for one in ready]
        marked = [one for one in ids if one in self.store.state.marked]
        if len(marked) > 1:
            return marked
        answering = self.chosen_model()
        first = [answering[1].id] if answering is not None and answering[1].id in ids else []
        return [*first, *(one for one in [*marked, *ids] if one not in first)][:2]

    def ready_variants(self) -> list[Variant]:
        """Return what can answer, in memory or on disk."""
        variants = [
            variant
            for model in self.store.state.models or ()
            for variant in model.variants
            if variant.loaded or variant.cached
        ]
        return sorted(variants, key=lambda one: not one.loaded)
