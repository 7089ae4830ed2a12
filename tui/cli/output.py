"""What the command line prints: text for people, or one JSON object for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

SCHEMA = 1


class UsageError(Exception):
    """The command line is wrong.

    Args:
        message: What is wrong.
        hint: What to try.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.as_json = False


class Output:
    """Prints results on standard output, everything else on standard error.

    Args:
        as_json: Print objects instead of text.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._progress_shown = False

    @property
    def out(self) -> TextIO:
        """Standard output as it is now."""
        return sys.stdout

    def result(self, values: Mapping[str, Any], text: str) -> None:
        """Print a result: `values` as one JSON object, or `text`."""
        self.end_progress()
        shown = json.dumps({"schema": SCHEMA, **values}, ensure_ascii=False, default=str)
        self.out.write(f"{shown if self.as_json else text.rstrip()}\n")
        self.out.flush()

    def piece(self, text: str) -> None:
        """Print part of an answer at once."""
        self.out.write(text)
        self.out.flush()

    def hint(self, text: str) -> None:
        """Say something beside the result, if a person is there to read it."""
        if not self.as_json and sys.stderr.isatty():
            self.end_progress()
            sys.stderr.write(f"{text}\n")

    def warning(self, text: str) -> None:
        """Say what was not as expected, though the work goes on."""
        if not self.as_json:
            self.end_progress()
            sys.stderr.write(f"warning: {text}\n")

    def note(self, text: str) -> None:
        """Say what was asked for beside the result, wherever standard error goes."""
        self.end_progress()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def progress(self, subject: str, text: str, values: Mapping[str, Any]) -> None:
        """Show how far something is: a line that is rewritten on a terminal, a JSON line."""
        if self.as_json:
            line = {"schema": SCHEMA, "progress": {"subject": subject, **values}}
            sys.stderr.write(f"{json.dumps(line, ensure_ascii=False)}\n")
            sys.stderr.flush()
        elif sys.stderr.isatty():
            self._progress_shown = True
            sys.stderr.write(f"\r\x1b[K{subject}: {text}")
            sys.stderr.flush()

    def end_progress(self) -> None:
        """Take the progress line away."""
        if self._progress_shown:
            self._progress_shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def error(self, error: Any) -> None:
        """Print an error with its hint; `error` has `code`, `message` and `hint`."""
        self.end_progress()
        _write_error(self.as_json, error.code, error.message, error.hint)


def report_usage(error: UsageError) -> int:
    """Print a usage error; returns its exit code."""
    _write_error(error.as_json, "usage", error.message, error.hint)
    return 2


def _write_error(as_json: bool, code: str, message: str, hint: str) -> None:
    if as_json:
        body = {"error": {"code": code, "message": message, "hint": hint}}
        sys.stderr.write(f"{json.dumps(body, ensure_ascii=False)}\n")
    else:
        sys.stderr.write(f"error: {message}\n")
        for number, line in enumerate(hint.splitlines()):
            sys.stderr.write(f"{'      ' if number else 'hint: '}{line}\n")
    sys.stderr.flush()


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows in columns, with headings.

    Args:
        headings: One for each column.
        rows: Cells; text from outside is cleaned here.
        right: Columns that are set flush right.
    """
    from tui.foundry.text import clean_text

    cells = [list(headings), *([clean_text(cell, False) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    return "\n".join(
        "  ".join(
            _pad(cell, width, column in right)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Return `name: value` lines with the values below each other."""
    from tui.foundry.text import clean_text

    width = max((len(name) for name, _ in rows), default=0) + 1
    return "\n".join(
        f"{f'{name}:' if name else '':<{width}} {clean_text(value, False)}".rstrip()
        for name, value in rows
    )


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, right: bool) -> str:
    blank = " " * (width - _width(text))
    return blank + text if right else text + blank
