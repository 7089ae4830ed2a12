"""What a server said, made fit for people: cleaned, classified, with a hint."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tui.foundry.errors import (
    BackendUnavailable,
    ContextExceeded,
    FoundryError,
    NoModelList,
    NotFound,
    RequestFailed,
)
from tui.foundry.text import clean_text

MESSAGE_LIMIT = 300
"""Characters of a server's message that are shown."""

_CPP_NOISE = re.compile(
    r"(?:^|(?<=[\s(]))[\w./\\-]+\.(?:cc|cpp|cxx|h|hpp):\d+\s*"  # file and line
    r"(?:[\w:<>,&*~ ]{0,200}?[\w>]\((?:[^()]|\([^()]*\))*\)(?: const)?\s*"  # signature
    r"(?:\[with [^\]]*\]\s*)?)?"
)
_NUMBER = r"(\d[\d,_]*)"
_CONTEXT_FORMS = (
    # Foundry Local: total, input, output, context
    re.compile(
        rf"requires {_NUMBER} total tokens \({_NUMBER} input \+ {_NUMBER} output\)"
        rf".*?{_NUMBER} tokens"
    ),
    # OpenAI, vLLM, llama-cpp-python: context, total[, input, output]
    re.compile(
        rf"context length is {_NUMBER} tokens.*?(?:requested|has) {_NUMBER}"
        rf"(?:.*?\({_NUMBER} in the messages, {_NUMBER} in the completion)?"
    ),
    # llama-server: input, context
    re.compile(rf"request \({_NUMBER} tokens\) exceeds the available context size \({_NUMBER}"),
)
_CONTEXT_WORDS = re.compile(
    r"context[ _](?:length|size|window)|exceeds? the (?:model'?s )?(?:maximum )?context"
    r"|context_length_exceeded|exceed_context_size|prompt is too long|too many tokens",
    re.IGNORECASE,
)
_NOT_LOADED = re.compile(
    r"not loaded|must be loaded|load the model|no models? (?:are|is) (?:available|loaded)"
    r"|loading model",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model[^.]{0,80}(?:not found|does not exist)|no model matching|unknown model|no such model"
    r"|model_not_found|pinned to",
    re.IGNORECASE,
)
_KEY = re.compile(r"api[ _-]?key|unauthori[sz]ed|authenticat|authorization|forbidden", re.I)


class KeyRefused(RequestFailed):
    """The server wants a key, or another one."""

    code = "key_refused"


def clean(text: str, secret: str | None = None, limit: int = MESSAGE_LIMIT) -> str:
    """Return a server's message as one safe line.

    Escape sequences, control and direction characters are removed, so are C++ file names with
    line and signature; white space is folded; `secret` is blotted out; the end is cut.
    """
    if secret:
        text = text.replace(secret, "***")
    text = clean_text(text[: limit * 20], keep_newlines=False)
    text = " ".join(_CPP_NOISE.sub("", text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def said(value: object) -> str:
    """Return the message inside an error body: an object of any known shape, or text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(said, value[:3])))
    if not isinstance(value, Mapping):
        return ""
    for key in ("error", "message", "detail", "msg", "errorMessage", "ErrorMessage"):
        if text := said(value.get(key)):
            return text
    return ""


def error_inside(payload: Mapping[str, object]) -> object | None:
    """Return the error that a 200 body or a stream event carries; None when it carries none."""
    if error := payload.get("error"):
        return error
    if payload.get("object") == "error" or payload.get("Successful") is False:
        return payload
    if not payload.get("choices") and (payload.get("detail") or payload.get("errorMessage")):
        return payload
    return None


def failure(
    status: int, body: str, *, model: str = "", url: str = "", secret: str | None = None
) -> FoundryError:
    """Return the error for an answer that is none.

    Args:
        status: HTTP status; 0 for an error inside a stream.
        body: The body, or the text of the event.
        model: Which model was asked for.
        url: Address of the server, for hints.
        secret: A key that must not be shown.
    """
    if body.lstrip()[:1] == "<":
        return not_a_model_server(url, status)
    try:
        parsed: object = json.loads(body)
    except ValueError:
        parsed = body
    text = clean(said(parsed), secret)
    raw = f"{body[:4000]}" if isinstance(parsed, Mapping) else text
    if _CONTEXT_WORDS.search(raw):
        return _context_exceeded(text, parsed)
    if _NOT_LOADED.search(text):
        return RequestFailed(
            f"The model '{model}' is not loaded." if model else text,
            f"Load it first: foundry-tui run {model}" if model else "Load a model first.",
        )
    if status in (401, 403) or (status in (0, 400, 500) and _KEY.search(text)):
        return KeyRefused(
            f"The server refused the key ({text or status})."
            if secret
            else f"The server asks for a key ({text or status}).",
            "Set API_KEY in the environment, or api_key_env in the config, to a key that the "
            "server knows.",
        )
    if _NO_MODEL.search(text) or (status == 404 and model):
        return _model_not_found(text, model, url)
    return _by_status(status, text, url)


def not_a_model_server(url: str, status: int = 200) -> BackendUnavailable:
    """Return the error for an answer in HTML or in no known form."""
    where = f" at {url}" if url else ""
    return BackendUnavailable(
        f"What answers{where} is not a model server (HTTP {status}).",
        "Check address and port; an OpenAI-compatible server answers JSON at /v1/models.",
    )


def _model_not_found(text: str, model: str, url: str) -> NotFound:
    named = f"The server knows no model '{model}'." if model else ""
    return NotFound(
        named or text or "The server knows no such model.",
        f"List what it has with: foundry-tui models --endpoint {url}"
        if url
        else "List what there is with: foundry-tui models",
    )


def _by_status(status: int, text: str, url: str) -> FoundryError:
    where = f" at {url}" if url else ""
    if status == 0:
        return RequestFailed(
            f"The server broke off the answer: {text or 'it gives no reason'}",
            "Try again; if it comes again, look into the server's log.",
        )
    if status in (429, 503):
        return RequestFailed(
            f"The server{where} is busy or not ready ({status}: {text or 'no reason given'}).",
            "Wait for the other requests, or for the model to load, and try again.",
        )
    if status >= 500:
        return RequestFailed(
            f"The server{where} failed ({status}: {text or 'no reason given'}).",
            "Look into the server's log; a model that is too big for the memory is a common cause.",
        )
    if status in (404, 405):
        return NoModelList(
            f"The server{where} has no such route ({status}: {text or 'no reason given'}).",
            "Check the address: give it without /chat/completions, with or without /v1.",
        )
    return RequestFailed(
        f"The server refused the request ({status}: {text or 'no reason given'}).",
        "Change the request as the message says; parameters such as temperature may be out of "
        "range for this model.",
    )


def _context_exceeded(text: str, parsed: object) -> ContextExceeded:
    hint = "Shorten the prompt, start a new conversation, or ask for a shorter answer."
    need = given = asked = room = None
    if match := _CONTEXT_FORMS[0].search(text):
        need, given, asked, room = (_number(group) for group in match.groups())
    elif match := _CONTEXT_FORMS[1].search(text):
        room, need, given, asked = (_number(group) for group in match.groups())
    elif match := _CONTEXT_FORMS[2].search(text):
        need, room = (_number(group) for group in match.groups())
    elif isinstance(parsed, Mapping) and isinstance(error := parsed.get("error"), Mapping):
        need, room = _whole(error.get("n_prompt_tokens")), _whole(error.get("n_ctx"))
    if need is None or room is None:
        return ContextExceeded(f"The request does not fit into the model's context: {text}", hint)
    parts = "" if given is None or asked is None else f" ({given:,} prompt + {asked:,} answer)"
    return ContextExceeded(
        f"The request needs {need:,} tokens{parts}; the model's context holds {room:,}.", hint, room
    )


def _number(text: str | None) -> int | None:
    return int(text.replace(",", "").replace("_", "")) if text else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
