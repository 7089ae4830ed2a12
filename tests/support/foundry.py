"""Puts a stand-in for `foundry` on PATH, and ends what it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.foundry_stand_in.state import CATALOG, State

SCRIPT = Path(__file__).parent / "foundry_stand_in" / "command.py"
VERSIONS = ("0.3.9267", "0.8.119", "0.10.3")


class FoundryStandIn:
    """One installed stand-in.

    Args:
        folder: Where its state, its cache and its binary are.
        version: What it claims to be; decides the generation.
        cached: Aliases that are on disk from the start.
        pace_s: Seconds between two steps of a download.
    """

    def __init__(
        self,
        folder: Path,
        version: str,
        cached: tuple[str, ...] = ("demo-small", "demo-large"),
        pace_s: float = 0.002,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        (folder / "state.json").write_text(json.dumps({"version": version, "pace_s": pace_s}))
        self.state = State(folder)
        for row in CATALOG:
            if row["alias"] in cached:
                self.state.put_on_disk(row)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.path = self.bin / "foundry"
        self.path.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {SCRIPT} {folder} "$@"\n')
        self.path.chmod(0o755)

    def fail(self, **faults: str) -> None:
        """Let commands go wrong: `fail(model_list="hang")`."""
        values = {name.replace("_", " ", 1): kind for name, kind in faults.items()}
        (self.folder / "faults.json").write_text(json.dumps(values))

    def calls(self) -> list[list[str]]:
        """Return the arguments of each call so far."""
        return [call["arguments"] for call in self.call_records()]

    def call_records(self) -> list[dict[str, object]]:
        """Return each call with what it saw of the environment."""
        try:
            lines = (self.folder / "calls.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def end_service(self) -> None:
        """End the service as a crash would."""
        if pid := self.state.read().get("pid"):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the service, and what hangs by a test's wish."""
        for name in ("services.pid", "hanging.pid"):
            with contextlib.suppress(OSError, ValueError):
                for pid in (self.folder / name).read_text().split():
                    with contextlib.suppress(OSError):
                        os.kill(int(pid), signal.SIGKILL)


@contextmanager
def installed_foundry(folder: Path, version: str, **options: object) -> Iterator[FoundryStandIn]:
    """Make a stand-in below `folder`, and end what it started."""
    stand_in = FoundryStandIn(folder / "foundry", version, **options)  # type: ignore[arg-type]
    try:
        yield stand_in
    finally:
        stand_in.close()
