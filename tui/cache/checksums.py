"""Checksums of model directories: taken once, compared later, so that corruption is found.

No source gives checksums: neither the catalog nor the storage that models come from. So they are
taken at the first sight of a whole model, or with a bundle, whose manifest brings them along.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.cache.findings import Finding
from tui.cache.notes import CacheNotebook, FileSum, FileSums
from tui.cache.threads import Tell, part_of
from tui.formats import format_bytes
from tui.foundry.on_disk.local_models import IDENTITY, MARKER, OWNED
from tui.foundry.types import CacheEntry

CHUNK_BYTES = 4 * 1024 * 1024
OURS = (MARKER, OWNED, IDENTITY)
"""Written by us, or by a repair of ours: no part of what was downloaded."""
EDITABLE = (".json", ".jinja", ".txt", ".md")
"""Endings of files that a person may change on purpose."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of all models gave."""

    findings: tuple[Finding, ...]
    compared: int
    """Models that were compared with earlier checksums."""
    taken: int
    """Models whose checksums were taken for the first time."""

    def sentence(self) -> str:
        """Say it."""
        parts = []
        if self.compared:
            parts.append(f"{self.compared} compared")
        if self.taken:
            parts.append(f"{self.taken} taken for the first time")
        wrong = len(self.findings)
        end = f"{wrong} differ{'s' if wrong == 1 else ''}" if wrong else "nothing differs"
        return f"Checksums: {', '.join(parts) or 'no model is whole'}; {end}."


def checkable(entries: Iterable[CacheEntry]) -> list[CacheEntry]:
    """Return the entries that have files of their own to check; what ships is not kept here."""
    return [
        entry
        for entry in entries
        if entry.state == "complete" and entry.modified_at and entry.origin != "demo"
    ]


def take(folder: Path, tell: Tell) -> FileSums:
    """Read all files of a directory. Raises `OSError`.

    Args:
        folder: Links to files in it are followed.
        tell: Told bytes read and bytes in all; what it raises ends the work.
    """
    files = dict(files_of(folder))
    total, done = sum(path.stat().st_size for path in files.values()), 0
    sums: dict[str, FileSum] = {}
    for name, path in files.items():
        digest = hashlib.sha256()
        status = path.stat()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                tell(done, total)
        sums[name] = (status.st_size, status.st_mtime_ns, digest.hexdigest())
    return sums


def files_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a model by their path below its directory, those of ours left out."""
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(parent, name)
            if name not in OURS and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def glance(entry: CacheEntry, kept: FileSums) -> Finding | None:
    """Compare names and sizes alone, which costs next to nothing."""
    found = {name: path.stat().st_size for name, path in files_of(entry.path)}
    wrong = [name for name, (size, _, _) in kept.items() if found.get(name) != size]
    return _finding(entry, wrong, found) if wrong else None


def check_all(entries: Iterable[CacheEntry], notebook: CacheNotebook, tell: Tell) -> Checked:
    """Compare all models with their checksums; take those that have none yet. Blocks.

    Args:
        entries: What is on disk.
        notebook: Where the checksums are.
        tell: Told bytes read and bytes in all.

    Raises:
        DatabaseError: The notebook cannot be used.
    """
    wanted = checkable(entries)
    total, done = sum(entry.size_bytes for entry in wanted), 0
    findings: list[Finding] = []
    compared = taken = 0
    for entry in wanted:
        kept = notebook.checksums(entry.path)
        try:
            now = take(entry.path, part_of(tell, done, total))
        except OSError as error:
            findings.append(_unreadable(entry, error))
            continue
        done += entry.size_bytes
        if kept is None:
            notebook.keep_checksums(entry.path, now)
            taken += 1
            continue
        compared += 1
        wrong = [name for name, (_, _, sha) in kept.items() if now.get(name, (0, 0, ""))[2] != sha]
        if wrong:
            sizes = {name: size for name, (size, _, _) in now.items()}
            findings.append(_finding(entry, wrong, sizes))
    return Checked(tuple(findings), compared, taken)


def _finding(entry: CacheEntry, wrong: list[str], found: dict[str, int]) -> Finding:
    missing = [name for name in wrong if name not in found]
    names = ", ".join(wrong[:3]) + (" …" if len(wrong) > 3 else "")
    edited = not missing and all(name.lower().endswith(EDITABLE) for name in wrong)
    if edited:
        return Finding(
            "changed", f"{entry.variant_id}: {names} changed since the checksums were taken.",
            "If you changed it, accept it; else delete the model and get it again.",
            entry.size_bytes, entry.path, entry.variant_id, "accept",
        )  # fmt: skip
    verb = "missing" if len(missing) == len(wrong) else "not as it was"
    again = "Import it again." if entry.origin == "imported" else "Delete it and download it again."
    return Finding(
        "damaged", f"{entry.variant_id}: {names} {verb}.", again,
        entry.size_bytes, entry.path, entry.variant_id, "delete",
    )  # fmt: skip


def _unreadable(entry: CacheEntry, error: OSError) -> Finding:
    return Finding(
        "damaged",
        f"{entry.variant_id}: its {format_bytes(entry.size_bytes)} cannot be read: "
        f"{error.strerror or error}.",
        "Look at the disk; then delete it and get it again.",
        entry.size_bytes, entry.path, entry.variant_id, "delete",
    )  # fmt: skip
