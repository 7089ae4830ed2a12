"""Getting an answer: load the model where it has to be, stream, show, and say why it ended."""

from __future__ import annotations

import time
from dataclasses import replace

from textual import on, work
from textual.getters import query_one
from textual.worker import Worker

from tui.catalog.resolve import find_variant, prefer
from tui.chat.after_stop import AfterStop
from tui.chat.conversation import Conversation, Turn
from tui.chat.figures import AnswerFigures
from tui.chat.keeping import ConversationSaver
from tui.chat.parameters import Parameters
from tui.chat.wording import as_record, figures_line
from tui.formats import format_duration
from tui.foundry.errors import ContextExceeded, FoundryError, NotFound
from tui.foundry.text import clean_text
from tui.foundry.types import ChatMessage, ChatRequest, Model, Variant
from tui.messages import AnsweringChanged, RunRequested
from tui.panes.base import Pane
from tui.panes.chat.views import WENT_ON, KeyOf, view_of, views_of
from tui.store import State
from tui.widgets.prompt import Prompt
from tui.widgets.transcript.transcript import Transcript
from tui.workers.chat import (
    AnswerEnded,
    AnswerText,
    SavingFailed,
    stream_answer,
)

QUIET_S = 5.0
"""A silence of this length in an answer is told; `EndpointClient` ends the answer much later."""
FIGURES_EVERY_S = 0.25
CHARACTERS_PER_TOKEN = 4
"""A rule of thumb, for the context that a prompt takes until the server has counted it."""
CONTINUE = ChatMessage(
    "user", "Go on with your last answer exactly where it stops. Repeat nothing of it."
)


class Answering(Pane):
    """The part of the pane that asks the model and shows what comes."""

    transcript = query_one("#chat-transcript", Transcript)
    prompt = query_one("#prompt", Prompt)
    conversation: Conversation
    saver: ConversationSaver
    key: KeyOf

    def start_answering(self) -> None:
        """Prepare; called once, on mount."""
        self._answer: Worker[None] | None = None
        self._waiting: Variant | None = None
        """The model that has to be loaded before the question can be sent."""
        self._waiting_job = 0
        self._request: ChatRequest | None = None
        self._before = self.conversation
        """What to go back to when there is nothing to keep."""
        self._prompt_tokens = 0
        """Of the request, estimated."""
        self._asked = ""
        """The question that was just written; it comes back where it cannot be asked."""
        self._asked_s = self._heard_s = self._figures_s = 0.0
        """When the answer that runs was asked for, last said something, last showed figures."""
        self._figures: AnswerFigures | None = None
        self._after_stop: AfterStop | None = None
        self._parameters: Parameters | None = None
        """What was chosen while an answer was being written."""
        self._clock = self.set_interval(1.0, self._tick, pause=True)

    def conversation_changed(self) -> None:
        """Called when another conversation, or more of it, is on show."""

    def set_parameters(self, parameters: Parameters) -> None:
        """Ask under these parameters from the next question on."""
        self.conversation = replace(self.conversation, parameters=parameters)
        self.conversation_changed()
        if self.busy:  # what is saved then is the conversation that the answer belongs to
            self._parameters = parameters
        elif self.conversation.tree:
            self.saver.save(self.conversation)

    def _with_chosen(self, conversation: Conversation) -> Conversation:
        """Return the conversation with what was chosen while the answer was being written."""
        if self._parameters is not None:
            conversation = replace(conversation, parameters=self._parameters)
            self._parameters = None
            self.saver.save(conversation)
        return conversation

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._waiting is not None or (self._answer is not None and self._answer.is_running)

    def chosen_model(self) -> tuple[Model, Variant] | None:
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

    def ask(self, conversation: Conversation, question: str = "") -> bool:
        """Ask for an answer to the end of `conversation`: a question, or an answer to go on with.

        Args:
            conversation: What is sent; it comes on show.
            question: What was just written, to be given back where it cannot be asked.

        Returns:
            Whether it is on its way.
        """
        if self.busy:
            self.notify(f"The answer is still being written; {self.key('chat.stop')} stops it.")
            return False
        chosen = self.chosen_model()
        if chosen is None or self.store.backend is None:
            self.notify(
                "There is no model to ask yet. Run one in the catalog (esc, then 1).",
                severity="warning",
            )
            return False
        model, variant = chosen
        self._before, self._asked = self.conversation, question
        messages = conversation.messages()
        last = conversation.turns[-1]
        if last.role == "user":
            conversation = conversation.with_turn(Turn("assistant", "", variant.id))
        else:
            messages = (*messages, CONTINUE)
        self.conversation = self._with_context(conversation, model, variant, messages)
        self._request = conversation.parameters.request(variant.id, messages)
        answer = self.conversation.turns[-1]
        self.transcript.choose(None)
        self.transcript.show(views_of(self.conversation, self.key)[:-1])
        view = view_of(self.conversation, answer, self.key)
        self.transcript.begin(replace(view, footer=()))
        if variant.loaded:
            self._start()
        else:
            self._waiting = variant
            self._waiting_job = max((job.id for job in self.store.state.jobs), default=0)
            self.transcript.say((("◐ loading the model …", "warning"),))
            self.post_message(RunRequested(variant.id))
        self.conversation_changed()
        return True

    def _with_context(
        self,
        conversation: Conversation,
        model: Model,
        variant: Variant,
        messages: tuple[ChatMessage, ...],
    ) -> Conversation:
        """Write on the answer what is known before it begins."""
        answer = conversation.turns[-1]
        figures = {**answer.figures, "device": str(variant.device)}
        if model.context_tokens:
            figures["context_tokens"] = model.context_tokens
        characters = sum(len(message.content) for message in messages)
        self._prompt_tokens = characters // CHARACTERS_PER_TOKEN
        return conversation.with_last(replace(answer, figures=figures))

    def look_after_load(self, state: State) -> None:
        """Ask once the model that the question waits for is in memory, or give the question up."""
        waiting = self._waiting
        if waiting is None:
            return
        if waiting.id in state.loaded:
            self._waiting = None
            self._start()
            return
        for job in state.jobs:
            ours = job.id > self._waiting_job and job.subject == waiting.id and job.kind == "run"
            if ours and job.state in ("failed", "cancelled"):
                self._give_back(job.error or FoundryError("Loading was cancelled."))
                return

    def _start(self) -> None:
        self.transcript.say((("◐ waiting for the first token …", "muted"),))
        self.post_message(AnsweringChanged(True))
        self._figures, self._after_stop = None, None
        self._asked_s = self._heard_s = time.monotonic()
        self._clock.resume()
        self._answer = self._stream()

    @work(group="answer", exclusive=True)
    async def _stream(self) -> None:
        backend, request = self.store.backend, self._request
        if backend is None or request is None:  # another one is being connected
            self._give_back(FoundryError("No backend is connected.", "Send again in a moment."))
            self._ended()
            return
        await stream_answer(backend, request, self.conversation, self.saver, self.post_message)

    # Answering

    @on(AnswerText)
    def _show_text(self, message: AnswerText) -> None:
        quiet = time.monotonic() - self._heard_s >= QUIET_S
        self._heard_s = time.monotonic()
        first = self._figures is None
        self._figures = message.figures
        if message.thought:
            self.transcript.think(message.thought)
        if message.text:
            self.transcript.append(message.text)
        if first or quiet or self._heard_s - self._figures_s >= FIGURES_EVERY_S:
            self._show_figures()

    def _show_figures(self) -> None:
        """Show what is measured so far."""
        figures = self._figures
        if figures is None:
            return
        self._figures_s = self._heard_s
        used = self._prompt_tokens + (figures.output_tokens or 0)
        record = {
            **self.conversation.turns[-1].figures,
            **as_record(figures, ""),
            "context_used_tokens": used,
            "context_estimated": True,
        }
        del record["ended"]
        title = None
        if figures.reasoning_s is not None:
            answering = figures.ttfa_s is not None
            took = format_duration(figures.reasoning_s)
            title = "thought for" if answering else "thinking for"
            title = f"{title} {took} · {self.key('chat.reasoning')}"
        self.transcript.say(((figures_line(record), "figures"),), thought_title=title)

    def _tick(self) -> None:
        """Say each second what is waited for: a server may think unseen, or be stuck."""
        now_s = time.monotonic()
        quiet_s = now_s - self._heard_s
        stops = f"{self.key('chat.stop')} stops"
        if self._figures is None:
            text = f"◐ waiting for the first token · {now_s - self._asked_s:.0f} s · {stops}"
            if quiet_s >= QUIET_S:
                text += "\nThe prompt is being read, or the model thinks and its server hides it."
            self._say_lines(text)
        elif quiet_s >= QUIET_S:
            self._say_lines(f"◐ nothing came for {quiet_s:.0f} s · {stops}")
        else:
            self._show_figures()

    def _say_lines(self, text: str) -> None:
        first, *more = text.splitlines()
        self.transcript.say(((first, "warning"),), *(((line, "muted"),) for line in more))

    def _ended(self) -> None:
        # The worker may still wait for the disk; the next question need not.
        self._answer = None
        self.post_message(AnsweringChanged(False))
        self._clock.pause()

    @on(AnswerEnded)
    def _show_end(self, message: AnswerEnded) -> None:
        self._ended()
        turn = message.conversation.turns[-1]
        error = message.error
        if isinstance(error, ContextExceeded) and not turn.content:
            self._give_back(error)
            return
        self.conversation = self._with_chosen(message.conversation)
        self.transcript.finish(view_of(self.conversation, turn, self.key))
        if turn.figures.get("ended") == "user":
            self._after_stop = AfterStop(time.perf_counter())
        self.conversation_changed()

    def _give_back(self, error: FoundryError) -> None:
        """Say why there is no answer, and put the question back where it was written."""
        self._waiting = None
        view = view_of(self.conversation, self.conversation.turns[-1], self.key)
        lines = (
            ((clean_text(error.message, False), "error"),),
            ((clean_text(error.hint, False), "muted"),),
        )
        self.transcript.finish(replace(view, footer=lines, thought_title=""))
        self.conversation = self._with_chosen(self._before)
        self.saver.save(self.conversation)
        if self._asked:
            self.prompt.restore(self._asked)
        self.conversation_changed()

    def stop_answer(self) -> None:
        """Stop the answer; what came of it is kept."""
        if self._answer is not None and self._answer.is_running:
            self._answer.cancel()
        elif self._waiting is not None:
            self._give_back(FoundryError("Not sent.", "The model goes on loading; send again."))

    def look_after_stop(self, state: State) -> None:
        """Say so where the server goes on computing although the answer was stopped."""
        watch, sample = self._after_stop, state.sample
        if watch is None or sample is None:
            return
        if state.answering or state.active_jobs:  # what it computes now may be for that
            self._after_stop = None
            return
        servers = [one.cpu_percent for one in sample.processes if not one.own]
        found = watch.look(sample.at_s, servers)
        if watch.over:
            self._after_stop = None
        if found is not None and self.conversation.turns:
            percent, after_s = found
            turn = self.conversation.turns[-1]
            told = WENT_ON.format(share=f"{percent:.0f} %", after_s=f"{after_s:.0f}")
            turn = replace(turn, figures={**turn.figures, "went_on": told})
            self.conversation = self.conversation.with_last(turn)
            self.transcript.show(views_of(self.conversation, self.key))
            self.saver.save(self.conversation)

    @on(SavingFailed)
    def _say_saving_failed(self, message: SavingFailed) -> None:
        self.notify(
            f"{message.error.message}\n{message.error.hint}", severity="warning", markup=False
        )
