"""The command line's grammar. Loads argparse and nothing else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tui import __version__
from tui.cli.options import GlobalOptions
from tui.cli.output import UsageError

BACKENDS = ("auto", "foundry", "runtime", "endpoint")
SORT_KEYS = ("state", "name", "size", "context", "needs", "device", "task", "license")
RULES = ("accuracy", "latency", "memory", "balanced")
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


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage by an exception, so that `--json` holds for it too."""

    def __init__(self, **kwargs: Any) -> None:
        # An option that is cut short would change its meaning when a new one is added.
        super().__init__(**{**kwargs, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


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
    parser = _Parser(
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
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=_Parser)

    def add(name: str, module: str, text: str, on: Any = verbs) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = on.add_parser(
            name, help=text, description=text[:1].upper() + text[1:] + ".", parents=[common]
        )
        sub.set_defaults(verb=module)
        return sub

    _models(add)
    _cache(add)
    _doing(add)
    _talking(add)
    _choosing(add)
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


def _actions(parser: argparse.ArgumentParser) -> Any:
    parser.set_defaults(action="list")
    return parser.add_subparsers(title="actions", metavar="ACTION", parser_class=_Parser)


def _models(add: Any) -> None:
    """Add `models`; `model` is how `foundry` spells it, with its verbs for one model."""
    for name in ("models", "model"):
        parser = add(name, "models", "list the models, or tell about one")
        actions = _actions(parser)
        for word in ("list", "ls"):
            listing = add(word, "models", "list the models", actions)
            listing.add_argument(
                "query",
                nargs="*",
                metavar="WORD",
                help="as in the search: qwen device:gpu",
            )
            listing.add_argument("--sort", choices=SORT_KEYS, default="state", help="the order")
            listing.add_argument("--reverse", action="store_true", help="turn the order round")
            listing.add_argument(
                "--context", type=positive, metavar="N", help="tokens that the fit plans for"
            )
            listing.set_defaults(action="list")
        versus = add("compare", "models", "show models side by side", actions)
        versus.add_argument("models", metavar="X", nargs="+", help="two or more")
        versus.set_defaults(action="compare")
        info = add("info", "models", "tell all that is known about one model", actions)
        info.add_argument("model", metavar="X", help="alias or variant id")
        info.set_defaults(action="info")
        if name == "model":
            _one_model(add, actions)


def _one_model(add: Any, on: Any = None) -> None:
    """Add the verbs for one model, to the top or to `model`."""
    where = () if on is None else (on,)
    run = add("run", "run", "download if needed, load, and serve until ctrl+c", *where)
    run.add_argument("model", metavar="X", help="alias or variant id")
    run.add_argument("--once", action="store_true", help="load, report, and leave")
    run.add_argument("--verbose", action="store_true", help="print what the tool behind it says")
    for verb, text in (
        ("download", "fetch a model into the cache"),
        ("load", "bring a model into the memory of a service that stays"),
        ("unload", "drop a model from the memory of a service that stays"),
    ):
        parser = add(verb, verb, text, *where)
        parser.add_argument("model", metavar="X", help="alias or variant id")


def _cache(add: Any) -> None:
    parser = add("cache", "cache", "list what is on disk, say where, or delete")
    actions = _actions(parser)
    for word in ("list", "ls"):
        add(word, "cache", "list what is on disk", actions).set_defaults(action="list")
    move = add("cd", "cache", "keep the models in another directory", actions)
    move.add_argument("folder", metavar="DIR", type=Path, help="a directory that exists")
    move.set_defaults(action="cd")
    add("location", "cache", "say where the models are", actions).set_defaults(action="location")
    export = add("export", "cache", "write a model into one file, to carry it over", actions)
    export.add_argument("model", metavar="X", help="alias or variant id, on disk")
    export.add_argument("file", metavar="FILE|DIR", type=Path, help="what to write")
    export.set_defaults(action="export")
    verify = add("verify", "cache", "compare a bundle with its checksums", actions)
    verify.add_argument("file", metavar="FILE", type=Path, help="a bundle")
    verify.set_defaults(action="verify")
    doctor = add("doctor", "cache", "look for what is wrong on disk", actions)
    doctor.add_argument(
        "--repair", action="store_true", help="delete partial downloads and a stale catalog copy"
    )
    doctor.set_defaults(action="doctor")
    for word in ("rm", "remove"):
        remove = add(word, "cache", "delete models from disk", actions)
        remove.add_argument("models", metavar="X", nargs="+", help="alias or variant id")
        remove.set_defaults(action="rm")


def _doing(add: Any) -> None:
    importing = add("import", "importing", "add your own model directory")
    importing.add_argument(
        "folder", metavar="DIR|FILE", type=Path, help="holds genai_config.json; or a bundle of it"
    )
    importing.add_argument("--name", required=True, help="what to call the model")
    _one_model(add)
    for name in ("service", "server"):
        service = add(name, "service", "start, stop or look at the service of foundry")
        actions = _actions(service)
        service.set_defaults(action="status")
        for action in ("status", "start", "stop", "restart", "logs"):
            add(action, "service", f"{action} of the service", actions).set_defaults(action=action)


def _talking(add: Any) -> None:
    chat = add("chat", "chat", "ask a model; without a prompt, standard input is read")
    chat.add_argument("model", metavar="X", help="alias or variant id")
    chat.add_argument("prompt", nargs="?", help="'-' also means standard input")
    chat.add_argument(
        "--raw", action="store_true", help="no chat template: let /v1/completions write on"
    )
    chat.add_argument("--system", metavar="TEXT", help="system prompt")
    chat.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer")
    chat.add_argument("--temperature", type=float, metavar="T", help="0 to 2")
    chat.add_argument("--seed", type=int, metavar="N", help="for repeatable answers")
    bench = add("bench", "bench", "measure two or more models side by side")
    bench.add_argument("--models", required=True, type=names, metavar="A,B", help="what to measure")
    bench.add_argument("--prompts", type=Path, metavar="FILE", help=".txt, .json or .toml")
    bench.add_argument("--rounds", type=positive, metavar="N", help="measured rounds")
    bench.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer")
    bench.add_argument("--timeout", type=float, metavar="S", help="seconds for one request")
    bench.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each request")


def _choosing(add: Any) -> None:
    select = add("select", "select", "choose the registry's model for a task on this machine")
    select.add_argument("--task", required=True, metavar="T", help="chat, code, embeddings ...")
    select.add_argument("--by", choices=RULES, help="what was measured, not the order of the file")
    select.add_argument(
        "--ram-gb", type=float, metavar="N", help="as if the machine had this many GiB"
    )
    _registry(add)
    doctor = add("doctor", "doctor", "check this machine and this installation")
    doctor.add_argument(
        "--probe", action="store_true", help="let a loaded model answer with one token"
    )
    config = add("config", "config", "say where the settings are, or print them")
    actions = _actions(config)
    config.set_defaults(action="print")
    add("path", "config", "say where the settings are", actions).set_defaults(action="path")
    add("print", "config", "print the settings in force", actions).set_defaults(action="print")


def _registry(add: Any) -> None:
    registry = add("registry", "registry", "show or change the team's registry, models.json")
    actions = _actions(registry)
    add("list", "registry", "list its entries", actions).set_defaults(action="list")
    for action, text in (("add", "add an entry"), ("edit", "change an entry")):
        parser = add(action, "registry", text, actions)
        parser.add_argument("name", metavar="NAME", help="alias or variant id without device")
        needed = action == "add"
        parser.add_argument("--task", metavar="T", required=needed, help="chat, code ...")
        parser.add_argument("--min-ram-gb", type=float, metavar="N", required=needed, help="GiB")
        parser.add_argument("--notes", metavar="TEXT", help="a few words")
        parser.set_defaults(action=action)
    for action, text in (
        ("remove", "remove an entry"),
        ("contribute", "put what was measured here into an entry; shows it first"),
    ):
        parser = add(action, "registry", text, actions)
        parser.add_argument("name", metavar="NAME", help="an entry")
        parser.set_defaults(action=action)
        if action == "contribute":
            parser.add_argument("--yes", action="store_true", help="write it")
    merge = add("merge", "registry", "take over what a colleague's file has; shows it", actions)
    merge.add_argument("file", metavar="FILE", type=Path, help="the colleague's models.json")
    merge.add_argument("--base", metavar="FILE", type=Path, help="what both came from")
    merge.add_argument("--yes", action="store_true", help="write it")
    merge.set_defaults(action="merge")


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
