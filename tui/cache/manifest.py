"""What a bundle says about itself: whose it is, and size and checksum of every file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tui.foundry.errors import FoundryError

MANIFEST = "foundry-tui-bundle.json"
LIMIT_BYTES = 16 * 1024 * 1024


class BundleError(FoundryError):
    """A bundle cannot be written, or is not what it says it is."""

    code = "bundle_broken"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says about itself."""

    variant_id: str
    created_at: str
    files: Mapping[str, tuple[int, str]]
    """Size and SHA-256 by path inside the bundle."""

    @property
    def size_bytes(self) -> int:
        """Sum over all files."""
        return sum(size for size, _ in self.files.values())

    def to_bytes(self) -> bytes:
        """Return it as it stands in a bundle."""
        values = {
            "schema": 1,
            "variant": self.variant_id,
            "created_at": self.created_at,
            "files": [
                {"path": name, "size_bytes": size, "sha256": digest}
                for name, (size, digest) in self.files.items()
            ],
        }
        return json.dumps(values, indent=1).encode()


def read_manifest(data: bytes, name: str) -> Manifest:
    """Read what `to_bytes` wrote. Raises `BundleError`.

    Args:
        data: From outside.
        name: Of the bundle, for the message.
    """
    try:
        values: dict[str, Any] = json.loads(data)
        files = {
            safe_path(str(one["path"]), name): (int(one["size_bytes"]), str(one["sha256"]))
            for one in values["files"]
        }
        return Manifest(str(values["variant"]), str(values["created_at"]), files)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BundleError(f"The manifest of {name} cannot be read.", "Copy it again.") from error


def safe_path(name: str, archive: str) -> str:
    """Return a path that stays inside a directory; raises `BundleError` for any other."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or not path.parts:
        raise BundleError(
            f"{archive} would write outside of its directory.", "Do not use it; pack it anew."
        )
    return str(path)
