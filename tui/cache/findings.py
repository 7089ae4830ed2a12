"""What can be wrong on disk, in words, and which repair there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal[
    "partial", "orphan", "unfinished", "incomplete", "unnamed", "dangling", "too small", "unknown",
    "older", "stale", "duplicate", "damaged", "changed",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "partial", "orphan", "unfinished", "incomplete", "unnamed", "dangling", "too small", "unknown",
    "older", "stale", "duplicate", "damaged", "changed",
)  # fmt: skip
Repair = Literal["delete", "delete folder", "delete file", "write identity", "accept", "by hand"]
REPAIR_WORDS: dict[Repair, str] = {
    "delete": "delete",
    "delete folder": "delete",
    "delete file": "delete",
    "write identity": "write it",
    "accept": "accept",
    "by hand": "by hand",
}


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
    certain: bool = False
    """Whether the repair loses nothing of use, so that it need not be thought over."""

    @property
    def key(self) -> str:
        """Tell it from the others."""
        return f"{self.kind}:{self.path}:{self.variant_id}"

    @property
    def frees_bytes(self) -> int:
        """What the repair gives back."""
        return self.size_bytes if self.repair.startswith("delete") else 0
