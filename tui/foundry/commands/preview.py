"""The grammar of the preview generation, 0.10 and later: JSON where it has it, tables elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui.foundry.commands.narration import read_line
from tui.foundry.commands.printed import json_of, lines_of, size_bytes, whole_lines_of
from tui.foundry.commands.records import Done, Listing, ServiceStatus
from tui.foundry.commands.service import error_of
from tui.foundry.ids import provider_of
from tui.foundry.listing import Listed
from tui.foundry.text import clean_text

GENERATION = "preview"
JSON = ("--output", "json")
LOG_LINES = 200

_COLUMNS = {
    "Model Name": "alias", "Alias": "alias", "Variant": "id", "Type": "type", "Device": "device",
    "Execution Provider": "provider", "Size": "size", "Tools": "tools", "Cached": "cached",
    "Loaded": "loaded", "Model ID": "id", "Id": "id", "License": "license",
}  # fmt: skip
_TASKS = {"chat": "chat", "multimodal": "vision", "speech": "speech", "embedding": "embeddings"}
_MARKS = {"●": True, "○": False, "yes": True, "no": False}
_SUCCESS = re.compile(r"^● success: ")


class PreviewGrammar:
    """Arguments and readings of the commands of `foundry` 0.10 and later.

    Args:
        describe: What `foundry model --help` calls the details of a model: `info` or `show`.
    """

    generation = GENERATION
    logs_lack = ""

    def __init__(self, describe: str = "info") -> None:
        self._describe = describe

    # What to ask

    def status(self) -> Sequence[str]:
        """Whether the daemon runs, and where."""
        return ("server", "status", *JSON)

    def start(self) -> Sequence[str]:
        """Start the daemon. It may inherit the output: that must not be read to its end."""
        return ("server", "start")

    def stop(self) -> Sequence[str]:
        """Stop the daemon."""
        return ("server", "stop", *JSON)

    def restart(self) -> Sequence[str]:
        """Restart the daemon, on another port as a rule."""
        return ("server", "restart")

    def logs(self) -> Sequence[str]:
        """The end of the daemon's log."""
        return ("server", "logs", "-n", str(LOG_LINES))

    def models(self) -> Sequence[str]:
        """All models with all variants."""
        return ("model", "list", "--variants", *JSON)

    def loaded(self) -> Sequence[str]:
        """What is in memory."""
        return ("model", "list", "--loaded", *JSON)

    def info(self, model: str) -> Sequence[str]:
        """Details of one model."""
        return ("model", self._describe, model)

    def run(self, model: str) -> Sequence[str] | None:
        """None: `foundry run` opens a chat that needs a terminal; download and load do the same."""
        return None

    def download(self, model: str) -> Sequence[str]:
        """Fetch to disk; as text, since only that shows how far it has come."""
        return ("model", "download", model)

    def load(self, model: str) -> Sequence[str]:
        """Bring into memory."""
        return ("model", "load", model, *JSON)

    def unload(self, model: str) -> Sequence[str]:
        """Drop from memory."""
        return ("model", "unload", model, *JSON)

    def cached(self) -> Sequence[str]:
        """What is on disk, one row for each variant."""
        return ("cache", "list", "--variants", *JSON)

    def cache_location(self) -> Sequence[str]:
        """Where the cache is."""
        return ("cache", "location", *JSON)

    def cache_move(self, folder: Path) -> Sequence[str]:
        """Keep the cache elsewhere."""
        return ("cache", "cd", str(folder))

    def cache_remove(self, model: str) -> Sequence[str]:
        """Delete one model from disk without asking. Never without a model: that deletes all."""
        return ("cache", "rm", model, "--force")

    # How to read the answers

    def read_status(self, data: bytes) -> ServiceStatus:
        """Read `server status` and `server start`; of a stopped daemon the rest is stale."""
        found = json_of(data)
        if not isinstance(found, dict) or "running" not in found:
            return self._status_text(data)
        if found.get("running") is not True:
            return ServiceStatus(False, error=_said(found))
        urls = found.get("webUrls")
        first = urls[0] if isinstance(urls, list) and urls and isinstance(urls[0], str) else None
        return ServiceStatus(
            True,
            first.rstrip("/") if first and not first.endswith(":0") else None,
            _whole(found.get("pid")),
            log_file=_text(found.get("logFile")),
        )

    def _status_text(self, data: bytes) -> ServiceStatus:
        for line in reversed(lines_of(data)):
            if match := re.search(r"Server ready \((https?://[^)\s]+)\)", line):
                return ServiceStatus(True, match[1].rstrip("/"))
        return ServiceStatus(False, error=error_in(data))

    def read_models(self, data: bytes) -> Listing:
        """Read `model list`, with or without `--variants`, as JSON or as a table."""
        found = json_of(data)
        if isinstance(found, dict):
            for root in ("variants", "models"):
                if isinstance(found.get(root), list):
                    return _from_json(found[root])
        return _from_tables(data)

    def read_loaded(self, data: bytes) -> Listing:
        """Read `model list --loaded`."""
        return _marked(self.read_models(data), loaded=True)

    def read_cached(self, data: bytes) -> Listing:
        """Read `cache list`."""
        return _marked(self.read_models(data), cached=True)

    def read_cache_location(self, data: bytes) -> str:
        """Return the directory that `cache location` prints; '' where it prints none."""
        found = json_of(data)
        return _text(found.get("path")) if isinstance(found, dict) else ""

    def read_done(self, data: bytes) -> Done:
        """Read whether a command that changes something did it."""
        found = json_of(data)
        if isinstance(found, dict) and isinstance(found.get("success"), bool):
            return Done(found["success"], _said(found))
        if isinstance(found, dict) and (message := _said(found)):
            return Done(False, message)
        last = ""
        for line in lines_of(data):
            if _SUCCESS.match(line):
                return Done(True, _SUCCESS.sub("", line))
            last = line.strip() or last
        error = error_in(data)
        return Done(False, error) if error else Done(None, last)


def error_in(data: bytes) -> str:
    """Return what an output says went wrong; '' where it says nothing of the kind."""
    for line in map(read_line, lines_of(data)):
        if line.kind == "error":
            return line.text
    return error_of(data)


def _from_json(items: Sequence[Any]) -> Listing:
    rows: dict[str, Listed] = {}
    lost: list[str] = []
    for item in items:
        row = _json_row(item) if isinstance(item, Mapping) else None
        if row is None:
            lost.append(str(item)[:200])
        else:
            rows.setdefault(row.id, row)
    return Listing(tuple(rows.values()), tuple(lost), answered=True)


def _json_row(item: Mapping[str, Any]) -> Listed | None:
    name = next(
        (item[key] for key in ("variantId", "id", "modelId") if _text(item.get(key))),
        item.get("alias"),
    )
    if not isinstance(name, str) or not name.strip() or _text(name) != name:
        return None
    size_mb = item.get("fileSizeMb")
    if not isinstance(size_mb, int | float) or isinstance(size_mb, bool) or not size_mb > 0:
        size_mb = None
    kind = _text(item.get("type"))
    return Listed(
        id=name,
        alias=_text(item.get("alias")) or name,
        device=_text(item.get("device")).upper(),
        task=_TASKS.get(kind.lower(), kind.lower()),
        size_bytes=None if size_mb is None else int(size_mb * 1024 * 1024),
        license=_text(item.get("license")),
        execution_provider=_text(item.get("executionProvider")) or provider_of(name),
        cached=_flag(item.get("cached")),
        loaded=_flag(item.get("loaded")),
        supports_tools=_flag(item.get("supportsToolCalling")),
        supports_reasoning=_flag(item.get("supportsReasoning")),
    )


def _from_tables(data: bytes) -> Listing:
    rows: dict[str, Listed] = {}
    lost: list[str] = []
    columns: list[str] = []
    for line in whole_lines_of(data):
        cells = list(_cells(line))
        if len(cells) > 1 and all(cell in _COLUMNS for cell in cells):
            columns = [_COLUMNS[cell] for cell in cells]
        elif cells and columns:
            row = _table_row(dict(zip(columns, cells, strict=False)), len(cells) == len(columns))
            if row is None:
                lost.append(line.strip())
            else:
                rows.setdefault(row.id, row)
    return Listing(tuple(rows.values()), tuple(lost), error_in(data), bool(columns))


def _cells(line: str) -> Iterator[str]:
    """Yield the cells of a row between its borders; nothing for borders and other lines."""
    text = line.strip()
    if text[:1] not in "│|" or text[-1:] not in "│|" or re.fullmatch(r"[|+\-─│]+", text):
        return
    yield from (cell.strip() for cell in re.split("[│|]", text[1:-1]))


def _table_row(cells: Mapping[str, str], whole: bool) -> Listed | None:
    name = cells.get("id") or cells.get("alias", "")
    device = cells.get("device", "").upper()
    size = size_bytes(cells.get("size", ""))
    marks = {
        key: _MARKS.get(cells[key].lower()) for key in ("tools", "cached", "loaded") if key in cells
    }
    fine = whole and device in ("CPU", "GPU", "NPU") and size is not None
    if not fine or not re.fullmatch(r"[\w.:/+-]+", name) or None in marks.values():
        return None
    kind = cells.get("type", "").lower()
    return Listed(
        id=name,
        alias=cells.get("alias") or name,
        device=device,
        task=_TASKS.get(kind, kind),
        size_bytes=size,
        license=cells.get("license", ""),
        execution_provider=cells.get("provider", "") or provider_of(name),
        cached=marks.get("cached"),
        loaded=marks.get("loaded"),
        supports_tools=marks.get("tools"),
    )


def _marked(listing: Listing, *, loaded: bool | None = None, cached: bool | None = None) -> Listing:
    def mark(row: Listed) -> Listed:
        return replace(
            row,
            loaded=row.loaded if loaded is None else loaded,
            cached=True if cached or loaded else row.cached,
        )

    return replace(listing, rows=tuple(map(mark, listing.rows)))


def _said(found: Mapping[str, Any]) -> str:
    for key in ("message", "error", "detail", "errorMessage"):
        value = found.get(key)
        if isinstance(value, Mapping):
            value = _said(value)
        if text := _text(value):
            return text
    return ""


def _text(value: object) -> str:
    return clean_text(value, keep_newlines=False) if isinstance(value, str) else ""


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
