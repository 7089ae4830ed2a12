"""Finds models as one types.

A query is split at blanks; every word must match. A word matches where it stands (alias, display
name, publisher, task, licence, device, execution provider, variant ids, and the words `tools`,
`demo`, `local`), or where its letters stand in order in the alias, the first at the start of a
word: `p4m` finds `phi-4-mini`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.foundry.types import Model

EXACT, PREFIX, WORD_START, INSIDE = 200.0, 140.0, 110.0, 90.0
ELSEWHERE_START, ELSEWHERE = 60.0, 40.0
SUBSEQUENCE, SUBSEQUENCE_START = 20.0, 4.0
_LENGTH_COST = 0.25
"""Among equal matches the shorter alias wins: it holds less that was not asked for."""


class ModelSearch:
    """An index over a catalog; made once, asked for every letter.

    Args:
        models: The catalog. Among equal scores its order stays.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = tuple(models)
        self._aliases = [model.alias.casefold() for model in self._models]
        self._texts = [_text(model) for model in self._models]
        self._last: tuple[tuple[str, ...], list[int]] = ((), list(range(len(self._models))))

    def rank(self, query: str) -> tuple[Model, ...]:
        """Return the models that match, best first; all, in their order, for an empty query."""
        return tuple(self._models[index] for index in self.indices(query))

    def indices(self, query: str) -> list[int]:
        """Return the places of the models that match, best first."""
        words = tuple(query.casefold().split())
        if not words:
            return list(range(len(self._models)))
        matchers = [_Word(word) for word in words]
        scored: list[tuple[float, int]] = []
        for index in self._candidates(words):
            alias, text = self._aliases[index], self._texts[index]
            total = 0.0
            for matcher in matchers:
                score = matcher.score(alias, text)
                if score <= 0:
                    break
                total += score
            else:
                scored.append((len(alias) * _LENGTH_COST - total, index))
        scored.sort()
        found = [index for _, index in scored]
        self._last = (words, found)
        return found

    def _candidates(self, words: tuple[str, ...]) -> list[int]:
        """Return what can match: a longer query finds only what the shorter one found."""
        before, found = self._last
        longer = len(words) >= len(before) and all(
            word.startswith(old) for word, old in zip(words, before, strict=False)
        )
        return sorted(found) if longer else list(range(len(self._models)))


def rank(models: Sequence[Model], query: str) -> tuple[Model, ...]:
    """Return the models that match a query, best first; keep a `ModelSearch` to ask again."""
    return ModelSearch(models).rank(query)


class _Word:
    """One word of a query."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._letters: re.Pattern[str] | None = None
        if len(word) > 1:
            rest = "".join(f"[^{re.escape(one)}]*{re.escape(one)}" for one in word[1:])
            self._letters = re.compile(rf"(?<![^\W_]){re.escape(word[0])}{rest}")

    def score(self, alias: str, text: str) -> float:
        """Return how well the word matches; 0 where it does not."""
        word = self._word
        at = alias.find(word)
        if at >= 0:
            if at == 0:
                return EXACT if len(word) == len(alias) else PREFIX
            return WORD_START if _starts_word(alias, at) else INSIDE
        at = text.find(word)
        if at >= 0:
            starts = _starts_word(text, at) or f" {word}" in text
            return ELSEWHERE_START if starts else ELSEWHERE
        if self._letters is None:
            return 0.0
        match = self._letters.search(alias)
        if match is None:
            return 0.0
        start, end = match.span()
        hits = sum(1 for at in range(start, end) if alias[at] in word and _starts_word(alias, at))
        return SUBSEQUENCE * len(word) / (end - start) + SUBSEQUENCE_START * hits


def _starts_word(text: str, at: int) -> bool:
    if at == 0 or not text[at - 1].isalnum():
        return True
    return text[at].isdigit() and not text[at - 1].isdigit()


def _text(model: Model) -> str:
    variants = model.variants
    words = {
        model.display_name,
        model.publisher,
        model.task,
        model.license,
        "tools" if model.supports_tools else "",
        "demo" if model.demo else "",
        "local" if model.local else "",
        *(variant.id for variant in variants),
        *(str(variant.device) for variant in variants),
        *(variant.execution_provider for variant in variants),
    }
    # Sorted, so that a score does not depend on the order of a set.
    return " ".join(sorted(words)).casefold()
