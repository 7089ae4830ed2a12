"""What a person may want done with models on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tui.cache.bundle import Form
from tui.cache.carrier import Way
from tui.cache.findings import Finding
from tui.cache.moving import MovePlan


@dataclass(frozen=True, slots=True)
class Update:
    """Download the newest version; the old one stays."""

    variant_id: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """Delete the newest version on disk, so that the one before it is used again."""

    variant_id: str


@dataclass(frozen=True, slots=True)
class Clean:
    """Delete old versions."""

    variant_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Keep the models in another directory."""

    plan: MovePlan
    way: Way


@dataclass(frozen=True, slots=True)
class Mend:
    """Carry out repairs of the doctor."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CheckSums:
    """Compare all models with their checksums, and take those that are missing."""


@dataclass(frozen=True, slots=True)
class Export:
    """Write a model into a bundle."""

    variant_id: str
    target: Path
    form: Form


@dataclass(frozen=True, slots=True)
class Verify:
    """Compare a bundle with its checksums."""

    path: Path


CacheWish = Update | RollBack | Clean | MoveTo | Mend | CheckSums | Export | Verify
