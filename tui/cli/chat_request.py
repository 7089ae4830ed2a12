"""What `chat` asks: conversation, parameters and request, from arguments and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui.chat.answering import Answer
from tui.chat.conversation import Conversation, Turn
from tui.chat.curl import as_curl
from tui.chat.history import ConversationStore
from tui.chat.parameters import Parameters
from tui.chat.sessions import Sessions
from tui.chat.wording import as_record
from tui.cli.execute import Context
from tui.cli.output import UsageError
from tui.cli.parameters import preset, with_arguments
from tui.database import Database, DatabaseError
from tui.foundry.backend import Backend
from tui.foundry.errors import Unsupported
from tui.foundry.types import ChatRequest


def conversation_for(
    context: Context, store: ConversationStore, database: Database
) -> Conversation:
    """Return the conversation that ends with the prompt, new or resumed.

    Raises:
        NotFound: There is no such conversation to go on with, or no such preset.
    """
    arguments = context.arguments
    if arguments.resume is None:
        conversation = Conversation(parameters=_from_settings(context))
    else:
        conversation = store.load(Sessions(database).find(arguments.resume))
    parameters = conversation.parameters
    if arguments.preset is not None:
        # A preset without a system prompt says nothing about it.
        chosen = preset(database, arguments.preset)
        system_prompt = chosen.system_prompt or parameters.system_prompt
        parameters = replace(chosen, system_prompt=system_prompt)
    conversation = replace(conversation, parameters=with_arguments(parameters, arguments))
    return conversation.with_turn(Turn("user", arguments.prompt))


def last_variant(conversation: Conversation) -> str:
    """Return who answered last. Raises `UsageError`."""
    for turn in reversed(conversation.turns):
        if turn.variant_id:
            return turn.variant_id
    raise UsageError(
        "Nobody has answered in that conversation yet.",
        'Name a model: foundry-tui chat X "prompt" --resume ID',
    )


def _from_settings(context: Context) -> Parameters:
    settings = context.session.config.chat
    return Parameters(settings.system_prompt, settings.temperature, max_tokens=settings.max_tokens)


def request_for(context: Context, conversation: Conversation, variant_id: str) -> ChatRequest:
    """Return the request for the next answer."""
    request = conversation.parameters.request(variant_id, conversation.messages())
    return replace(request, raw=context.arguments.raw)


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


def say_not_kept(context: Context, error: DatabaseError) -> None:
    """Say that the conversation is not saved; the answer is worth having all the same."""
    context.output.warning(f"Not kept: {error.message}")


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
