"""`chat X "prompt"`, or the prompt on standard input."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import aclosing

from tui.catalog.ready import make_ready
from tui.chat.figures import AnswerFigures, AnswerMeter
from tui.chat.wording import as_record, figures_line
from tui.cli.execute import Context, find
from tui.cli.output import Output, UsageError
from tui.foundry.text import clean_text
from tui.foundry.types import ChatDelta, ChatMessage, ChatRequest

STDIN_LIMIT_CHARACTERS = 4_000_000


def prepare(arguments: Namespace) -> None:
    """Read the prompt, before anything is started. Raises `UsageError`."""
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


async def run(context: Context) -> int:
    """Ask a model and print the answer as it comes."""
    output, meter, shown = context.output, AnswerMeter(), False
    async with context.backend() as backend:
        model, variant = await find(backend, context.arguments.model)
        progress = context.on_progress(variant.id, people_only=True)
        loaded = await make_ready(backend, variant, progress)
        await context.remember_load(backend.info, loaded, model.context_tokens)
        output.end_progress()
        request = _request(context, variant.id)
        try:
            async with aclosing(backend.chat(request)) as events:
                async for event in events:
                    meter.feed(event)
                    if isinstance(event, ChatDelta) and not output.as_json:
                        shown = True
                        _show(output, event)
        finally:
            if shown:
                output.piece("\n")
    _report(output, variant.id, meter.figures())
    return 0


def _request(context: Context, variant_id: str) -> ChatRequest:
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
        seed=arguments.seed,
        raw=arguments.raw,
    )


def _show(output: Output, delta: ChatDelta) -> None:
    text = clean_text(delta.text)
    if not delta.reasoning:
        output.piece(text)
    elif sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()


def _report(output: Output, variant_id: str, figures: AnswerFigures) -> None:
    record = as_record(figures, figures.finish_reason or "unknown")
    if not output.as_json:
        output.hint(figures_line(record))
        return
    values = {
        "variant": variant_id,
        "text": figures.text,
        "reasoning": figures.reasoning_text,
        "finish_reason": record.pop("ended"),
        **record,
    }
    output.result(values, "")
