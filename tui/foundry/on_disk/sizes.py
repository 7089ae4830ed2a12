"""Sizes of model directories, kept in a file: a second start need not walk all of them again.

A directory's time changes when a file comes into it, leaves it or gets another name. What a
download wrote is not changed afterwards, so a size holds as long as the times of the directory
and of those in it hold.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.foundry.on_disk.model_folder import read_json

DOWNLOAD_MARKS = (".dlstate", "download.tmp")
MODEL_FILES = ("inference_model.json", "genai_config.json")
MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Measured:
    """What walking a directory gave."""

    size_bytes: int
    """Of all files, those behind links included; of a partial download what it has on disk."""
    partial: bool
    modified_at: float
    """Seconds since the epoch, of the newest entry in it."""
    linked: bool = False
    """Whether files in it are links to files elsewhere."""
    marked: bool = False
    """Whether a download left its marks: then it is one, whatever else there is."""


class KeptSizes:
    """Measures directories, and remembers what it measured.

    Args:
        file: Where it is kept, by path; None keeps nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        stored = (read_json(file) or {}).get("folders") if file else None
        self._known: dict[str, Any] = stored if isinstance(stored, dict) else {}
        self._changed = False

    def of(self, folder: Path) -> Measured:
        """Return the measure of a directory, from memory where nothing in it moved."""
        if (kept := self._kept(folder)) is not None:
            return kept
        times, measured = walk(folder)
        if not measured.partial and self._file is not None:
            self._known.pop(str(folder), None)
            self._known[str(folder)] = {
                "times": times,
                "size_bytes": measured.size_bytes,
                "modified_at": measured.modified_at,
                "linked": measured.linked,
            }
            self._changed = True
        return measured

    def save(self) -> None:
        """Write what is new; a disk that cannot be written costs no more than another walk."""
        if self._file is None or not self._changed:
            return
        newest = dict(list(self._known.items())[-MOST_KEPT:])
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside = self._file.with_suffix(f".{os.getpid()}.tmp")
            beside.write_text(json.dumps({"schema": 1, "folders": newest}), encoding="utf-8")
            beside.replace(self._file)
        self._changed = False

    def _kept(self, folder: Path) -> Measured | None:
        kept: Any = self._known.get(str(folder))
        try:
            times: dict[str, int] = dict(kept["times"])
            held = bool(times) and all(
                os.stat(folder / name).st_mtime_ns == time_ns for name, time_ns in times.items()
            )
            if held:
                size, changed = int(kept["size_bytes"]), float(kept["modified_at"])
                return Measured(size, False, changed, bool(kept["linked"]))
        except (OSError, TypeError, KeyError, ValueError):
            pass  # nothing kept, something else in its place, or the directory is gone
        return None


def walk(folder: Path) -> tuple[dict[str, int], Measured]:
    """Measure a directory; also returns the times of all directories in it, by relative path."""
    times: dict[str, int] = {}
    whole = allocated = 0
    marked = configured = linked = False
    newest = 0.0
    for parent, _, names in os.walk(folder):
        with contextlib.suppress(OSError):
            status = os.stat(parent)
            times[os.path.relpath(parent, folder)] = status.st_mtime_ns
            newest = max(newest, status.st_mtime)
        for name in names:
            marked = marked or name.endswith(DOWNLOAD_MARKS)
            configured = configured or name in MODEL_FILES
            with contextlib.suppress(OSError):
                status = os.stat(os.path.join(parent, name))
                blocks = getattr(status, "st_blocks", None)  # Windows has none
                whole += status.st_size
                # A download makes its files in full length before it fills them.
                allocated += status.st_size if blocks is None else min(status.st_size, blocks * 512)
                own = os.lstat(os.path.join(parent, name))
                newest = max(newest, own.st_mtime)
                # A hard link's data stays until its last name goes.
                linked = linked or stat.S_ISLNK(own.st_mode) or own.st_nlink > 1
    partial = marked or not configured
    return times, Measured(allocated if partial else whole, partial, newest, linked, marked)
