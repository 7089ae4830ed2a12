"""Looks for what is wrong in the model cache, and says how to mend it. Reads the disk."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from tui.cache.checksums import checkable, glance
from tui.cache.duplicates import find_duplicates
from tui.cache.findings import Finding, Kind, Repair
from tui.cache.notes import CacheNotebook, CacheNotes
from tui.cache.versions import OldVersion, old_versions
from tui.database import DatabaseError
from tui.formats import format_age, format_bytes
from tui.foundry.ids import same_variant, split_version
from tui.foundry.on_disk.local_models import IDENTITY
from tui.foundry.on_disk.sizes import walk
from tui.foundry.types import CacheEntry, CacheInfo, Model, Variant

CONFIG, CATALOG_COPY = "genai_config.json", "foundry.modelinfo.json"
STALE_AFTER_S = 24 * 3600
"""The service renews its copy of the catalog every four hours."""
UNTOUCHED_S = 3600
"""A copy that nobody has written to for as long was left off."""
LEAST_SHARE = 0.9
"""Of the catalog's size; sizes are given in whole megabytes there."""
DEPTH = 3


def examine(
    cache: CacheInfo,
    models: Sequence[Model],
    now_s: float | None = None,
    notes: CacheNotes | None = None,
    notebook: CacheNotebook | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong in a cache, the biggest first.

    Args:
        cache: What the backend says is on disk.
        models: Its catalog.
        now_s: Seconds since the epoch; by default now.
        notes: What this program remembers about it.
        notebook: Where the checksums are; None looks at none.
    """
    now_s, notes = time.time() if now_s is None else now_s, notes or CacheNotes()
    known = [variant for model in models if not model.local for variant in model.variants]
    old = {one.entry: one for one in old_versions(cache, notes)}
    found: list[Finding] = []
    for entry in cache.entries:
        found += _entry(entry, known if models else None, old.get(entry))
    found += _unfinished(cache.location, now_s)
    found += _catalog_copy(cache.location, now_s)
    found += find_duplicates(cache.entries, notes)
    if notebook is not None:
        found += _changed(cache.entries, notebook)
    return tuple(sorted(found, key=lambda one: -one.size_bytes))


def _entry(
    entry: CacheEntry, known: Sequence[Variant] | None, old: OldVersion | None
) -> Iterator[Finding]:
    name = entry.variant_id or entry.path.name
    size = format_bytes(entry.size_bytes)

    def finding(
        kind: Kind, what: str, mend: str, repair: Repair = "delete", *, certain: bool = False
    ) -> Finding:
        # What no model is known in cannot be named to the backend.
        able = "delete folder" if repair == "delete" and not entry.variant_id else repair
        return Finding(
            kind, what, mend, entry.size_bytes, entry.path, entry.variant_id, able, certain
        )

    if entry.state == "partial":
        yield finding(
            "partial", f"{name}: a download that ended early, {size}.",
            "Download it again to go on, or delete it.", certain=True,
        )  # fmt: skip
        return
    if entry.state == "orphan" and entry.origin != "catalog":
        yield finding(
            "dangling", f"{name}: its files are gone: {_source(entry.path)}.",
            "Bring the directory back, or delete the entry and import it from its new place.",
        )  # fmt: skip
        return
    has_config, has_identity = _has(entry.path, CONFIG), _has(entry.path, IDENTITY)
    if entry.state == "orphan":
        if entry.variant_id and has_config and not has_identity:
            yield finding(
                "unnamed", f"{name}: {IDENTITY} is missing, so the model is not found.",
                "Write it anew.", "write identity", certain=True,
            )  # fmt: skip
        else:
            yield finding(
                "orphan", f"{name}: {size} that belong to no model.",
                "Look into the directory; delete it if you do not know it.", "delete folder",
            )  # fmt: skip
        return
    if entry.origin != "catalog" or not entry.modified_at:
        return  # ours, checked when it was imported; or not to be seen from here
    if _is_dangling(entry.path):
        yield finding(
            "dangling", f"{name}: the files that it links to are gone.",
            "Delete the links, and download it again.", certain=True,
        )  # fmt: skip
        return
    if not has_config:
        yield finding(
            "incomplete", f"{name}: {CONFIG} missing.", "Delete it and download it again.",
            certain=True,
        )  # fmt: skip
    elif not has_identity:
        yield finding(
            "unnamed", f"{name}: {IDENTITY} missing.", "Write it anew.", "write identity",
            certain=True,
        )  # fmt: skip
    yield from _against_catalog(entry, known, finding, check_size=has_config and has_identity)
    if old is not None:
        newer = split_version(old.newer_id)[1]
        mend = "It can go: the newer has worked." if old.worked else "Delete it once that works."
        yield finding(
            "older", f"{name}: version {newer} is on disk too, {size} could be freed.", mend,
            certain=old.worked,
        )  # fmt: skip


def _against_catalog(
    entry: CacheEntry, known: Sequence[Variant] | None, finding: Callable[..., Finding],
    *, check_size: bool,
) -> Iterator[Finding]:  # fmt: skip
    if known is None:
        return
    variant = next((one for one in known if same_variant(one.id, entry.variant_id)), None)
    if variant is None:
        yield finding(
            "unknown",
            f"{entry.variant_id}: no catalog knows it; it could not be downloaded again.",
            "Keep it if you use it.",
        )
    elif check_size and variant.size_bytes and entry.size_bytes < LEAST_SHARE * variant.size_bytes:
        yield finding(
            "too small",
            f"{entry.variant_id}: {format_bytes(entry.size_bytes)} on disk, the catalog says "
            f"{format_bytes(variant.size_bytes)}.",
            "If it does not load, delete it and download it again.",
        )


def _has(folder: Path, file: str) -> bool:
    """Tell whether a file is in a directory or not far below it."""
    patterns = ("/".join(["*"] * depth + [file]) for depth in range(DEPTH))
    try:
        return any(next(folder.glob(pattern), None) is not None for pattern in patterns)
    except OSError:
        return False


def _is_dangling(folder: Path) -> bool:
    """Tell whether links in it lead nowhere."""
    return any(
        path.is_symlink() and not path.exists()
        for parent, _, names in os.walk(folder)
        for path in (Path(parent, name) for name in names)
    )


def _source(folder: Path) -> str:
    """Return the directory that an imported model came from."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_symlink():
            return str(Path(os.readlink(path)).parent)
    return "their directory"


def _unfinished(location: Path, now_s: float) -> Iterator[Finding]:
    """Find copies that a move began, which ended with the program."""
    for pattern in (".*.part", "*/.*.part"):
        try:
            folders = [path for path in location.glob(pattern) if path.is_dir()]
        except OSError:
            return
        for folder in folders:
            measured = walk(folder)[1]
            if now_s - measured.modified_at < UNTOUCHED_S:
                continue
            yield Finding(
                "unfinished",
                f"{folder.name}: a copy that was left off, {format_bytes(measured.size_bytes)}.",
                "Delete it.", measured.size_bytes, folder, "", "delete folder", certain=True,
            )  # fmt: skip


def _changed(entries: Iterable[CacheEntry], notebook: CacheNotebook) -> Iterator[Finding]:
    for entry in checkable(entries):
        with contextlib.suppress(OSError, DatabaseError):
            kept = notebook.checksums(entry.path)
            if kept is not None and (finding := glance(entry, kept)):
                yield finding


def _catalog_copy(location: Path, now_s: float) -> Iterator[Finding]:
    """Find an old copy of the catalog, which a service that cannot renew it goes on using."""
    path = location / CATALOG_COPY
    try:
        data = path.read_bytes()
        saved = json.loads(data).get("savedAtUnix")
    except FileNotFoundError:
        return
    except (OSError, ValueError, AttributeError):
        saved, data = None, b""
    fine = isinstance(saved, int | float) and not isinstance(saved, bool)
    if fine and now_s - saved < STALE_AFTER_S:
        return
    age = f"is {format_age(now_s - saved)}" if fine else "cannot be read"
    yield Finding(
        "stale", f"The service's copy of the catalog {age}.",
        "Delete the file: the service fetches it anew when there is a network.",
        len(data), path, "", "delete file", certain=True,
    )  # fmt: skip
