"""`chat X "prompt"`, or the prompt on standard input; `chat A,B "prompt"` asks several."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace

from tui.catalog.ready import make_ready
from tui.chat.answering import Answer, ask
from tui.chat.conversation import Conversation, Turn
from tui.chat.history import ConversationStore
from tui.chat.keeping import ConversationSaver, Keeper
from tui.chat.side_by_side import MOST_MODELS
from tui.chat.wording import as_record, figures_line
from tui.cli.chat_request import (
    conversation_for,
    curl_of,
    last_variant,
    request_for,
    say_not_kept,
    show_curl,
    values_of,
)
from tui.cli.execute import Context, find
from tui.cli.output import Output, UsageError
from tui.cli.parameters import check_parameters
from tui.database import Database
from tui.foundry.text import clean_text
from tui.foundry.types import ChatDelta, ChatEvent

STDIN_LIMIT_CHARACTERS = 4_000_000
SHOWN_ID_LENGTH = 8


def prepare(arguments: Namespace) -> None:
    """Find out what is asked of whom, before anything is started. Raises `UsageError`."""
    _name_models(arguments)
    if arguments.prompt in (None, "-"):
        if arguments.prompt is None and sys.stdin.isatty():
            raise UsageError(
                "There is no prompt.", 'Write it behind the model: foundry-tui chat X "Hello"'
            )
        arguments.prompt = sys.stdin.read(STDIN_LIMIT_CHARACTERS)
    if not arguments.prompt.strip():
        raise UsageError("The prompt is empty.", "Write what the model is to answer.")
    check_parameters(arguments)


def _name_models(arguments: Namespace) -> None:
    """Put the names into `models`, and into `model` where there is one."""
    if arguments.model is None and len((arguments.resume or "").split()) > 1:
        # `--resume "a question"`: no id has blanks in it.
        arguments.model, arguments.resume = arguments.resume, "last"
    if arguments.models is not None or (arguments.resume and arguments.prompt is None):
        # The first word without an option is the prompt then.
        if arguments.prompt is not None:
            raise UsageError("Models are named twice.", "Take either --models A,B or A,B.")
        arguments.model, arguments.prompt = None, arguments.model
    elif arguments.model is None:
        raise UsageError(
            "No model is named.",
            'Like this: foundry-tui chat X "Hello"; see `foundry-tui chat --help`.',
        )
    else:
        arguments.models = [name.strip() for name in arguments.model.split(",") if name.strip()]
    found = len(arguments.models or ())
    if found > MOST_MODELS or (not found and not arguments.resume):
        raise UsageError(
            f"{found} models are named.", f"One to {MOST_MODELS} can be asked; more: bench."
        )
    if found > 1 and arguments.resume:
        raise UsageError("A conversation goes on with one model.", "Name one.")
    arguments.model = arguments.models[0] if found == 1 else None


async def run(context: Context) -> int:
    """Ask, and print what comes as it comes."""
    database = Database(context.session.paths.database)
    try:
        if len(context.arguments.models or ()) > 1:
            from tui.cli import side_by_side

            return await side_by_side.run(context, database)
        store = ConversationStore(database)
        conversation = await asyncio.to_thread(conversation_for, context, store, database)
        if context.arguments.model is None:
            context.arguments.model = last_variant(conversation)
        return await _ask_one(context, store, conversation)
    finally:
        database.close()


async def _ask_one(context: Context, store: ConversationStore, conversation: Conversation) -> int:
    arguments, output = context.arguments, context.output
    async with context.backend() as backend:
        model, variant = await find(backend, arguments.model)
        request = request_for(context, conversation, variant.id)
        if arguments.curl:
            return show_curl(context, backend, [request])
        progress = context.on_progress(variant.id, people_only=True)
        loaded = await make_ready(backend, variant, progress)
        await context.remember_load(backend.info, loaded, model.context_tokens)
        output.end_progress()
        if arguments.show_request:
            output.note(curl_of(context, backend, request))
        keeper = None
        saver = ConversationSaver(store, lambda error: say_not_kept(context, error))
        if arguments.save or arguments.resume:
            facts = {"device": str(variant.device), "context_tokens": model.context_tokens}
            keeper = Keeper(
                saver, conversation.with_turn(Turn("assistant", "", variant.id, figures=facts))
            )
        printer = _Printer(output, keeper)
        try:
            answer = await ask(backend, request, printer.take)
        except asyncio.CancelledError:
            if printer.answer is not None:
                _report(output, printer.answer, keeper)
            raise
        finally:
            await saver.finish()
    if answer.error is None or answer.figures.text:
        _report(output, answer, keeper)
    if answer.error is not None:
        raise answer.error
    return 0


class _Printer:
    """Prints an answer as it comes: the text, and to people what the model thinks before it."""

    def __init__(self, output: Output, keeper: Keeper | None) -> None:
        self._output = output
        self._keeper = keeper
        self._shown = False
        self.answer: Answer | None = None

    def take(self, told: ChatEvent | Answer) -> None:
        if self._keeper is not None:
            self._keeper.take(told)
        if isinstance(told, Answer):
            self.answer = told
            if self._shown:
                self._output.piece("\n")
        elif isinstance(told, ChatDelta) and not self._output.as_json:
            self._shown = True
            text = clean_text(told.text)
            if not told.reasoning:
                self._output.piece(text)
            elif sys.stderr.isatty():
                sys.stderr.write(text)
                sys.stderr.flush()


def _report(output: Output, answer: Answer, keeper: Keeper | None) -> None:
    if output.as_json:
        kept = {} if keeper is None else {"conversation": keeper.conversation.id}
        output.result({**values_of(answer), **kept}, "")
        return
    output.hint(figures_line(as_record(answer.figures, answer.ended)))
    if keeper is not None:
        name = keeper.conversation.id[:SHOWN_ID_LENGTH]
        output.hint(f'Kept: foundry-tui chat --resume {name} "..." goes on with it.')
