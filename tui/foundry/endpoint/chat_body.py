"""What a request for an answer looks like on the wire."""

from __future__ import annotations

from tui.foundry.types import ChatRequest


def route_of(request: ChatRequest) -> str:
    """Return the route below `/v1/`."""
    return "completions" if request.raw else "chat/completions"


def chat_body(request: ChatRequest) -> dict[str, object]:
    """Return only fields of OpenAI's set: some servers refuse any other."""
    body: dict[str, object] = {
        "model": request.variant_id,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.raw:
        body["prompt"] = request.messages[-1].content
    else:
        body["messages"] = [{"role": m.role, "content": m.content} for m in request.messages]
    for name in ("max_tokens", "temperature", "top_p", "seed"):
        value = getattr(request, name)
        if value is not None:
            body[name] = value
    if request.stop:
        body["stop"] = list(request.stop)
    return body
