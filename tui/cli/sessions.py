"""`sessions list|search|show|rename|rm|restore|export`: needs no backend."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.chat.conversation import Conversation
from tui.chat.export import as_markdown, as_values
from tui.chat.files import export_name, free_path, write_file
from tui.chat.history import ConversationStore
from tui.chat.sessions import KEPT_DAYS, Sessions, SessionSummary
from tui.cli.execute import Context, exit_code_of
from tui.cli.output import table
from tui.database import Database
from tui.foundry.errors import FoundryError
from tui.foundry.text import clean_text

SHOWN_ID_LENGTH = 8
HEADINGS = ("ID", "LAST WRITTEN", "TURNS", "TITLE", "MODELS")


async def run(context: Context) -> int:
    """Look after the kept conversations."""
    database = Database(context.session.paths.database)
    try:
        kept = _Kept(context, database)
        code: int = getattr(kept, f"do_{context.arguments.action}")(context.arguments)
        return code
    finally:
        database.close()


class _Kept:
    """One method for each action."""

    def __init__(self, context: Context, database: Database) -> None:
        self._output = context.output
        self._sessions = Sessions(database)
        self._store = ConversationStore(database)

    def do_list(self, arguments: Namespace) -> int:
        found = self._sessions.list(limit=getattr(arguments, "limit", 50))
        text = (
            _list_text(found)
            if found
            else (
                "No conversation has been kept yet. Chat on the screen, or with --save:\n"
                '  foundry-tui chat MODEL "Hello" --save'
            )
        )
        self._output.result({"sessions": [_values(one) for one in found]}, text)
        return 0

    def do_search(self, arguments: Namespace) -> int:
        query = " ".join(arguments.words)
        found = self._sessions.list(query, arguments.limit)
        text = _list_text(found) if found else f"Nothing holds '{clean_text(query, False)}'."
        self._output.result({"query": query, "sessions": [_values(one) for one in found]}, text)
        return 0

    def do_show(self, arguments: Namespace) -> int:
        conversation = self._load(arguments.session)
        self._output.result(as_values(conversation), as_markdown(conversation))
        return 0

    def do_rename(self, arguments: Namespace) -> int:
        found = self._sessions.find(arguments.session)
        title = self._sessions.rename(found, arguments.title)
        self._output.result({"id": found, "title": title}, f"{found[:SHOWN_ID_LENGTH]}: {title}")
        return 0

    def do_rm(self, arguments: Namespace) -> int:
        ids, errors = self._find_all(arguments.sessions)
        self._sessions.delete(ids, for_good=arguments.for_good)
        text = "\n".join(f"Deleted {one[:SHOWN_ID_LENGTH]}." for one in ids)
        if ids and not arguments.for_good:
            names = " ".join(one[:SHOWN_ID_LENGTH] for one in ids)
            text += f"\nFor {KEPT_DAYS} days this undoes it: foundry-tui sessions restore {names}"
        return self._report({"deleted": ids, "for_good": arguments.for_good}, text, errors)

    def do_restore(self, arguments: Namespace) -> int:
        ids, errors = self._find_all(arguments.sessions, deleted=True)
        self._sessions.restore(ids)
        text = "\n".join(f"{one[:SHOWN_ID_LENGTH]} is back." for one in ids)
        return self._report({"restored": ids}, text, errors)

    def do_export(self, arguments: Namespace) -> int:
        conversation = self._load(arguments.session)
        target: Path | None = arguments.output
        kind = arguments.format or _format_of(target) or "md"
        text = as_markdown(conversation)
        if kind == "json":
            text = json.dumps(as_values(conversation), ensure_ascii=False, indent=2) + "\n"
        if target == Path("-"):
            self._output.out.write(text)
            return 0
        if target is None:
            target = Path(export_name(conversation, kind))
            target = target if arguments.force else free_path(target)
        written = write_file(target, text, replace=arguments.force)
        values = {"id": conversation.id, "path": str(written), "format": kind}
        self._output.result(values, f"Written: {written}")
        return 0

    def _load(self, name: str) -> Conversation:
        return self._store.load(self._sessions.find(name))

    def _find_all(
        self, names: list[str], *, deleted: bool = False
    ) -> tuple[list[str], list[FoundryError]]:
        ids: dict[str, None] = {}
        errors: list[FoundryError] = []
        for name in names:
            try:
                ids[self._sessions.find(name, deleted=deleted)] = None
            except FoundryError as error:
                errors.append(error)
        return list(ids), errors

    def _report(self, values: dict[str, Any], text: str, errors: list[FoundryError]) -> int:
        some = next(iter(values.values()))
        if some:
            self._output.result(values, text)
        for error in errors:
            self._output.error(error)
        return exit_code_of(errors, len(some) + len(errors))


def _format_of(path: Path | None) -> str | None:
    return {".json": "json", ".md": "md"}.get(path.suffix.lower()) if path else None


def _values(one: SessionSummary) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "turns": one.turns,
        "variants": list(one.variants),
        **({"turn_id": one.turn_id, "excerpt": one.excerpt} if one.turn_id else {}),
    }


def _list_text(found: tuple[SessionSummary, ...]) -> str:
    rows = [
        [
            one.id[:SHOWN_ID_LENGTH],
            datetime.fromisoformat(one.updated_at).astimezone().strftime("%Y-%m-%d %H:%M"),
            str(one.turns),
            one.title,
            ", ".join(one.variants),
        ]
        for one in found
    ]
    lines = table(HEADINGS, rows, right=(2,)).splitlines()
    if not any(one.excerpt for one in found):
        return "\n".join(lines)
    shown = [lines[0]]
    for line, one in zip(lines[1:], found, strict=True):
        shown.append(line)
        if one.excerpt:
            shown.append(f"          {clean_text(one.excerpt, False)}")
    return "\n".join(shown)
