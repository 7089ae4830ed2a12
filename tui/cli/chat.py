"""`chat X "prompt"`, or the prompt on standard input; `chat A,B "prompt"` asks several."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from typing import Any

from tui.catalog.ready import make_ready
from tui.chat.answering import Answer, ask
from tui.chat.curl import as_curl
from tui.chat.side_by_side import MOST_MODELS
from tui.chat.wording import as_record, figures_line
from tui.cli.execute import Context, find
from tui.cli.output import Output, UsageError
from tui.foundry.backend import Backend
from tui.foundry.errors import Unsupported
from tui.foundry.text import clean_text
from tui.foundry.types import ChatDelta, ChatEvent, ChatMessage, ChatRequest

STDIN_LIMIT_CHARACTERS = 4_000_000
MOST_STOPS = 4


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
    if arguments.temperature is not None and not 0 <= arguments.temperature <= 2:
        raise UsageError("The temperature is not between 0 and 2.", "Take 0 for the likeliest.")
    if arguments.top_p is not None and not 0 < arguments.top_p <= 1:
        raise UsageError("top_p is not above 0 and at most 1.", "Leave it out for the usual.")
    if len(arguments.stop or ()) > MOST_STOPS:
        raise UsageError(f"More than {MOST_STOPS} texts to stop at.", "Servers take no more.")


def _name_models(arguments: Namespace) -> None:
    """Put the names into `models`; `model` stays where there is one."""
    if arguments.models is not None:
        # The first word without an option is the prompt then.
        if arguments.prompt is not None:
            raise UsageError("Models are named twice.", "Take either --models A,B or A,B.")
        arguments.model, arguments.prompt = None, arguments.model
    elif arguments.model is None:
        raise UsageError("No model is named.", 'Like this: foundry-tui chat X "Hello"')
    else:
        arguments.models = [name.strip() for name in arguments.model.split(",") if name.strip()]
    found = len(arguments.models)
    if not 1 <= found <= MOST_MODELS:
        raise UsageError(
            f"{found} models are named.", f"One to {MOST_MODELS} can be asked; more: bench."
        )
    arguments.model = arguments.models[0] if found == 1 else None


async def run(context: Context) -> int:
    """Ask, and print what comes as it comes."""
    if len(context.arguments.models) > 1:
        from tui.cli import side_by_side

        return await side_by_side.run(context)
    output = context.output
    async with context.backend() as backend:
        model, variant = await find(backend, context.arguments.model)
        request = request_for(context, variant.id)
        if context.arguments.curl:
            return show_curl(context, backend, [request])
        progress = context.on_progress(variant.id, people_only=True)
        loaded = await make_ready(backend, variant, progress)
        await context.remember_load(backend.info, loaded, model.context_tokens)
        output.end_progress()
        if context.arguments.show_request:
            output.note(curl_of(context, backend, request))
        printer = _Printer(output)
        try:
            answer = await ask(backend, request, printer.take)
        except asyncio.CancelledError:
            if printer.answer is not None:
                _report(output, printer.answer)
            raise
    if answer.error is None or answer.figures.text:
        _report(output, answer)
    if answer.error is not None:
        raise answer.error
    return 0


class _Printer:
    """Prints an answer as it comes: the text, and to people what the model thinks before it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._shown = False
        self.answer: Answer | None = None

    def take(self, told: ChatEvent | Answer) -> None:
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


def request_for(context: Context, variant_id: str) -> ChatRequest:
    """Return the request to one model, from arguments and settings."""
    arguments, settings = context.arguments, context.session.config.chat
    system = arguments.system or settings.system_prompt
    messages = (ChatMessage("system", system),) if system else ()
    return ChatRequest(
        variant_id,
        (*messages, ChatMessage("user", arguments.prompt)),
        max_tokens=arguments.max_tokens or settings.max_tokens,
        temperature=settings.temperature
        if arguments.temperature is None
        else arguments.temperature,
        top_p=arguments.top_p,
        seed=arguments.seed,
        stop=tuple(arguments.stop or ()),
        raw=arguments.raw,
    )


def curl_of(context: Context, backend: Backend, request: ChatRequest) -> str:
    """Return a request as a curl command. Raises `Unsupported` where there is no address."""
    info = backend.info
    if info.endpoint is None:
        raise Unsupported("This backend has no address.", "Ask without --curl.")
    return as_curl(info.endpoint, request, context.session.key_variable(info))


def show_curl(context: Context, backend: Backend, requests: list[ChatRequest]) -> int:
    """Print requests as curl commands instead of sending them."""
    commands = [curl_of(context, backend, request) for request in requests]
    context.output.result({"curl": commands}, "\n\n".join(commands))
    if backend.info.kind == "runtime":
        context.output.hint(
            "This server ends with this program; `foundry-tui run MODEL` in another terminal "
            "keeps one, and prints its address."
        )
    return 0


def values_of(answer: Answer) -> dict[str, Any]:
    """Return an answer with all its figures, for `--json`."""
    figures = answer.figures
    record = as_record(figures, answer.ended)
    return {
        "variant": answer.variant_id,
        "text": figures.text,
        "reasoning_text": figures.reasoning_text,
        "finish_reason": record.pop("ended"),
        **record,
        "e2e_tok_s": figures.e2e_tok_s,
    }


def _report(output: Output, answer: Answer) -> None:
    if output.as_json:
        output.result(values_of(answer), "")
    else:
        output.hint(figures_line(as_record(answer.figures, answer.ended)))
