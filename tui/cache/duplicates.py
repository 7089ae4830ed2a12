"""Finds models that are on disk twice under two names."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui.cache.checksums import checkable, files_of
from tui.cache.findings import Finding
from tui.cache.notes import CacheNotes
from tui.cache.versions import same_name
from tui.formats import format_bytes
from tui.foundry.types import CacheEntry

LEAST_BYTES = 1024 * 1024
"""Files smaller than that say nothing about whether two models are one."""
SAMPLE_BYTES = 256 * 1024
SAMPLES = 16

Weights = tuple[tuple[int, Path], ...]
"""Size and place of the big files, the biggest first."""


def find_duplicates(entries: Sequence[CacheEntry], notes: CacheNotes) -> Iterator[Finding]:
    """Yield a finding for each model whose weights another has as well. Reads samples of them.

    Of two the one that was used longer ago is named; links to the same files are no copies.
    """
    groups: dict[tuple[int, ...], list[tuple[CacheEntry, Weights]]] = defaultdict(list)
    for entry in checkable(entries):
        try:
            if weights := _weights(entry.path):
                groups[tuple(size for size, _ in weights)].append((entry, weights))
        except OSError:
            continue  # gone meanwhile
    for group in groups.values():
        if len(group) > 1:
            yield from _copies(group, notes)


def _copies(group: list[tuple[CacheEntry, Weights]], notes: CacheNotes) -> Iterator[Finding]:
    def used_s(pair: tuple[CacheEntry, Weights]) -> float:
        return notes.last_used_s(pair[0].variant_id) or 0.0

    kept: dict[str, tuple[CacheEntry, Weights]] = {}
    for entry, weights in sorted(group, key=used_s, reverse=True):
        try:
            print_ = _fingerprint(weights)
        except OSError:
            continue
        first = kept.setdefault(print_, (entry, weights))
        if same_name(first[0].variant_id, entry.variant_id):
            continue  # itself, or another version of it, which is told apart
        if first[1][0][1].samefile(weights[0][1]):
            continue
        own = not entry.linked
        yield Finding(
            "duplicate",
            f"{entry.variant_id}: the same weights as {first[0].variant_id}, "
            f"{format_bytes(entry.size_bytes)} twice.",
            "Delete one of them." if own else "One can go; this one only links to its files.",
            entry.size_bytes, entry.path, entry.variant_id, "delete" if own else "by hand",
        )  # fmt: skip


def _weights(folder: Path) -> Weights:
    sized = ((path.stat().st_size, path.resolve()) for _, path in files_of(folder))
    return tuple(sorted((pair for pair in sized if pair[0] >= LEAST_BYTES), reverse=True))


def _fingerprint(weights: Weights) -> str:
    """Return a digest of samples from all over the files; equal weights have equal ones."""
    digest = hashlib.sha256()
    for size, path in weights:
        with path.open("rb") as file:
            for number in range(SAMPLES):
                file.seek(max(0, (size - SAMPLE_BYTES) * number // (SAMPLES - 1)))
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()
