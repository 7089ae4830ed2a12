"""`bench`."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, names, positive


def add_bench(add: Add) -> None:
    """Add `bench`."""
    bench = add("bench", "bench", "measure two or more models side by side")
    bench.add_argument("--models", required=True, type=names, metavar="A,B", help="what to measure")
    bench.add_argument("--prompts", type=Path, metavar="FILE", help=".txt, .json or .toml")
    bench.add_argument("--rounds", type=positive, metavar="N", help="measured rounds")
    bench.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer")
    bench.add_argument("--timeout", type=float, metavar="S", help="seconds for one request")
    bench.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each request")
