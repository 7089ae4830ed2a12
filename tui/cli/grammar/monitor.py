"""`monitor`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tui.cli.grammar.parts import Add, positive

LEAST_INTERVAL_S, MOST_INTERVAL_S = 0.2, 3600.0


def add_monitor(add: Add) -> None:
    """Add `monitor`."""
    monitor = add("monitor", "monitor", "print what the machine and the runtime do, line by line")
    monitor.add_argument(
        "--interval", type=_interval, metavar="S", help="seconds between two samples, 1 by default"
    )
    monitor.add_argument(
        "--samples", type=positive, metavar="N", help="how many; without it until ctrl+c"
    )
    monitor.add_argument(
        "--record", type=Path, metavar="FILE", help="write them into a new file too (JSON lines)"
    )
    monitor.add_argument(
        "--replay", type=Path, metavar="FILE", help="print a recording instead of this machine"
    )
    monitor.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="pace of a replay: 1 as it was, 10 ten times as fast; without it all at once",
    )
    monitor.add_argument(
        "--pid",
        type=positive,
        action="append",
        metavar="PID",
        help="follow this process as the runtime; may be given several times",
    )


def _interval(text: str) -> float:
    value = float(text)
    if not LEAST_INTERVAL_S <= value <= MOST_INTERVAL_S:
        raise argparse.ArgumentTypeError(
            f"must be {LEAST_INTERVAL_S:g} to {MOST_INTERVAL_S:g} seconds"
        )
    return value


def _speed(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError("must be above 0")
    return value
