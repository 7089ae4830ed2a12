"""JSON lines between the program and the runtime's host: one object per line, both ways.

The program writes requests; the host answers each with one reply of the same number, and writes
events in between. Both sides share this module; it does no input or output.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

LINE_LIMIT_BYTES = 64 * 1024 * 1024
"""A longer line is no message of ours; a catalog of 5,000 variants takes about 4 MB."""


class ProtocolError(ValueError):
    """A line that is no message."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that the host shall do."""

    number: int
    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed."""

    code: str
    """The `code` of a `FoundryError`."""
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of a request: a result, or a failure."""

    number: int
    result: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `number` names the request it belongs to, 0 means none."""

    name: str
    number: int = 0
    data: dict[str, Any] = field(default_factory=dict)


Message = Request | Reply | Event


def encode(message: Message) -> bytes:
    """Return the line for a message, with its newline. Raises `TypeError` for what JSON lacks."""
    match message:
        case Request(number, operation, arguments):
            fields: dict[str, Any] = {"do": operation, "number": number, "arguments": arguments}
        case Reply(number, result, None):
            fields = {"reply": number, "result": result}
        case Reply(number, _, Failure(code, text, hint)):
            fields = {"reply": number, "failure": {"code": code, "message": text, "hint": hint}}
        case Event(name, number, data):
            fields = {"event": name, "number": number, "data": data}
    # ASCII only: no line separator or lone surrogate can get into the pipe unescaped.
    return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line. Raises `ProtocolError` for anything else."""
    if len(line) > LINE_LIMIT_BYTES:
        raise ProtocolError(f"a line of {len(line)} bytes")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise ProtocolError("no object")
    if "do" in fields:
        arguments = _take(fields, "arguments", dict)
        return Request(_number(fields, "number"), _take(fields, "do", str), arguments)
    if "event" in fields:
        data = _take(fields, "data", dict)
        return Event(_take(fields, "event", str), _number(fields, "number"), data)
    if "reply" not in fields:
        raise ProtocolError("no known kind of message")
    number = _number(fields, "reply")
    if "failure" not in fields:
        return Reply(number, _take(fields, "result", dict))
    failure = _take(fields, "failure", dict)
    texts = (_take(failure, key, str) for key in ("code", "message", "hint"))
    return Reply(number, {}, Failure(*texts))


def _take(fields: dict[str, Any], key: str, kind: type[T]) -> T:
    value = fields.get(key)
    if not isinstance(value, kind):
        raise ProtocolError(f"{key!r} is no {kind.__name__}")
    return value


def _number(fields: dict[str, Any], key: str) -> int:
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProtocolError(f"{key!r} is no number")
    return value
