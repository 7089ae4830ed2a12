"""The command line's grammar. Loads argparse and nothing else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui import __version__
from tui.cli.grammar.bench import add_bench
from tui.cli.grammar.cache import add_cache
from tui.cli.grammar.chat import add_chat, add_presets
from tui.cli.grammar.doing import add_doing
from tui.cli.grammar.machine import add_machine
from tui.cli.grammar.models import add_models, add_one_model
from tui.cli.grammar.monitor import add_monitor
from tui.cli.grammar.parts import Parser
from tui.cli.grammar.rating import add_rating
from tui.cli.grammar.registry import add_registry
from tui.cli.grammar.sessions import add_sessions
from tui.cli.options import GlobalOptions
from tui.cli.output import UsageError

BACKENDS = ("auto", "foundry", "runtime", "endpoint")
LOG_LEVELS = ("debug", "info", "warning", "error")
EPILOG = """\
Without a verb the screen starts. `foundry-tui VERB --help` explains a verb.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 backend not reachable, 4 not found,
5 some of several failed, 130 interrupted.
Environment: FOUNDRY_ENDPOINT, BASE_URL, MODEL, API_KEY, FOUNDRY_TUI_HOME."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command line that was understood."""

    options: GlobalOptions
    verb: str | None
    """Module in `tui.cli` that does the work; None for the screen."""
    arguments: argparse.Namespace
    """What the verb needs to know."""
    as_json: bool


def parse(argv: Sequence[str]) -> Parsed:
    """Read the arguments. Raises `UsageError`; `--help` and `--version` end the process."""
    argv = list(argv)
    parser = _build()
    try:
        found = parser.parse_args(argv)
    except UsageError as error:
        error.as_json = "--json" in argv
        raise
    return Parsed(
        GlobalOptions(
            backend=found.backend,
            endpoint=found.endpoint,
            config_file=found.config,
            models_file=found.models_file,
            log_level=found.log_level,
        ),
        found.verb,
        found,
        found.json,
    )


def _build() -> argparse.ArgumentParser:
    parser = Parser(
        prog="foundry-tui",
        description="Find, download, run, talk to, measure and choose local language models.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"foundry-tui {__version__}")
    _add_common(parser, None, json_default=False)
    # Before a verb and after it: the second set must not overwrite what the first one found.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_common(common, argparse.SUPPRESS, json_default=argparse.SUPPRESS)
    parser.set_defaults(verb=None)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=Parser)

    def add(name: str, module: str, text: str, on: Any = verbs) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = on.add_parser(
            name, help=text, description=text[:1].upper() + text[1:] + ".", parents=[common]
        )
        sub.set_defaults(verb=module)
        return sub

    add_models(add)
    add_cache(add)
    add_doing(add)
    add_one_model(add)
    add_chat(add)
    add_presets(add)
    add_sessions(add)
    add_bench(add)
    add_rating(add)
    add_registry(add)
    add_monitor(add)
    add_machine(add)
    return parser


def _add_common(parser: argparse.ArgumentParser, default: Any, json_default: Any) -> None:
    group = parser.add_argument_group("options for all verbs")
    group.add_argument(
        "--backend", choices=BACKENDS, default=default, help="where models come from"
    )
    group.add_argument(
        "--endpoint", metavar="URL|NAME", default=default, help="an OpenAI-compatible server"
    )
    group.add_argument("--config", metavar="FILE", type=Path, default=default, help="settings")
    group.add_argument(
        "--models-file", metavar="FILE", type=Path, default=default, help="the team's registry"
    )
    group.add_argument("--log-level", choices=LOG_LEVELS, default=default, help="for the log file")
    group.add_argument(
        "--json", action="store_true", default=json_default, help="print one JSON object"
    )
