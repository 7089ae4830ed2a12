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
        "history", "history", "show earlier benchmark runs, compare two, note, export, delete"
    )
    actions = actions_of(history)
    add("list", "history", "list earlier runs, the newest first", actions).set_defaults(
        action="list"
    )
    show = add("show", "history", "show a run again, with its ratings", actions)
    show.add_argument("run", metavar="RUN", help=RUN)
    show.set_defaults(action="show")
    compare = add("compare", "history", "compare two runs, and say what was not alike", actions)
    compare.add_argument("before", metavar="EARLIER", help=RUN)
    compare.add_argument("run", metavar="LATER", help=RUN)
    compare.set_defaults(action="compare")
    export = add("export", "history", "write a run as a file", actions)
    export.add_argument("run", metavar="RUN", help=RUN)
    export.add_argument("file", metavar="FILE", type=Path, help=".csv, .json, or .md for a report")
    export.set_defaults(action="export")
    note = add("note", "history", "keep a note on a run; without a text show it", actions)
    note.add_argument("run", metavar="RUN", help=RUN)
    note.add_argument("text", nargs="?", metavar="TEXT", help="'' removes the note")
    note.set_defaults(action="note")
    remove = add("rm", "history", "delete runs with their answers and ratings", actions)
    remove.add_argument("runs", nargs="+", metavar="RUN", help=RUN)
    remove.set_defaults(action="rm")
