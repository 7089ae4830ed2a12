"""What the grammars of all verbs share: the parser, actions of a verb, kinds of values."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from tui.cli.output import UsageError

Add = Callable[..., argparse.ArgumentParser]
"""`add(name, module, help)`: adds a verb, or with a fourth argument an action of one."""


class Parser(argparse.ArgumentParser):
    """Reports wrong usage by an exception, so that `--json` holds for it too."""

    def __init__(self, **kwargs: Any) -> None:
        # An option that is cut short would change its meaning when a new one is added.
        super().__init__(**{**kwargs, "allow_abbrev": False})

    def format_usage(self) -> str:
        """Write the short help."""
        return _optional(super().format_usage())

    def format_help(self) -> str:
        """Write the help."""
        return _optional(super().format_help())

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of ending the process."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def _optional(text: str) -> str:
    """Mark the action as what it is: argparse writes one that may be left out as if it may not."""
    return text.replace(" ACTION ...", " [ACTION ...]", 1)


def actions_of(parser: argparse.ArgumentParser) -> Any:
    """Let a verb have actions; without one it lists."""
    parser.set_defaults(action="list")
    return parser.add_subparsers(title="actions", metavar="ACTION", parser_class=Parser)


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def names(text: str) -> list[str]:
    """Read a list of names separated by commas."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("names no model")
    return found
