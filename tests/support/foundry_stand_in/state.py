"""What the stand-in knows: its catalog, and a state file that command and service share."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
CATALOG: list[dict[str, Any]] = [
    {"alias": "demo-small", "name": "demo-small-generic-cpu", "version": 1, "device": "CPU",
     "ep": "CPUExecutionProvider", "mb": 3, "license": "MIT", "tools": False},
    {"alias": "demo-large", "name": "demo-large-generic-cpu", "version": 2, "device": "CPU",
     "ep": "CPUExecutionProvider", "mb": 6, "license": "MIT", "tools": False},
    {"alias": "demo-tall", "name": "demo-tall-cuda-gpu", "version": 4, "device": "GPU",
     "ep": "CUDAExecutionProvider", "mb": 40, "license": "apache-2.0", "tools": True},
    {"alias": "demo-tall", "name": "demo-tall-generic-cpu", "version": 4, "device": "CPU",
     "ep": "CPUExecutionProvider", "mb": 48, "license": "apache-2.0", "tools": True},
]  # fmt: skip


class State:
    """Files below one directory: `state.json`, `faults.json`, `calls.jsonl`, `cache/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = Path(self.read().get("cache") or folder / "cache")

    def read(self) -> dict[str, Any]:
        """Return the state; retried, since another process may be replacing it."""
        for _ in range(50):
            try:
                return json.loads((self.folder / "state.json").read_text())
            except (OSError, ValueError):
                time.sleep(0.002)
        return {}

    def change(self, **values: Any) -> None:
        """Replace values of the state."""
        new = {**self.read(), **values}
        temporary = self.folder / f"state.{os.getpid()}.{time.monotonic_ns()}"
        temporary.write_text(json.dumps(new))
        temporary.replace(self.folder / "state.json")

    @property
    def version(self) -> str:
        return str(self.read()["version"])

    @property
    def preview(self) -> bool:
        return tuple(map(int, self.version.split(".")[:2])) >= (0, 10)

    @property
    def versioned_ids(self) -> bool:
        """Ids end with `:version` since 0.7."""
        return tuple(map(int, self.version.split(".")[:2])) >= (0, 7)

    def id_of(self, row: dict[str, Any]) -> str:
        """Return the id as this generation writes it."""
        return f"{row['name']}:{row['version']}" if self.versioned_ids else str(row["name"])

    def find(self, name: str) -> dict[str, Any] | None:
        """Return the variant that an alias or id means."""
        for row in CATALOG:
            if name.lower() in (self.id_of(row).lower(), row["name"].lower(), row["alias"]):
                return row
        return None

    def model_folder(self, row: dict[str, Any]) -> Path:
        """Return where a variant lies on disk."""
        return self.cache / "Microsoft" / f"{row['name']}-{row['version']}" / f"v{row['version']}"

    def is_cached(self, row: dict[str, Any]) -> bool:
        """Tell whether a variant is whole on disk."""
        folder = self.model_folder(row)
        return (folder / "inference_model.json").exists() and not self.is_partial(row)

    def is_partial(self, row: dict[str, Any]) -> bool:
        """Tell whether a download was left off."""
        return (self.model_folder(row) / "download.tmp").exists()

    def put_on_disk(self, row: dict[str, Any], *, partial: bool = False) -> None:
        """Write a variant's directory; the marker of a download in progress goes with its end."""
        folder = self.model_folder(row)
        folder.mkdir(parents=True, exist_ok=True)
        if partial:
            (folder / "download.tmp").write_text("")
            return
        (folder / "genai_config.json").write_text("{}")
        (folder / "model.onnx").write_bytes(bytes(row["mb"] * 1024))
        (folder / "inference_model.json").write_text(json.dumps({"Name": self.id_of(row)}))
        (folder / "download.tmp").unlink(missing_ok=True)

    def loaded(self) -> list[str]:
        """Return the ids in memory."""
        return list(self.read().get("loaded", []))
