"""The same question to two or three models, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker

from tui.actions import bindings_of
from tui.catalog.resolve import find_variant
from tui.chat.conversation import Conversation, Turn
from tui.chat.parameters import Parameters
from tui.chat.side_by_side import ORDERS, Asked, Order
from tui.database import Database
from tui.foundry.errors import FoundryError
from tui.foundry.types import Model, Variant
from tui.messages import AnsweringChanged, BenchRequested
from tui.panes.chat.compare_column import CompareColumn
from tui.panes.chat.copying import offer
from tui.panes.chat.views import key_namer, scroll_page
from tui.session import Session
from tui.store import Store
from tui.widgets.dialogs.choose import Choice, ChooseDialog
from tui.widgets.prompt import Prompt
from tui.workers.chat import SavingFailed
from tui.workers.side_by_side import (
    SideAsked,
    SideEnded,
    SideLoading,
    SideText,
    ask_and_post,
)

HELP = (
    "The same question goes to each model. They share this machine: one after the other shows what "
    "each can do alone, all at once what they do to each other. One answer is no measurement: the "
    "benchmark asks many times and says what may be said. Each answer is kept as a conversation."
)


class CompareScreen(ModalScreen[None]):
    """Columns with a transcript each, over one text field.

    Args:
        store: Models and backend.
        session: Settings and places.
        variant_ids: Two or three.
        parameters: Of the conversation that this starts from.
        question: What stands in the text field at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("compare"),
        Binding("question_mark,f1", "help", show=False),
    ]
    DEFAULT_CSS = """
    CompareScreen {
        background: $background;
        & #compare-columns { height: 1fr; }
        & #compare-prompt { margin: 0 1; max-height: 5; }
        & #compare-keys { height: 1; padding: 0 1; background: $footer-background;
            color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    head = query_one("#compare-head", Static)
    prompt = query_one("#compare-prompt", Prompt)

    def __init__(
        self,
        store: Store,
        session: Session,
        variant_ids: Sequence[str],
        parameters: Parameters,
        question: str = "",
    ) -> None:
        super().__init__()
        self._store = store
        self._session = session
        self._variant_ids = variant_ids
        self._question = question
        self._order: Order = "in_turn"
        self._conversations = [Conversation(parameters=parameters) for _ in variant_ids]
        self._database = Database(session.paths.database)
        self._run: Worker[None] | None = None
        self._key = key_namer(dict(session.config.keys))

    def compose(self) -> ComposeResult:
        """Lay out the columns."""
        yield Static(id="compare-head", classes="pane-head", markup=False)
        with Horizontal(id="compare-columns"):
            for variant_id in self._variant_ids:
                yield CompareColumn(variant_id, self._key)
        yield Prompt(
            "Ask all of them …  enter sends", self._session.config.keys, id="compare-prompt"
        )
        yield Static(id="compare-keys", markup=False)

    def on_mount(self) -> None:
        """Start in the text field."""
        self.columns = list(self.query(CompareColumn))
        self.prompt.restore(self._question)
        self.prompt.focus()
        self._draw()

    @property
    def running(self) -> bool:
        """Whether an answer is on its way."""
        return self._run is not None and self._run.is_running

    def _draw(self) -> None:
        order = ORDERS[self._order]
        parts = [order[:1].upper() + order[1:]]
        if not self.running:
            parts.append(f"{self._key('compare.order')} changes")
        self.head.update(" · ".join(parts), layout=False)
        keys = {
            "compare.stop": "stop" if self.running else "back",
            "compare.order": "order",
            "compare.again": "again",
            "compare.copy": "copy",
            "compare.bench": "benchmark these",
        }
        shown = [*(f"{self._key(name)} {label}" for name, label in keys.items()), "f1 help"]
        self.query_one("#compare-keys", Static).update("  ".join(shown), layout=False)

    # Asking

    @on(Prompt.Submitted)
    def _submit(self, event: Prompt.Submitted) -> None:
        event.stop()
        asked = [one.with_turn(Turn("user", event.text)) for one in self._conversations]
        if not self._ask(asked):
            self.prompt.restore(event.text)

    def action_again(self) -> None:
        """Ask the last question once more; the answers there are stay as other branches."""
        asked = []
        for conversation in self._conversations:
            questions = [turn for turn in conversation.turns if turn.role == "user"]
            if not questions:
                self.notify("Nothing was asked yet.")
                return
            asked.append(conversation.until(questions[-1].id))
        self._ask(asked)

    def _ask(self, conversations: list[Conversation]) -> bool:
        if self.running:
            self.notify(f"They still answer; {self._key('compare.stop')} stops them.")
            return False
        backend = self._store.backend
        try:
            found = [self._find(one) for one in self._variant_ids]
        except FoundryError as error:
            self.notify(f"{error.message}\n{error.hint}", severity="warning", markup=False)
            return False
        if backend is None:
            self.notify("No backend is connected. Send again in a moment.", severity="warning")
            return False
        self._conversations = conversations
        asked = [
            Asked(
                variant,
                one.parameters.request(variant.id, one.messages()),
                model.context_tokens,
            )
            for (model, variant), one in zip(found, conversations, strict=True)
        ]
        for column, conversation in zip(self.columns, conversations, strict=True):
            column.begin(conversation)
        self._run = self._stream(asked)
        self.post_message(AnsweringChanged(True))
        self._draw()
        return True

    def _find(self, variant_id: str) -> tuple[Model, Variant]:
        """Return model and variant as they stand now. Raises `NotFound`."""
        return find_variant(self._store.state.models or (), variant_id)

    @work(group="side by side", exclusive=True)
    async def _stream(self, asked: list[Asked]) -> None:
        backend = self._store.backend
        try:
            if backend is not None:
                await ask_and_post(
                    backend,
                    asked,
                    self._conversations,
                    self._order,
                    self._database,
                    self.post_message,
                )
        finally:
            self.app.post_message(AnsweringChanged(False))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show whether they still answer."""
        if event.worker is self._run and event.worker.is_finished:
            self._draw()

    # Answering

    @on(SideLoading)
    def _show_loading(self, message: SideLoading) -> None:
        self.columns[message.index].show_loading(message.progress)

    @on(SideAsked)
    def _show_asked(self, message: SideAsked) -> None:
        self.columns[message.index].show_asked()

    @on(SideText)
    def _show_text(self, message: SideText) -> None:
        self.columns[message.index].grow(message.told)

    @on(SideEnded)
    def _show_end(self, message: SideEnded) -> None:
        if message.conversation is not None:
            self._conversations[message.index] = message.conversation
        self.columns[message.index].end(message.answer, message.conversation)

    @on(SavingFailed)
    def _say_saving_failed(self, message: SavingFailed) -> None:
        error = message.error
        self.notify(f"{error.message}\n{error.hint}", severity="warning", markup=False)

    # Actions

    def action_scroll(self, way: str) -> None:
        """Scroll all columns by a page."""
        for column in self.columns:
            scroll_page(column.transcript, way)

    def action_stop(self) -> None:
        """Stop all answers; else leave the text field, else go back to the chat."""
        if self._run is not None and self.running:
            self._run.cancel()
        elif self.prompt.has_focus:
            self.columns[0].transcript.focus()
        else:
            self.dismiss(None)

    def action_write(self) -> None:
        """Go to the text field."""
        self.prompt.focus()

    def action_order(self) -> None:
        """Let them answer all at once, or one after the other."""
        if self.running:
            self.notify(f"They still answer; {self._key('compare.stop')} stops them.")
            return
        self._order = "at_once" if self._order == "in_turn" else "in_turn"
        self._draw()

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        """Copy the answer in the column with the focus; from the text field it asks whose."""
        answers = {
            column.variant_id: conversation.turns[-1].content
            for column, conversation in zip(self.columns, self._conversations, strict=True)
            if conversation.turns and conversation.turns[-1].role == "assistant"
        }
        answers = {name: text for name, text in answers.items() if text.strip()}
        if not answers:
            self.notify("There is no answer to copy yet.")
            return
        focused = [one.variant_id for one in self.columns if one.transcript.has_focus]
        name: str | None = next((one for one in focused if one in answers), None)
        if name is None and len(answers) == 1:
            name = next(iter(answers))
        elif name is None:
            choices = [
                Choice(column.variant_id, f"column {number}", column.variant_id)
                for number, column in enumerate(self.columns, 1)
                if column.variant_id in answers
            ]
            name = await self.app.push_screen_wait(ChooseDialog("Copy whose answer?", choices))
        if name is not None:
            await offer(self, f"The answer of {name}", answers[name])

    def action_bench(self) -> None:
        """Take these models, and the question, into a benchmark."""
        if self.running:
            self.notify(f"They still answer; {self._key('compare.stop')} stops them.")
            return
        turns = self._conversations[0].turns
        asked = [turn.content for turn in turns if turn.role == "user"]
        question = self.prompt.text.strip() or (asked[-1] if asked else "")
        self.app.post_message(BenchRequested(tuple(self._variant_ids), question))
        self.dismiss(None)

    def action_help(self) -> None:
        """Show the keys."""
        from tui.widgets.dialogs.help import HelpDialog

        overrides: Mapping[str, Any] = self._session.config.keys
        self.app.push_screen(HelpDialog("Side by side", HELP, ("prompt", "compare"), overrides))
