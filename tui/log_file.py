"""The program's own log: off unless asked for, bounded, and without keys or conversations."""

from __future__ import annotations

import logging
from pathlib import Path

LOG_NAME = "foundry-tui.log"
LOG_LIMIT_BYTES = 2_000_000
KEPT_LOGS = 2


def start_log(log_dir: Path, level: str) -> None:
    """Write what this process logs into `log_dir`; says so on nothing that is in the way.

    Args:
        log_dir: Made where it does not exist; where it cannot be written, nothing is logged.
        level: `debug`, `info`, `warning` or `error`.
    """
    from logging.handlers import RotatingFileHandler

    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            log_dir / LOG_NAME,
            maxBytes=LOG_LIMIT_BYTES,
            backupCount=KEPT_LOGS,
            encoding="utf-8",
            delay=True,
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
