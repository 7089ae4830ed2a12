"""Looks for what is wrong in the model cache, and says how to mend it. Reads the disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tui.formats import format_age, format_bytes
from tui.foundry.ids import same_variant, split_version
from tui.foundry.types import CacheEntry, CacheInfo, Model, Variant

Kind = Literal["partial", "orphan", "incomplete", "too small", "unknown", "older", "stale"]
Repair = Literal["delete", "delete file", "by hand"]

IDENTITY, CONFIG, CATALOG_COPY = (
    "inference_model.json",
    "genai_config.json",
    "foundry.modelinfo.json",
)
STALE_AFTER_S = 24 * 3600
"""The service renews its copy of the catalog every four hours."""
LEAST_SHARE = 0.9
"""Of the catalog's size; sizes are given in whole megabytes there."""
DEPTH = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or in the way. Text in it comes from outside: clean it."""

    kind: Kind
    what: str
    """A sentence."""
    mend: str
    """What to do about it."""
    size_bytes: int
    path: Path
    variant_id: str
    repair: Repair

    @property
    def key(self) -> str:
        """Tell it from the others."""
        return f"{self.kind}:{self.path}:{self.variant_id}"


def examine(
    cache: CacheInfo, models: Sequence[Model], now_s: float | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong in a cache, the biggest first.

    Args:
        cache: What the backend says is on disk.
        models: Its catalog.
        now_s: Seconds since the epoch; by default now.
    """
    known = [variant for model in models for variant in model.variants]
    found = [finding for entry in cache.entries for finding in _entry(entry, known, cache.entries)]
    found += _catalog_copy(cache.location, time.time() if now_s is None else now_s)
    return tuple(sorted(found, key=lambda one: -one.size_bytes))


def _entry(
    entry: CacheEntry, known: Sequence[Variant], others: Sequence[CacheEntry]
) -> Iterator[Finding]:
    name = entry.variant_id or entry.path.name
    size = format_bytes(entry.size_bytes)

    def finding(kind: Kind, what: str, mend: str, repair: Repair = "delete") -> Finding:
        able = repair if entry.variant_id else "by hand"
        return Finding(kind, what, mend, entry.size_bytes, entry.path, entry.variant_id, able)

    if entry.state == "partial":
        yield finding(
            "partial", f"{name}: a download that ended early, {size}.",
            "Download it again to go on, or delete it.",
        )  # fmt: skip
        return
    if entry.state == "orphan":
        yield finding(
            "orphan", f"{name}: {size} that belong to no model.",
            "Look into the directory, and delete it by hand.", "by hand",
        )  # fmt: skip
        return
    if entry.origin != "catalog" or not entry.modified_at:
        return  # ours, checked when it was imported; or not to be seen from here
    missing = [file for file in (CONFIG, IDENTITY) if not _has(entry.path, file)]
    if missing:
        yield finding(
            "incomplete", f"{name}: {' and '.join(missing)} missing.",
            "Delete it and download it again.",
        )  # fmt: skip
    variant = next((one for one in known if same_variant(one.id, entry.variant_id)), None)
    if variant is None:
        yield finding(
            "unknown", f"{name}: no catalog knows it; it could not be downloaded again.",
            "Keep it if you use it.", "by hand",
        )  # fmt: skip
    elif variant.size_bytes and entry.size_bytes < LEAST_SHARE * variant.size_bytes and not missing:
        yield finding(
            "too small",
            f"{name}: {size} on disk, the catalog says {format_bytes(variant.size_bytes)}.",
            "If it does not load, delete it and download it again.",
        )
    if newer := _newer(entry, others):
        yield finding(
            "older", f"{name}: version {newer} is on disk too, {size} could be freed.",
            "Delete the older one once the newer works.",
        )  # fmt: skip


def _newer(entry: CacheEntry, others: Sequence[CacheEntry]) -> int | None:
    name, version = split_version(entry.variant_id)
    if version is None:
        return None
    versions = [
        other_version
        for other in others
        if other.state == "complete"
        for other_name, other_version in [split_version(other.variant_id)]
        if other_name.casefold() == name.casefold() and (other_version or 0) > version
    ]
    return max((one for one in versions if one is not None), default=None)


def _has(folder: Path, file: str) -> bool:
    """Tell whether a file is in a directory or not far below it."""
    patterns = ("/".join(["*"] * depth + [file]) for depth in range(DEPTH))
    try:
        return any(next(folder.glob(pattern), None) is not None for pattern in patterns)
    except OSError:
        return False


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
        len(data), path, "", "delete file",
    )  # fmt: skip
