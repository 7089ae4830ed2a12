"""Rows and sums of the cache pane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.cache.entries import build_cache_rows, summarize
from tui.foundry.types import CacheEntry, CacheInfo

MB = 1_000_000
PLAIN = CacheEntry("Phi-4-mini-generic-cpu:5", Path("/c/phi"), 900 * MB, 1.0)
CACHE = CacheInfo(
    Path("/c"),
    (
        replace(PLAIN, variant_id="", path=Path("/c/old"), size_bytes=7 * MB, state="orphan"),
        replace(PLAIN, variant_id="half:1", path=Path("/c/half"), size_bytes=5, state="partial"),
        PLAIN,
        replace(PLAIN, variant_id="mine:1", path=Path("/c/mine"), origin="imported", linked=True),
        replace(PLAIN, variant_id="demo:1", path=Path("/c/demo"), size_bytes=2 * MB, origin="demo"),
    ),
    free_bytes=80_000 * MB,
)


def test_order_and_states() -> None:
    rows = build_cache_rows(CACHE, ["phi-4-MINI-generic-cpu"])
    assert [(row.label, row.version, row.state) for row in rows] == [
        ("Phi-4-mini-generic-cpu", 5, "loaded"),
        ("demo", 1, "cached"),
        ("mine", 1, "cached"),
        ("half", 1, "partial"),
        ("old", None, "orphan"),
    ]
    assert [row.deletable for row in rows] == [True, True, True, True, False]
    assert len({row.key for row in rows}) == 5


def test_what_deleting_frees_and_does() -> None:
    rows = {row.label: row for row in build_cache_rows(CACHE, ())}
    assert rows["Phi-4-mini-generic-cpu"].frees_bytes == 900 * MB
    assert rows["mine"].frees_bytes == 0
    assert "stays" in rows["mine"].note
    assert "Ships" in rows["demo"].note
    assert "goes on from here" in rows["half"].note
    assert all(row.note.endswith(".") for row in rows.values())


def test_sums() -> None:
    summary = summarize(CACHE)
    assert (summary.variants, summary.leftover_bytes) == (3, 7 * MB + 5)
    assert summary.total_bytes == CACHE.total_bytes
    assert summarize(CacheInfo(Path("/c"), (), 1)).variants == 0
