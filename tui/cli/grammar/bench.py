"""`bench`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of, names, positive


def add_bench(add: Add) -> None:
    """Add `bench`."""
    bench = add("bench", "bench", "measure two or more models side by side")
    actions = actions_of(bench)
    bench.set_defaults(action="run")
    add("runs", "bench_runs", "list the runs that go on, or can go on", actions).set_defaults(
        action="runs"
    )
    prompts = add("prompts", "bench_prompts", "show a set of prompts with its checks", actions)
    prompts.add_argument("name", nargs="?", metavar="SET|FILE", help="without one: all that ship")
    prompts.set_defaults(action="prompts")
    what = bench.add_argument_group("what is compared")
    what.add_argument("--models", type=names, metavar="A,B", help="models or variants")
    what.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="NAME[,KEY=VALUE]",
        help="one more, with endpoint, label, temperature, max-tokens, top-p or seed of its own",
    )
    what.add_argument("--again", metavar="RUN", help="all of it from an earlier run, or 'last'")
    what.add_argument(
        "--resume", metavar="RUN", help="go on with a run that was interrupted, or with the 'last'"
    )
    what.add_argument("--plan", type=Path, metavar="FILE", help="all of it from a plan file (TOML)")
    what.add_argument(
        "--course",
        action="store_true",
        help="the course's exercise: the registry's models, its prompt, 64 tokens, 60 s",
    )
    what.add_argument(
        "--self-test",
        action="store_true",
        help="one model against itself: which margin does this machine need",
    )
    how = bench.add_argument_group("how")
    how.add_argument(
        "--prompts",
        metavar="SET|FILE",
        help="course, small, standard; .txt .json .jsonl .csv .toml",
    )
    how.add_argument("--rounds", type=positive, metavar="N", help="measured rounds")
    how.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer")
    how.add_argument("--timeout", type=float, metavar="S", help="seconds for one request")
    how.add_argument("--temperature", type=float, metavar="T", help="0 is the usual")
    how.add_argument("--top-p", type=float, metavar="P", help="left to the server by default")
    how.add_argument("--seed", type=int, metavar="N", help="draws the order; told to the models")
    how.add_argument("--concurrency", type=positive, metavar="N", help="requests at once")
    how.add_argument(
        "--warm-up", type=int, metavar="N", help="requests before measuring; until steady if left"
    )
    how.add_argument(
        "--order",
        choices=("interleaved", "block", "sequential"),
        help="sequential gives numbers, never a verdict",
    )
    how.add_argument("--margin", type=float, metavar="PERCENT", help="told only beyond this; 1")
    memory = how.add_mutually_exclusive_group()
    memory.add_argument(
        "--one-at-a-time",
        dest="memory",
        action="store_const",
        const="one",
        help="keep one model in memory, in block order; by itself where they do not fit together",
    )
    memory.add_argument(
        "--all-loaded", dest="memory", action="store_const", const="all", help="keep all in memory"
    )
    alone = bench.add_argument_group("runs that go on without this terminal")
    alone.add_argument(
        "--detach", action="store_true", help="measure in a process that outlives this terminal"
    )
    alone.add_argument(
        "--attach", nargs="?", const="last", metavar="RUN", help="follow a run that is going on"
    )
    alone.add_argument("--stop", metavar="RUN", help="stop a run; what it measured is kept")
    alone.add_argument("--as-run", metavar="RUN", help=argparse.SUPPRESS)
    out = bench.add_argument_group("what is written")
    out.add_argument("--save-plan", type=Path, metavar="FILE", help="write the plan, and measure")
    out.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each request")
    out.add_argument("--csv-summary", type=Path, metavar="FILE", help="write a row for each target")
    out.add_argument("--json-file", type=Path, metavar="FILE", help="write the whole run")
    out.add_argument("--report", type=Path, metavar="FILE", help="write a report in Markdown")
    out.add_argument(
        "--contribute",
        action="store_true",
        help="put what was measured into the registry's entries; shows it first",
    )
    out.add_argument("--yes", action="store_true", help="with --contribute: write it")
    check = bench.add_argument_group("checking against an earlier run")
    check.add_argument("--compare", metavar="RUN", help="id of a run, its beginning, or 'last'")
    check.add_argument(
        "--fail-if",
        action="append",
        default=[],
        metavar="CONDITION",
        help="exit with 1 if it holds: 'ttft_p50 > +10%%', 'e2e_p95 > 2s', 'failed > 0'",
    )
