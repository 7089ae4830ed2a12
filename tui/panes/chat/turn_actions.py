"""What a person can do with a turn: ask again, edit, delete, go on, go to another branch."""

from __future__ import annotations

from tui.chat.conversation import Conversation, Turn
from tui.panes.chat.answering import Answering
from tui.panes.chat.views import can_continue, views_of

MOST_UNDO = 50


class TurnActions(Answering):
    """The part of the pane that works on turns: on the one with the mark, else on the last."""

    def start_turns(self) -> None:
        """Prepare; called once, on mount."""
        self._undo: list[Conversation] = []
        self._editing: Turn | None = None
        """The question that is being asked otherwise."""
        self._draft = ""
        """What was being written when the editing began."""

    def show_conversation(self, conversation: Conversation, *, save: bool = False) -> None:
        """Bring a conversation on show; not while an answer is being written."""
        if conversation.id != self.conversation.id:
            self._undo.clear()
            self.leave_editing()
        self.conversation = conversation
        self.transcript.show(views_of(conversation, self.key))
        self.conversation_changed()
        if save:
            self.saver.save(conversation)

    def submit(self, text: str) -> bool:
        """Ask a question: at the end, or as another branch where one is being edited."""
        conversation, editing = self.conversation, self._editing
        if editing is not None and editing.content.strip() == text:
            conversation = conversation.until(editing.id)
        elif editing is not None:
            conversation = conversation.until(editing.parent_id).with_turn(Turn("user", text))
        else:
            conversation = conversation.with_turn(Turn("user", text))
        if not self.ask(conversation, text):
            return False
        self._undo.clear()
        self.leave_editing()
        return True

    @property
    def _target(self) -> Turn | None:
        """The turn with the mark, else the last one."""
        turns = self.conversation.turns
        marked = [turn for turn in turns if turn.id == self.transcript.chosen_id]
        return marked[0] if marked else turns[-1] if turns else None

    def _question_of(self, turn: Turn) -> Turn:
        if turn.role == "assistant" and turn.parent_id is not None:
            return self.conversation.turn(turn.parent_id)
        return turn

    def _idle(self) -> bool:
        if self.busy:
            self.notify(f"The answer is still being written; {self.key('chat.stop')} stops it.")
        return not self.busy

    # Answers

    def action_retry(self) -> None:
        """Ask for the answer anew; the old one is kept as another branch, unless it is empty."""
        turn = self._target
        if turn is None:
            self.notify("There is no question yet.")
        elif self._idle():
            conversation = self.conversation
            if turn.role == "assistant" and not turn.content.strip():
                conversation = conversation.without(turn.id)
            self.ask(conversation.until(self._question_of(turn).id))

    def action_continue(self) -> None:
        """Let an answer that was cut go on where it stops."""
        turn = self._target
        if turn is None or not self._idle():
            return
        if turn.role == "assistant" and can_continue(turn):
            self.ask(self.conversation.until(turn.id))
        else:
            self.notify("Only an answer that was cut or stopped can go on.")

    def action_reasoning(self) -> None:
        """Show or hide what models thought before they answered."""
        self.transcript.unfold(not self.transcript.unfolded)
        if not any(turn.reasoning for turn in self.conversation.turns) and not self.busy:
            shown = "shown" if self.transcript.unfolded else "folded"
            self.notify(f"What a model thinks before it answers will be {shown}.")

    # Branches

    def action_previous_branch(self) -> None:
        """Go to the answer or question that stands in this place on the branch before."""
        self._go_to_branch(-1)

    def action_next_branch(self) -> None:
        """Go to the answer or question that stands in this place on the next branch."""
        self._go_to_branch(1)

    def _go_to_branch(self, step: int) -> None:
        conversation = self.conversation
        marked = self.transcript.chosen_id
        turns = [turn for turn in conversation.turns if marked in (None, turn.id)]
        for turn in reversed(turns):
            beside = [one.id for one in conversation.branches(turn.id)]
            if len(beside) > 1 and self._idle():
                wanted = beside[(beside.index(turn.id) + step) % len(beside)]
                self.show_conversation(conversation.switched(wanted), save=True)
                if marked is not None:
                    self.transcript.choose(wanted)
                return
        if not self.busy:
            self.notify("There is one answer only: ask again, or edit the question, for another.")

    # Questions

    def action_edit(self) -> None:
        """Ask a question otherwise; what followed it is kept as another branch."""
        turn = self._target
        if turn is None:
            self.notify("There is no question yet.")
        elif self._idle():
            if self._editing is None:
                self._draft = self.prompt.text
            self._editing = self._question_of(turn)
            self.transcript.choose(self._editing.id)
            self.prompt.replace_text(self._editing.content)
            self.prompt.border_title = (
                f"another way to ask · {self.key('prompt.send')} sends · "
                f"{self.key('chat.stop')} leaves it as it was"
            )
            self.screen.set_focus(self.prompt)

    def leave_editing(self) -> bool:
        """End the editing and bring the draft back; tells whether there was one."""
        if self._editing is None:
            return False
        self._editing = None
        self.prompt.border_title = ""
        self.prompt.replace_text(self._draft)
        self.transcript.choose(None)
        return True

    def action_delete(self) -> None:
        """Delete a question with its answers, or an answer with what followed it."""
        turn = self._target
        if turn is None:
            self.notify("There is nothing to delete yet.")
        elif self._idle():
            before = self.conversation
            self._undo = [*self._undo[-MOST_UNDO:], before]
            after = before.without(turn.id)
            self.show_conversation(after, save=True)
            gone = len(before.tree) - len(after.tree)
            what = "The turn is" if gone == 1 else f"{gone} turns are"
            self.notify(f"{what} deleted; {self.key('chat.undo')} brings it back.")

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        if not self._undo:
            self.notify("Nothing was deleted since the last question.")
        elif self._idle():
            self.show_conversation(self._undo.pop(), save=True)
            self.app.clear_notifications()  # one of them still says that it is deleted

    # The mark

    def action_previous_turn(self) -> None:
        """Set the mark on the turn before."""
        self.screen.set_focus(self.transcript)
        self.transcript.choose_next(-1)

    def action_next_turn(self) -> None:
        """Set the mark on the next turn."""
        self.screen.set_focus(self.transcript)
        self.transcript.choose_next(1)
