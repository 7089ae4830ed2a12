"""Checks of an answer that need no person.

* `contains`: the text stands somewhere in the answer, in any letter case; of a list, all of them.
* `exact`: the answer is this text, white space around both left out.
* `regex`: the pattern is found somewhere (Python's `re`; see `grading.py` for its limits).
* `numeric`: the last number in the answer is this one, give or take `tolerance` (0 if not given).
* `json_schema`: the answer is JSON, or holds it in a fence, and keeps to the schema; see
  `json_schema.py` for the keywords.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tui.bench.json_schema import SchemaError, check_schema, find_json, mismatch

Kind = Literal["contains", "regex", "json_schema", "exact", "numeric"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST_PATTERN = 1000
LONGEST_ANSWER = 100_000
"""Characters of an answer that are looked at."""
_NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+−]?\.\d+")


class CheckError(ValueError):
    """A check that makes no sense; says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a good answer has."""

    kind: Kind
    value: Any
    """Text, list of texts, number or schema, by kind."""
    tolerance: float = 0.0
    """Of `numeric`."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as prompt files have it."""
        values: dict[str, Any] = {self.kind: self.value}
        return values | ({"tolerance": self.tolerance} if self.tolerance else {})

    def __str__(self) -> str:
        """Say in a few words what is wanted."""
        if self.kind == "json_schema":
            return "json_schema"
        give_or_take = f" ± {self.tolerance:g}" if self.tolerance else ""
        return f"{self.kind} {self.value!r}{give_or_take}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check."""

    check: Check
    passed: bool
    reason: str = ""
    """Why it did not pass."""


def read_check(values: Any) -> Check:
    """Read a check such as `{"contains": "Paris"}`. Raises `CheckError`."""
    if not isinstance(values, Mapping):
        raise CheckError("a check must be an object such as {contains = 'Paris'}")
    kinds = [kind for kind in KINDS if kind in values]
    others = [key for key in values if key not in (*KINDS, "tolerance")]
    if len(kinds) != 1 or others:
        wrong = f", not '{others[0]}'" if others else ""
        raise CheckError(f"a check has one of {', '.join(KINDS)}{wrong}")
    kind = kinds[0]
    tolerance = values.get("tolerance", 0.0)
    if not _is_number(tolerance) or tolerance < 0 or (tolerance and kind != "numeric"):
        raise CheckError("'tolerance' is a number from 0 on, and belongs to 'numeric'")
    value = values[kind]
    _check_value(kind, value)
    return Check(kind, value, float(tolerance))


def judge(check: Check, answer: str) -> Outcome:
    """Say whether an answer passes; a `regex` is judged in `grading.py`, where it can be bounded.

    Args:
        check: Any but a `regex`.
        answer: What the model wrote.
    """
    text = answer[:LONGEST_ANSWER]
    if check.kind == "contains":
        wanted = [check.value] if isinstance(check.value, str) else check.value
        missing = [one for one in wanted if one.casefold() not in text.casefold()]
        return Outcome(check, not missing, f"does not contain {missing[0]!r}" if missing else "")
    if check.kind == "exact":
        same = text.strip() == check.value.strip()
        return Outcome(check, same, "" if same else f"is not {check.value.strip()!r}")
    if check.kind == "numeric":
        return _judge_number(check, text)
    found, value = find_json(text)
    if not found:
        return Outcome(check, False, "holds no JSON")
    reason = mismatch(value, check.value)
    return Outcome(check, reason is None, reason or "")


def _judge_number(check: Check, text: str) -> Outcome:
    numbers = _NUMBER.findall(text)
    if not numbers:
        return Outcome(check, False, "holds no number")
    last = float(numbers[-1].replace(",", "").replace("−", "-"))
    # As decimal fractions are not exact: 0.3 is 0.1 + 0.2.
    near = math.isclose(last, check.value, rel_tol=1e-9, abs_tol=check.tolerance)
    return Outcome(check, near, "" if near else f"the last number is {last:g}")


def _check_value(kind: Kind, value: Any) -> None:
    if kind == "contains":
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(_is_text(one) for one in texts):
            raise CheckError("'contains' must be a text or a list of texts")
    elif kind == "exact" and not _is_text(value):
        raise CheckError("'exact' must be a text")
    elif kind == "numeric" and not (_is_number(value) and math.isfinite(value)):
        raise CheckError("'numeric' must be a number")
    elif kind == "regex":
        _check_pattern(value)
    elif kind == "json_schema":
        try:
            check_schema(value)
        except SchemaError as error:
            raise CheckError(f"'json_schema': {error}") from error


def _check_pattern(value: Any) -> None:
    if not _is_text(value) or len(value) > LONGEST_PATTERN:
        raise CheckError(f"'regex' must be a text of up to {LONGEST_PATTERN} characters")
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise CheckError(f"'regex' is no pattern: {error}") from error


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
