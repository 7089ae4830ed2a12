"""Proves that a `foundry` on PATH is Foundry Local's, and tells which generation it is."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from tui.foundry.commands.preview import PreviewGrammar
from tui.foundry.commands.printed import lines_of, text_of
from tui.foundry.commands.process import CommandLine
from tui.foundry.commands.service import ServiceGrammar
from tui.foundry.errors import FoundryError

VERSION_LIMIT_S = 10.0
HELP_LIMIT_S = 10.0
FIRST_PREVIEW = (0, 10)
_VERSION = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?(?:[.+-][\w.+-]*)?$")

Grammar = ServiceGrammar | PreviewGrammar


@dataclass(frozen=True, slots=True)
class Identity:
    """What the binary is."""

    version: str
    """As it prints it, the build left out: `0.8.119`."""
    grammar: Grammar


def read_version(data: bytes) -> str | None:
    """Return the version that `foundry --version` prints, without build; None for anything else.

    Other programs are called foundry too: they print more than a bare version.
    """
    for line in lines_of(data):
        if match := _VERSION.match(line.strip()):
            return ".".join(part for part in match.groups() if part is not None)
    return None


def is_preview(version: str) -> bool:
    """Tell the generation by the version: 0.10 and later drive a daemon by `server`."""
    major, minor, *_ = (int(part) for part in version.split("."))
    return (major, minor) >= FIRST_PREVIEW


def read_groups(data: bytes) -> set[str]:
    """Return the command groups in the text of `foundry --help` that tell the generations apart."""
    words = re.findall(r"(?m)^\s{2,}(server|service|model|cache)\b", text_of(data))
    return set(words)


def read_describe(data: bytes) -> str:
    """Return whether `foundry model --help` calls the details of a model `info` or `show`."""
    words = re.findall(r"(?m)^\s{2,}(info|show)\b", text_of(data))
    return "show" if "show" in words and "info" not in words else "info"


async def identify(command: CommandLine) -> Identity | str:
    """Ask the binary who it is; returns why it is not used where it is no Foundry Local."""
    try:
        printed = await command.run(("--version",), limit_s=VERSION_LIMIT_S)
        version = read_version(printed.data)
        if version is None:
            return "it does not tell a version as Foundry Local's command does"
        top, model = await asyncio.gather(
            command.run(("--help",), limit_s=HELP_LIMIT_S),
            command.run(("model", "--help"), limit_s=HELP_LIMIT_S),
        )
    except FoundryError as error:
        return error.message.rstrip(".")
    groups = read_groups(top.data)
    if "model" not in groups:
        return f"version {version}, but its help names no models: it is another program"
    # The help is what it can do; the version only what it is called.
    preview = "server" in groups if groups & {"server", "service"} else is_preview(version)
    describe = read_describe(model.data)
    if preview:
        return Identity(version, PreviewGrammar(describe))
    run = await _help_of(command, ("model", "run", "--help"))
    return Identity(version, ServiceGrammar(describe, retains=b"--retain" in run))


async def _help_of(command: CommandLine, arguments: tuple[str, ...]) -> bytes:
    try:
        return (await command.run(arguments, limit_s=HELP_LIMIT_S)).data
    except FoundryError:
        return b""
