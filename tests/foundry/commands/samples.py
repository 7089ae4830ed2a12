"""Made-up outputs in the formats that the real tools were seen to print."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "data" / "foundry"


def sample(name: str) -> bytes:
    """Return the bytes of one sample."""
    return (FOLDER / name).read_bytes()
