"""The pane Chat: questions, streaming answers, and what each answer cost."""

from __future__ import annotations

import time

from textual import on, work
from textual.app import ComposeResult
from textual.getters import query_one
from textual.widgets import Static
from textual.worker import Worker

from tui.actions import bindings_of
from tui.catalog.resolve import find_variant, prefer
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.chat.parameters import Parameters
from tui.chat.wording import figures_line
from tui.database import Database
from tui.formats import format_context
from tui.foundry.errors import ContextExceeded, FoundryError, NotFound
from tui.foundry.text import clean_text
from tui.foundry.types import ChatRequest, Model, Variant
from tui.messages import AnsweringChanged, ChatRequested, RunRequested
from tui.panes.base import Pane
from tui.store import State
from tui.widgets.prompt import Prompt
from tui.widgets.transcript.transcript import Transcript
from tui.workers.chat import AnswerEnded, AnswerText, SavingFailed, stream_answer

EMPTY = """Ask a question: write below, enter sends.

The model that answers stands in the first line; ctrl+t chooses another.
esc leaves the text field, then 1 to 5 switch panes.

Try: Explain edge AI in one sentence."""
QUIET_S = 5.0
"""A silence of this length in an answer is told; `EndpointClient` ends the answer much later."""


class ChatPane(Pane):
    """A conversation with the model of the user's choice."""

    TOPICS = ("models", "chat", "jobs", "backend")
    SCOPES = ("prompt", "chat")
    HELP = (
        "Ask, and watch the answer being written. Below each answer stand the time to the first "
        "token, the speed and why it ended. Conversations are saved as they grow."
    )
    BINDINGS = bindings_of("chat")

    head = query_one("#chat-head", Static)
    transcript = query_one("#chat-transcript", Transcript)
    prompt = query_one("#prompt", Prompt)

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
        self._conversation = self._new_conversation()
        self._history = ConversationStore(Database(self.session.paths.database))
        self._answer: Worker[None] | None = None
        self._waiting: Variant | None = None
        """The model that has to be loaded before the question can be sent."""
        self._waiting_job = 0
        self._heard_s = 0.0
        """When the answer that runs last said something."""
        self._silence = self.set_interval(1.0, self._tell_silence, pause=True)
        super().on_mount()

    def _new_conversation(self) -> Conversation:
        settings = self.session.config.chat
        return Conversation(
            parameters=Parameters(
                settings.system_prompt, settings.temperature, max_tokens=settings.max_tokens
            )
        )

    def focus_default(self) -> None:
        """Start in the text field."""
        self.screen.set_focus(self.prompt)

    def show_state(self, state: State) -> None:
        """Follow the model that answers, and a load that a question waits for."""
        self.head.update(self._head_text(), layout=False)
        if self._waiting is not None:
            self._look_after_load(state)

    def _head_text(self) -> str:
        chosen = self._chosen()
        parts = [self._conversation.title]
        if chosen is None:
            parts.append("no model yet: ctrl+t chooses one")
        else:
            model, variant = chosen
            state = "" if variant.loaded else " (loads with the first question)"
            parts += [f"{variant.id}{state}", str(variant.device), self._context_text(model)]
        return clean_text(" · ".join(part for part in parts if part), False)

    def _context_text(self, model: Model) -> str:
        turns = self._conversation.turns
        figures = turns[-1].figures if turns else {}
        used = (figures.get("input_tokens") or 0) + (figures.get("output_tokens") or 0)
        if model.context_tokens is None:
            return f"{used:,} tokens of context used" if used else ""
        return f"context {used:,} of {format_context(model.context_tokens)}"

    def _chosen(self) -> tuple[Model, Variant] | None:
        """Return the model that answers: the chosen one, else one in memory, else one on disk."""
        state = self.store.state
        models = state.models or ()
        if state.chat_variant is not None:
            try:
                return find_variant(models, state.chat_variant)
            except NotFound:
                return None
        ready = [model for model in models if model.loaded] or [m for m in models if m.cached]
        if not ready:
            return None
        variant = prefer(ready[0].variants)
        return (ready[0], variant) if variant else None

    # Asking

    @on(Prompt.Submitted)
    def _ask(self, event: Prompt.Submitted) -> None:
        event.stop()
        if self._busy:
            self.prompt.restore(event.text)
            self.notify("The answer is still being written; esc stops it.")
            return
        chosen = self._chosen()
        if chosen is None or self.store.backend is None:
            self.prompt.restore(event.text)
            self.notify(
                "There is no model to ask yet. Run one in the catalog (esc, then 1).",
                severity="warning",
            )
            return
        _, variant = chosen
        self._conversation = self._conversation.with_turn(Turn("user", event.text))
        self.transcript.add("You", event.text, style="you")
        self.transcript.begin(variant.id)
        if variant.loaded:
            self._start(variant)
        else:
            self._waiting = variant
            self._waiting_job = max((job.id for job in self.store.state.jobs), default=0)
            self.transcript.say((("◐ loading the model …", "warning"),))
            self.post_message(RunRequested(variant.id))

    @property
    def _busy(self) -> bool:
        return self._waiting is not None or (self._answer is not None and self._answer.is_running)

    def _look_after_load(self, state: State) -> None:
        waiting = self._waiting
        if waiting is None:
            return
        if waiting.id in state.loaded:
            self._waiting = None
            self._start(waiting)
            return
        for job in state.jobs:
            ours = job.id > self._waiting_job and job.subject == waiting.id and job.kind == "run"
            if ours and job.state in ("failed", "cancelled"):
                error = job.error or FoundryError("Loading was cancelled.")
                self._give_back(error)

    def _start(self, variant: Variant) -> None:
        conversation = self._conversation
        request = conversation.parameters.request(variant.id, conversation.messages())
        self.transcript.say((("◐ waiting for the first token …", "muted"),))
        self.post_message(AnsweringChanged(True))
        self._heard_s = time.monotonic()
        self._silence.resume()
        self._answer = self._stream(request)

    @work(group="answer", exclusive=True)
    async def _stream(self, request: ChatRequest) -> None:
        backend = self.store.backend
        if backend is None:  # another one is being connected
            self._give_back(FoundryError("No backend is connected.", "Send again in a moment."))
            self.post_message(AnsweringChanged(False))
            self._silence.pause()
            return
        await stream_answer(backend, request, self._conversation, self._history, self.post_message)

    # Answering

    @on(AnswerText)
    def _show_text(self, message: AnswerText) -> None:
        if time.monotonic() - self._heard_s >= QUIET_S:
            self.transcript.say(())
        self._heard_s = time.monotonic()
        if not message.reasoning:
            self.transcript.append(message.text)
        else:
            self.transcript.say((("◐ thinking …", "muted"),))

    def _tell_silence(self) -> None:
        """Say for how long a stream has been silent: it may be thinking, or stuck."""
        quiet_s = time.monotonic() - self._heard_s
        if quiet_s >= QUIET_S:
            text = f"◐ nothing came for {quiet_s:.0f} s · esc stops"
            self.transcript.say(((text, "warning"),))

    @on(AnswerEnded)
    def _show_end(self, message: AnswerEnded) -> None:
        self._conversation = message.conversation
        self.post_message(AnsweringChanged(False))
        self._silence.pause()
        turn = self._conversation.turns[-1]
        footer = [((figures_line(turn.figures), "figures"),)]
        error = message.error
        if error is not None:
            footer = [((error.message, "error"),), ((error.hint, "muted"),), *footer]
            if isinstance(error, ContextExceeded) or not turn.content:
                self._give_back(error)
                return
        self.transcript.finish(tuple(footer))
        self.head.update(self._head_text(), layout=False)

    def _give_back(self, error: FoundryError) -> None:
        """Say why there is no answer, and put the question back where it was written."""
        self._waiting = None
        self.transcript.finish(
            (((clean_text(error.message, False), "error"),), ((clean_text(error.hint), "muted"),))
        )
        turns = self._conversation.turns
        question = next((turn for turn in reversed(turns) if turn.role == "user"), None)
        if question is not None:
            self._conversation = self._conversation.without(question.id)
            self.prompt.restore(question.content)

    @on(SavingFailed)
    def _say_saving_failed(self, message: SavingFailed) -> None:
        self.notify(
            f"{message.error.message}\n{message.error.hint}", severity="warning", markup=False
        )

    # Actions

    def action_stop(self) -> None:
        """Stop the answer; without one, leave the text field."""
        if self._answer is not None and self._answer.is_running:
            self._answer.cancel()
        elif self._waiting is not None:
            self._give_back(FoundryError("Not sent.", "The model goes on loading; send again."))
        else:
            self.screen.set_focus(self.transcript)

    def action_focus_prompt(self) -> None:
        """Go to the text field."""
        self.screen.set_focus(self.prompt)

    def action_new_conversation(self) -> None:
        """Start anew; the old conversation is kept."""
        if self._busy:
            self.notify("The answer is still being written; esc stops it.")
            return
        self._conversation = self._new_conversation()
        self.transcript.clear()
        self.head.update(self._head_text(), layout=False)
        self.screen.set_focus(self.prompt)

    def action_copy_answer(self) -> None:
        """Copy the last answer as Markdown, through the terminal, so that it works over SSH."""
        answers = [turn for turn in self._conversation.turns if turn.role == "assistant"]
        if answers:
            self.app.copy_to_clipboard(answers[-1].content)
            self.notify("The answer is on the clipboard.")
        else:
            self.notify("There is no answer to copy yet.")

    @work(group="choose", exclusive=True)
    async def action_choose_model(self) -> None:
        """Choose the model that answers from here on."""
        from tui.panes.chat.choose import ChooseModel

        variants = [
            variant
            for model in self.store.state.models or ()
            for variant in model.variants
            if variant.loaded or variant.cached
        ]
        variants.sort(key=lambda one: not one.loaded)
        chosen = self._chosen()
        current = chosen[1].id if chosen else None
        if variant_id := await self.app.push_screen_wait(ChooseModel(variants, current)):
            self.post_message(ChatRequested(variant_id, show=False))
