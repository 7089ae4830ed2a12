"""The part of JSON Schema that checks of answers need.

`type`, `enum`, `const`; of objects `properties`, `required`, `additionalProperties` (true or
false); of lists `items`, `minItems`, `maxItems`; of texts `minLength`, `maxLength`; of numbers
`minimum`, `maximum`. `title` and `description` are passed over. Anything else is refused when the
prompts are read, so that no check passes because it was not understood.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

DEEPEST = 20
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}
_LENGTHS = ("minItems", "maxItems", "minLength", "maxLength")
_KEYWORDS = {
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", *_LENGTHS,
    "minimum", "maximum", "title", "description",
}  # fmt: skip
_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)


class SchemaError(ValueError):
    """A schema with something that is not understood here."""


def check_schema(schema: Any, depth: int = 0) -> None:
    """Raise `SchemaError` for a schema that is no schema, or asks for more than is known here."""
    if not isinstance(schema, Mapping):
        raise SchemaError("a schema must be an object")
    if depth > DEEPEST:
        raise SchemaError(f"nested deeper than {DEEPEST}")
    if unknown := next((key for key in schema if key not in _KEYWORDS), None):
        raise SchemaError(f"the keyword '{unknown}' is not known here")
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _TYPES:
            raise SchemaError(f"'{kind}' is no type; there are {', '.join(_TYPES)}")
    _expect(schema, ("enum",), lambda value: isinstance(value, list) and value, "a list")
    _expect(schema, ("required",), _is_text_list, "a list of texts")
    _expect(schema, ("additionalProperties",), lambda v: isinstance(v, bool), "true or false")
    _expect(schema, _LENGTHS, lambda v: _TYPES["integer"](v) and v >= 0, "a whole number")
    _expect(schema, ("minimum", "maximum"), _TYPES["number"], "a number")
    _expect(schema, ("properties",), lambda value: isinstance(value, Mapping), "an object")
    for inner in schema.get("properties", {}).values():
        check_schema(inner, depth + 1)
    if "items" in schema:
        check_schema(schema["items"], depth + 1)


def find_json(text: str) -> tuple[bool, Any]:
    """Return whether an answer holds JSON, and its value.

    The whole answer, else the first fenced block, else what begins at the first bracket.
    """
    fenced = _FENCE.search(text)
    for piece in (text.strip(), fenced[1].strip() if fenced else ""):
        try:
            return True, json.loads(piece)
        except (ValueError, RecursionError):
            continue
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    if not starts:
        return False, None
    try:
        return True, json.JSONDecoder().raw_decode(text, min(starts))[0]
    except (ValueError, RecursionError):
        return False, None


def mismatch(value: Any, schema: Mapping[str, Any], place: str = "") -> str | None:
    """Return where and how `value` departs from `schema`; None where it keeps to it."""
    here = place or "the JSON"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_TYPES[kind](value) for kind in kinds):
        return f"{here} is no {' or '.join(kinds)}"
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        return f"{here} is none of {schema['enum']}"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{here} is not {schema['const']!r}"
    if isinstance(value, dict):
        return _object_mismatch(value, schema, place)
    if isinstance(value, list):
        return _list_mismatch(value, schema, place)
    if isinstance(value, str):
        return _bounds(len(value), schema, ("minLength", "maxLength"), f"the length of {here}")
    if _TYPES["number"](value):
        return _bounds(value, schema, ("minimum", "maximum"), here)
    return None


def _object_mismatch(value: dict[str, Any], schema: Mapping[str, Any], place: str) -> str | None:
    properties: Mapping[str, Any] = schema.get("properties", {})
    if missing := next((key for key in schema.get("required", ()) if key not in value), None):
        return f"{place or 'the JSON'} has no '{missing}'"
    extra = next((key for key in value if key not in properties), None)
    if schema.get("additionalProperties") is False and extra is not None:
        return f"{place or 'the JSON'} has '{extra}' too"
    for key, inner in properties.items():
        if key in value:
            found = mismatch(value[key], inner, f"{place}.{key}" if place else key)
            if found is not None:
                return found
    return None


def _list_mismatch(value: list[Any], schema: Mapping[str, Any], place: str) -> str | None:
    here = f"the length of {place or 'the JSON'}"
    if (found := _bounds(len(value), schema, ("minItems", "maxItems"), here)) is not None:
        return found
    for index, one in enumerate(value) if "items" in schema else ():
        if (found := mismatch(one, schema["items"], f"{place}[{index}]")) is not None:
            return found
    return None


def _bounds(
    number: float, schema: Mapping[str, Any], names: tuple[str, str], what: str
) -> str | None:
    least, most = schema.get(names[0]), schema.get(names[1])
    if least is not None and number < least:
        return f"{what} is below {least}"
    if most is not None and number > most:
        return f"{what} is above {most}"
    return None


def _same(one: Any, other: Any) -> bool:
    # In Python True is 1; in JSON it is not.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _expect(
    schema: Mapping[str, Any], keys: tuple[str, ...], fine: Callable[[Any], Any], what: str
) -> None:
    for key in keys:
        if key in schema and not fine(schema[key]):
            raise SchemaError(f"'{key}' must be {what}")
