"""The grammar of the service generation, 0.3 to 0.9: what to ask, and how to read its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tui.foundry.commands.narration import read_line
from tui.foundry.commands.printed import (
    is_blank,
    is_log_line,
    lines_of,
    size_bytes,
    whole_lines_of,
)
from tui.foundry.commands.records import Done, Listing, ServiceStatus
from tui.foundry.ids import provider_of
from tui.foundry.listing import Listed

GENERATION = "service"

_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\]):(\d+)")
_PID = re.compile(r"\bPID (\d+)")
_ROW = re.compile(
    r"^(?P<alias>\S*)\s+(?P<device>CPU|GPU|NPU)\s+(?P<task>\S.*?)\s+"
    r"(?P<size>\d+(?:[.,]\d+)? ?[KMGT]?B)\s+(?P<license>\S+)\s+(?P<id>\S+)\s*$"
)
_ID = re.compile(r"[A-Za-z0-9][\w./+-]*(?::\d+)?\Z")
_TABLE = re.compile(r" (?:in service|on device):$|^Alias\s+Model ID$")
_UNKNOWN = "Model was not found in catalog"
_NOISE = ("service", "provider", "blank", "log", "notice")


class ServiceGrammar:
    """Arguments and readings of the commands of `foundry` 0.3 to 0.9.

    Args:
        describe: What `foundry model --help` calls the details of a model: `info` or `show`.
        retains: Whether `model run` can be told to keep other models in memory.
    """

    generation = GENERATION
    logs_lack = (
        "This generation of foundry prints no log; `service diag` tells about the machine instead."
    )

    def __init__(self, describe: str = "info", *, retains: bool = False) -> None:
        self._describe = describe
        self._retains = retains

    # What to ask

    def status(self) -> Sequence[str]:
        """Whether the service runs, and where."""
        return ("service", "status")

    def start(self) -> Sequence[str]:
        """Start the service. What it prints must not be waited for: it never ends."""
        return ("service", "start")

    def stop(self) -> Sequence[str]:
        """Stop the service."""
        return ("service", "stop")

    def restart(self) -> Sequence[str]:
        """Restart the service, on another port as a rule."""
        return ("service", "restart")

    def logs(self) -> Sequence[str]:
        """What comes nearest to a log here."""
        return ("service", "diag")

    def models(self) -> Sequence[str]:
        """All models with all variants."""
        return ("model", "list")

    def loaded(self) -> Sequence[str]:
        """What is in memory."""
        return ("service", "ps")

    def info(self, model: str) -> Sequence[str]:
        """Details of one model."""
        return ("model", self._describe, model)

    def run(self, model: str) -> Sequence[str] | None:
        """Download if needed, load, and open a chat; with `--verbose` it tells times."""
        keep = ("--retain", "true") if self._retains else ()
        return ("model", "run", model, "--verbose", *keep)

    def download(self, model: str) -> Sequence[str]:
        """Fetch to disk."""
        return ("model", "download", model)

    def load(self, model: str) -> Sequence[str]:
        """Bring into memory."""
        return ("model", "load", model)

    def unload(self, model: str) -> Sequence[str]:
        """Drop from memory."""
        return ("model", "unload", model)

    def cached(self) -> Sequence[str]:
        """What is on disk."""
        return ("cache", "list")

    def cache_location(self) -> Sequence[str]:
        """Where the cache is."""
        return ("cache", "location")

    def cache_move(self, folder: Path) -> Sequence[str]:
        """Keep the cache elsewhere; restarts the service."""
        return ("cache", "cd", str(folder))

    def cache_remove(self, model: str) -> Sequence[str]:
        """Delete one model from disk, without the question that would wait for an answer."""
        return ("cache", "remove", model, "--yes")

    # How to read the answers

    def read_status(self, data: bytes) -> ServiceStatus:
        """Read what `service status`, `start` and `restart` print; the last word counts."""
        running, url, pid, note, error = False, None, None, "", ""
        providers: tuple[str, ...] = ()
        for line in lines_of(data):
            text = line.strip()
            if "running on " in text or "is Started on " in text:
                running, error = True, ""
                url = _usable(_URL.search(text))
                pid = int(match[1]) if (match := _PID.search(text)) else pid
            elif "is not running" in text or "Service is stopped" in text:
                running, url, pid = False, None, None
            elif text.startswith("EP autoregistration status:"):
                note = text.partition(":")[2].strip()
            elif text.startswith("Valid EPs:"):
                providers = tuple(one.strip() for one in text.partition(":")[2].split(","))
            elif text.startswith("Exception: "):
                error = text.removeprefix("Exception: ")
        return ServiceStatus(running, url, pid, providers, note, error=error)

    def read_models(self, data: bytes) -> Listing:
        """Read the table of `model list` or `model info`.

        A row is taken only where its columns stand under those of the header, so that a garbled
        line never becomes a wrong row; the variants that follow one count as not understood too,
        since their alias stood in it.
        """
        rows: dict[str, Listed] = {}
        lost: list[str] = []
        header: _Header | None = None
        alias: str | None = None
        for line in whole_lines_of(data):
            if _Header.matches(line):
                header, alias = _Header(line), None
            elif line.strip() and set(line.strip()) == {"-"}:
                alias = None
            elif is_log_line(line) or _is_noise(line):
                continue
            elif header is not None:
                row = header.read(line, alias)
                if row is None:
                    lost.append(line.strip())
                    alias = None
                else:
                    alias = row.alias
                    rows.setdefault(row.id, row)
        return Listing(tuple(rows.values()), tuple(lost), error_of(data), header is not None)

    def read_loaded(self, data: bytes) -> Listing:
        """Read the table of `service ps`."""
        return _read_marked(data, "🟢", "No models are currently loaded", loaded=True)

    def read_cached(self, data: bytes) -> Listing:
        """Read the table of `cache list`."""
        return _read_marked(data, "💾", "No models cached", cached=True)

    def read_cache_location(self, data: bytes) -> str:
        """Return the directory that `cache location` prints; '' where it prints none."""
        for line in lines_of(data):
            before, found, path = line.partition("Cache directory path:")
            if found and len(before) < 8:
                return path.strip()
        return ""

    def read_done(self, data: bytes) -> Done:
        """Read whether a command that changes something did it."""
        last = ""
        for line in map(read_line, lines_of(data)):
            if line.kind == "error":
                return Done(False, error_of(data) or line.text)
            if line.kind == "loaded":
                return Done(True, line.text)
            if line.kind not in ("blank", "log"):
                last = line.text
            if line.text.startswith("Deleted model "):
                return Done(True, line.text)
        return Done(None, last)


class _Header:
    """Where the columns of a table of models begin."""

    def __init__(self, line: str) -> None:
        self._device = line.index("Device")
        self._task = line.index("Task")
        self._size = line.index("File Size")

    @staticmethod
    def matches(line: str) -> bool:
        return (
            re.match(r"Alias\s+Device\s+Task\s+File Size\s+License\s+Model ID$", line) is not None
        )

    def read(self, line: str, alias: str | None) -> Listed | None:
        """Read one row; None where it is no proper one."""
        match = _ROW.match(line)
        if match is None:
            return None
        own = match["alias"]
        pushed = match.start("device") - self._device
        if pushed != 0 and not (own and pushed == max(0, len(own) + 1 - self._device)):
            return None
        long_task = len(match["task"]) + 1 > self._size - self._task
        if match.start("size") != self._size + pushed and not long_task:
            return None
        name = own or alias
        if not name or not _ID.match(match["id"]):
            return None
        return Listed(
            id=match["id"],
            alias=name,
            device=match["device"],
            task=match["task"].split(",")[0].strip(),
            size_bytes=size_bytes(match["size"]),
            license=match["license"],
            execution_provider=provider_of(match["id"]),
            supports_tools="tools" in match["task"].split(", ")[1:] or None,
        )


def _read_marked(
    data: bytes, mark: str, nothing: str, *, loaded: bool | None = None, cached: bool | None = None
) -> Listing:
    rows: dict[str, Listed] = {}
    lost: list[str] = []
    answered = False
    for line in whole_lines_of(data):
        text = line.strip()
        if text.startswith(nothing) or _TABLE.search(text):
            answered = True
        elif text.startswith(mark) and not _is_noise(line):
            if row := _marked_row(text.removeprefix(mark).strip(), loaded, cached):
                rows.setdefault(row.id, row)
            else:
                lost.append(text)
        elif answered and not is_log_line(line) and not _is_noise(line) and not _is_error(line):
            lost.append(text)
    return Listing(tuple(rows.values()), tuple(lost), error_of(data), answered)


def _marked_row(text: str, loaded: bool | None, cached: bool | None) -> Listed | None:
    if text.startswith(_UNKNOWN):
        name = text.removeprefix(_UNKNOWN).strip()
        known, alias = False, name
    else:
        # The alias may be several words, an id never is.
        alias, _, name = text.rpartition(" ")
        alias = alias.rstrip()
        known = alias.casefold() != name.casefold()
    if not alias or not _ID.match(name):
        return None
    return Listed(id=name, alias=alias, loaded=loaded, cached=cached, known=known)


def _is_noise(line: str) -> bool:
    return is_blank(line) or read_line(line).kind in _NOISE


def _is_error(line: str) -> bool:
    return read_line(line).kind == "error"


def _usable(match: re.Match[str] | None) -> str | None:
    # Port 0 is what a service prints that could not listen; it has to be restarted.
    return match[0] if match is not None and match[1] != "0" else None


def error_of(data: bytes) -> str:
    """Return what an output says went wrong, with the cause that follows it; '' where nothing."""
    said: list[str] = []
    for line in lines_of(data):
        text = line.strip()
        if text.startswith("Exception: "):
            said = [text.removeprefix("Exception: ")]
        elif said and text and not is_log_line(text) and not text.startswith("Please check"):
            said.append(text)
    return " ".join(dict.fromkeys(said))[:600]
