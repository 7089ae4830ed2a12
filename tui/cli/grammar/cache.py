"""`cache`: what is on disk."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of


def add_cache(add: Add) -> None:
    """Add `cache` with its actions."""
    parser = add("cache", "cache", "list what is on disk, say where, or delete")
    actions = actions_of(parser)
    for word in ("list", "ls"):
        add(word, "cache", "list what is on disk", actions).set_defaults(action="list")
    move = add("cd", "cache", "keep the models in another directory", actions)
    move.add_argument("folder", metavar="DIR", type=Path, help="a directory that exists")
    move.set_defaults(action="cd")
    add("location", "cache", "say where the models are", actions).set_defaults(action="location")
    export = add("export", "cache", "write a model into one file, to carry it over", actions)
    export.add_argument("model", metavar="X", help="alias or variant id, on disk")
    export.add_argument("file", metavar="FILE|DIR", type=Path, help="what to write")
    export.set_defaults(action="export")
    verify = add("verify", "cache", "compare a bundle with its checksums", actions)
    verify.add_argument("file", metavar="FILE", type=Path, help="a bundle")
    verify.set_defaults(action="verify")
    doctor = add("doctor", "cache", "look for what is wrong on disk", actions)
    doctor.add_argument(
        "--repair", action="store_true", help="delete partial downloads and a stale catalog copy"
    )
    doctor.set_defaults(action="doctor")
    for word in ("rm", "remove"):
        remove = add(word, "cache", "delete models from disk", actions)
        remove.add_argument("models", metavar="X", nargs="+", help="alias or variant id")
        remove.set_defaults(action="rm")
