"""The log of the host, which its parent keeps in a file."""

from __future__ import annotations

import sys
import time


def log(text: str) -> None:
    """Write a line into the runtime's log."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    print(f"{stamp} host: {text}", file=sys.stderr, flush=True)
