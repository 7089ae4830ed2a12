"""What is typed into the search: words to find, and filters such as `device:gpu` or `size<2gb`.

A filter is `key:value`, `size<2gb`, `size>500mb` or `context>32k`; a `-` before it turns it round.
Everything else is searched as it stands (`search.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tui.catalog.contexts import advertised_context
from tui.catalog.families import reasons
from tui.catalog.fit import Verdict
from tui.foundry.types import Model, Variant


class Judge(Protocol):
    """Knows this machine: what fits and what runs here."""

    def verdict(self, model: Model, variant: Variant) -> Verdict:
        """Return whether a variant fits."""
        ...

    def lacks(self, variant: Variant) -> str:
        """Return the execution provider that a variant asks for and this machine lacks, or ''."""
        ...


Test = Callable[[Model, Variant, Judge], bool]

_FILTER = re.compile(
    r"^(?P<not>-?)(?P<key>[a-z]+)(?P<op>:|<=|>=|<|>)(?P<value>[^:<>=]+)$", re.IGNORECASE
)
_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$", re.IGNORECASE)

FLAGS: dict[str, str] = {
    "loaded": "in memory",
    "cached": "on disk",
    "fits": "fits into memory now",
    "runs": "this machine has its execution provider",
    "tools": "can call tools",
    "reasoning": "reasons first",
    "demo": "ships with the program",
    "local": "your own, or shipped",
    "offline": "known from the snapshot only",
}
KEYS = ("is", "task", "device", "ep", "license", "publisher", "fit", "size", "context")


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood."""

    words: str
    """What is searched as text."""
    filters: tuple[str, ...]
    """The filters as they were typed, folded; two queries with equal ones pass the same rows."""
    tests: tuple[Test, ...]

    def passes(self, model: Model, variant: Variant, judge: Judge) -> bool:
        """Tell whether a variant passes all filters.

        Args:
            model: Its model.
            variant: The variant.
            judge: Knows this machine; only asked where a filter needs it.
        """
        return all(test(model, variant, judge) for test in self.tests)


def parse_query(text: str) -> Query:
    """Read a query; what looks like a filter and is none is searched as text."""
    words: list[str] = []
    filters: list[str] = []
    tests: list[Test] = []
    for token in text.split():
        match = _FILTER.match(token)
        test = _test(match["key"].lower(), match["op"], match["value"].lower()) if match else None
        if match is None or test is None:
            words.append(token)
            continue
        filters.append(token.casefold())
        tests.append(_negated(test) if match["not"] else test)
    return Query(" ".join(words), tuple(filters), tuple(tests))


def toggled(text: str, token: str) -> str:
    """Return a query with a filter added, or taken away where it stands in it."""
    tokens = text.split()
    kept = [one for one in tokens if one.casefold() != token.casefold()]
    return " ".join(kept if len(kept) < len(tokens) else [*tokens, token])


def facets(models: Sequence[Model], judge: Judge) -> list[tuple[str, str, int]]:
    """Return the filters that make sense for a catalog: token, meaning, and how many models pass.

    Args:
        models: The catalog.
        judge: Knows this machine.
    """
    offered = [(f"is:{flag}", meaning) for flag, meaning in FLAGS.items()]
    for key, meaning, values in (
        ("task", "made for {}", (model.task for model in models)),
        ("device", "runs on the {}", (str(v.device) for m in models for v in m.variants)),
        ("ep", "asks for {}", (_short_ep(v) for m in models for v in m.variants)),
        ("license", "under {}", (model.license for model in models)),
        ("publisher", "made by {}", (model.publisher for model in models)),
    ):
        for value in sorted({one for one in values if one and " " not in one}):
            offered.append((f"{key}:{value.lower()}", meaning.format(value)))
    offered += [("size<1gb", "smaller than 1 GB"), ("size<4gb", "smaller than 4 GB")]
    found = []
    for token, meaning in offered:
        query = parse_query(token)
        count = sum(
            any(query.passes(model, variant, judge) for variant in model.variants)
            for model in models
        )
        if count:
            found.append((token, meaning, count))
    return found


def _test(key: str, operator: str, value: str) -> Test | None:
    if key in ("size", "context"):
        return _comparison(key, operator, value)
    if operator != ":":
        return None
    if key == "is":
        return _flag(value)
    texts: dict[str, Callable[[Model, Variant], str]] = {
        "task": lambda model, _: model.task,
        "device": lambda _, variant: str(variant.device),
        "ep": lambda _, variant: variant.execution_provider,
        "license": lambda model, _: model.license,
        "licence": lambda model, _: model.license,
        "publisher": lambda model, _: model.publisher,
    }
    if key in texts:
        text = texts[key]
        return lambda model, variant, _: text(model, variant).casefold().startswith(value)
    if key == "fit":
        return lambda model, variant, judge: (
            judge.verdict(model, variant).replace(" ", "-")
            in (
                value,
                f"too-{value}",
            )
        )
    return None


def _flag(value: str) -> Test | None:
    tests: dict[str, Test] = {
        "loaded": lambda _, variant, __: variant.loaded,
        "cached": lambda _, variant, __: variant.cached,
        "fits": lambda model, variant, judge: judge.verdict(model, variant) == "fits",
        "runs": lambda _, variant, judge: not judge.lacks(variant),
        "tools": lambda model, _, __: bool(model.supports_tools),
        "reasoning": lambda model, variant, __: bool(reasons(model, variant)[0]),
        "demo": lambda model, _, __: model.demo,
        "local": lambda model, _, __: model.local,
        "offline": lambda model, _, __: bool(model.as_of),
    }
    return tests.get(value)


def _comparison(key: str, operator: str, value: str) -> Test | None:
    match = _NUMBER.match(value)
    if match is None or operator == ":":
        return None
    base = 1000 if key == "size" else 1024
    bound = float(match[1]) * base ** ("", "k", "m", "g", "t").index(match[2].lower())

    def test(model: Model, variant: Variant, _: Judge) -> bool:
        context = advertised_context(model, variant).tokens
        number = variant.size_bytes if key == "size" else context
        if number is None:
            return False
        below = operator.startswith("<")
        return (number < bound if below else number > bound) or (
            operator.endswith("=") and number == bound
        )

    return test


def _negated(test: Test) -> Test:
    return lambda model, variant, judge: not test(model, variant, judge)


def _short_ep(variant: Variant) -> str:
    return variant.execution_provider.removesuffix("ExecutionProvider")
