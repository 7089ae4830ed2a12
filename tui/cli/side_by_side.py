"""`chat A,B "prompt"`: each answer, and the figures below each other."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tui.chat.answering import Answer
from tui.chat.history import ConversationStore
from tui.chat.side_by_side import ORDERS, Asked, KeptAnswers, Order, Told, ask_side_by_side
from tui.chat.wording import ENDINGS
from tui.cli.chat_request import (
    conversation_for,
    curl_of,
    request_for,
    say_not_kept,
    show_curl,
    values_of,
)
from tui.cli.execute import Context, exit_code_of, find
from tui.cli.output import Output, UsageError, table
from tui.database import Database
from tui.formats import format_count, format_duration, format_speed
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text
from tui.foundry.types import ChatDelta, ChatEvent, LoadResult, Progress

HEADINGS = ("MODEL", "TTFT", "DECODE", "TOKENS", "E2E", "ENDED")
SHOW_EVERY_S = 0.2


async def run(context: Context, database: Database) -> int:
    """Ask each model the same, and print what they say."""
    arguments, output = context.arguments, context.output
    order: Order = "at_once" if arguments.at_once else "in_turn"
    store = ConversationStore(database)
    async with context.backend() as backend:
        found = [await find(backend, name) for name in arguments.models]
        names = [variant.id for _, variant in found]
        if len(set(names)) != len(names):
            raise UsageError("A model is named twice.", "Name each model once.")
        # Each answer stands in a conversation of its own.
        conversations = [conversation_for(context, store, database) for _ in found]
        asked = [
            Asked(variant, request_for(context, one, variant.id), model.context_tokens)
            for (model, variant), one in zip(found, conversations, strict=True)
        ]
        if arguments.curl:
            return show_curl(context, backend, [one.request for one in asked])
        if arguments.show_request:
            output.note("\n\n".join(curl_of(context, backend, one.request) for one in asked))
        kept = None
        if arguments.save:
            kept = KeptAnswers(
                database, asked, conversations, lambda error: say_not_kept(context, error)
            )
        printer = _Printer(output, names, order, kept)
        try:
            await ask_side_by_side(backend, asked, order, printer.take)
        except asyncio.CancelledError:
            _report(context, order, printer)
            raise
        finally:
            if kept is not None:
                await kept.finish()
        for index, loaded in printer.loads.items():
            await context.remember_load(backend.info, loaded, found[index][0].context_tokens)
    _report(context, order, printer)
    failures = [one.error for one in printer.answers.values() if one.error is not None]
    return exit_code_of(failures, len(asked))


class _Printer:
    """Prints the answers: as they come where one answers at a time, else each when it is whole."""

    def __init__(
        self, output: Output, names: list[str], order: Order, kept: KeptAnswers | None
    ) -> None:
        self._output = output
        self.kept = kept
        self._names = names
        self._as_it_comes = order == "in_turn" and not output.as_json
        self._counts = [0] * len(names)
        self._shown_s = 0.0
        self._begun: set[int] = set()
        self.answers: dict[int, Answer] = {}
        self.loads: dict[int, LoadResult] = {}

    def take(self, index: int, told: Told) -> None:
        if self.kept is not None:
            self.kept.take(index, told)
        match told:
            case Answer():
                self._end(index, told)
            case Progress():
                self._progress(f"{self._names[index]}: {told.message}")
            case LoadResult():
                self.loads[index] = told
                self._output.end_progress()
            case _:
                self._grow(index, told)

    def _grow(self, index: int, event: ChatEvent) -> None:
        if not isinstance(event, ChatDelta):
            return
        self._counts[index] += 1
        if not self._as_it_comes:
            counts = zip(self._names, self._counts, strict=True)
            self._progress(" · ".join(f"{name} {count}" for name, count in counts))
        elif not event.reasoning:
            self._begin(index)
            self._output.piece(clean_text(event.text))

    def _begin(self, index: int) -> None:
        if index not in self._begun:
            blank = "\n" if self._begun else ""
            self._begun.add(index)
            self._output.piece(f"{blank}{clean_text(self._names[index], False)}:\n")

    def _end(self, index: int, answer: Answer) -> None:
        self.answers[index] = answer
        if self._output.as_json:
            return
        self._output.end_progress()
        if not self._as_it_comes and answer.figures.text:
            self._begin(index)
            self._output.piece(clean_text(answer.figures.text))
        if index in self._begun:
            self._output.piece("\n")
        if answer.error is not None:
            error = answer.error
            self._output.note(clean_text(f"error: {answer.variant_id}: {error.message}", False))
            self._output.note(clean_text(f"hint: {error.hint}"))

    def _progress(self, text: str) -> None:
        now_s = time.monotonic()
        if not self._output.as_json and now_s - self._shown_s >= SHOW_EVERY_S:
            self._shown_s = now_s
            self._output.progress("chat", clean_text(text, False), {})


def _report(context: Context, order: Order, printer: _Printer) -> None:
    answers = [printer.answers[index] for index in sorted(printer.answers)]
    if not answers:  # stopped before anybody was asked
        return
    ids = printer.kept.ids if printer.kept else {}
    values = {
        "prompt": context.arguments.prompt,
        "order": order,
        "answers": [
            {
                **values_of(one),
                "error": _error(one.error),
                **({"conversation": ids[index]} if index in ids else {}),
            }
            for index, one in enumerate(answers)
        ],
    }
    rows = [_row(one) for one in answers]
    figures = table(HEADINGS, rows, right=range(1, len(HEADINGS) - 1))
    context.output.result(values, f"\n{figures}\nAsked {ORDERS[order]}.")


def _row(answer: Answer) -> list[str]:
    figures = answer.figures
    about = "~" if figures.tokens_estimated else ""
    return [
        answer.variant_id,
        format_duration(figures.ttft_s),
        format_speed(figures.decode_tok_s),
        about + format_count(figures.output_tokens),
        format_duration(figures.e2e_s),
        ENDINGS.get(answer.ended, ENDINGS["unknown"]),
    ]


def _error(error: FoundryError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return {"code": error.code, "message": error.message, "hint": error.hint}
