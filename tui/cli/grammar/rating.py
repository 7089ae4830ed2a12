"""`rate` and `history`."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of

RUN = "id of a run, its beginning, or 'last'"


def add_rating(add: Add) -> None:
    """Add `rate` and `history`."""
    rate = add("rate", "rate", "rate the answers of a run without knowing whose they are")
    rate.add_argument("run", nargs="?", default="last", metavar="RUN", help=RUN)
    rate.add_argument("--rater", metavar="NAME", help="who rates; by default the user's name")
    ways = rate.add_mutually_exclusive_group()
    ways.add_argument("--export", type=Path, metavar="FILE", help="a blind sheet, .csv or .json")
    ways.add_argument(
        "--import", type=Path, metavar="FILE", dest="sheet", help="take in a sheet that was filled"
    )
    ways.add_argument("--results", action="store_true", help="what the ratings come to")
    _history(add)


def _history(add: Add) -> None:
    history = add(
        "history", "history", "list earlier benchmark runs, keep notes on them, delete them"
    )
    actions = actions_of(history)
    add("list", "history", "list earlier runs, the newest first", actions).set_defaults(
        action="list"
    )
    note = add("note", "history", "keep a note on a run; without a text show it", actions)
    note.add_argument("run", metavar="RUN", help=RUN)
    note.add_argument("text", nargs="?", metavar="TEXT", help="'' removes the note")
    note.set_defaults(action="note")
    remove = add("rm", "history", "delete runs with their answers and ratings", actions)
    remove.add_argument("runs", nargs="+", metavar="RUN", help=RUN)
    remove.set_defaults(action="rm")
