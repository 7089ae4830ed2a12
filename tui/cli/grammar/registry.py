"""`select` and `registry`."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of

RULES = ("accuracy", "latency", "memory", "balanced")


def add_registry(add: Add) -> None:
    """Add `select` and `registry`."""
    select = add("select", "select", "choose the registry's model for a task on this machine")
    select.add_argument("--task", required=True, metavar="T", help="chat, code, embeddings ...")
    select.add_argument("--by", choices=RULES, help="what was measured, not the order of the file")
    select.add_argument(
        "--ram-gb", type=float, metavar="N", help="as if the machine had this many GiB"
    )
    _registry(add)


def _registry(add: Add) -> None:
    registry = add("registry", "registry", "show or change the team's registry, models.json")
    actions = actions_of(registry)
    add("list", "registry", "list its entries", actions).set_defaults(action="list")
    for action, text in (("add", "add an entry"), ("edit", "change an entry")):
        parser = add(action, "registry", text, actions)
        parser.add_argument("name", metavar="NAME", help="alias or variant id without device")
        needed = action == "add"
        parser.add_argument("--task", metavar="T", required=needed, help="chat, code ...")
        parser.add_argument("--min-ram-gb", type=float, metavar="N", required=needed, help="GiB")
        parser.add_argument("--notes", metavar="TEXT", help="a few words")
        parser.set_defaults(action=action)
    for action, text in (
        ("remove", "remove an entry"),
        ("contribute", "put what was measured here into an entry; shows it first"),
    ):
        parser = add(action, "registry", text, actions)
        parser.add_argument("name", metavar="NAME", help="an entry")
        parser.set_defaults(action=action)
        if action == "contribute":
            parser.add_argument("--yes", action="store_true", help="write it")
    merge = add("merge", "registry", "take over what a colleague's file has; shows it", actions)
    merge.add_argument("file", metavar="FILE", type=Path, help="the colleague's models.json")
    merge.add_argument("--base", metavar="FILE", type=Path, help="what both came from")
    merge.add_argument("--yes", action="store_true", help="write it")
    merge.set_defaults(action="merge")
