"""`cache`: what is on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tui.cli.grammar.parts import Add, actions_of


def add_cache(add: Add) -> None:
    """Add `cache` with its actions."""
    parser = add("cache", "cache", "list, update, move, mend, export or delete what is on disk")
    actions = actions_of(parser)
    for word in ("list", "ls"):
        add(word, "cache", "list what is on disk", actions).set_defaults(action="list")
    move = add("cd", "cache_move", "keep the models in another directory", actions)
    move.add_argument(
        "folder", metavar="DIR", type=Path, help="made if need be; - goes back to the one before"
    )
    move.add_argument(
        "--models",
        choices=("leave", "move", "link"),
        help="what becomes of those in the old one; asked at a terminal, else they are left",
    )
    move.set_defaults(action="cd")
    add("location", "cache", "say where the models are", actions).set_defaults(action="location")
    export = add("export", "cache_bundle", "write a model into one file, to carry it over", actions)
    export.add_argument("model", metavar="X", help="alias or variant id, on disk")
    export.add_argument("file", metavar="FILE|DIR", type=Path, help="what to write")
    export.add_argument(
        "--directory", action="store_true", help="a directory with checksums instead of one file"
    )
    export.set_defaults(action="export")
    verify = add("verify", "cache_bundle", "compare a bundle with its checksums", actions)
    verify.add_argument("file", metavar="FILE|DIR", type=Path, help="a bundle")
    verify.set_defaults(action="verify")
    _add_versions(add, actions)
    doctor = add("doctor", "cache_doctor", "look for what is wrong on disk", actions)
    doctor.add_argument(
        "--checksums", action="store_true", help="read all models; take checksums or compare them"
    )
    doctor.add_argument("--repair", action="store_true", help="mend, after a question for each")
    doctor.add_argument(
        "--yes", action="store_true", help="do not ask; mends what loses nothing of use"
    )
    doctor.add_argument(
        "--only", metavar="KINDS", help="mend these kinds, all of them: partial,orphan,duplicate"
    )
    doctor.set_defaults(action="doctor")
    for word in ("rm", "remove"):
        remove = add(word, "cache", "delete models from disk", actions)
        remove.add_argument("models", metavar="X", nargs="+", help="alias or variant id")
        remove.add_argument("--yes", action="store_true", help="unload first what is in memory")
        remove.set_defaults(action="rm")


def _add_versions(add: Add, actions: Any) -> None:
    update = add("update", "cache_versions", "get the newest version, keep the old one", actions)
    update.add_argument("models", metavar="X", nargs="*", help="alias or variant id")
    update.add_argument("--all", action="store_true", help="all that have a newer version")
    update.set_defaults(action="update")
    back = add("rollback", "cache_versions", "delete the newest version, use the old one", actions)
    back.add_argument("model", metavar="X", help="alias or variant id")
    back.set_defaults(action="rollback")
    clean = add("clean", "cache_versions", "delete old versions whose newer one worked", actions)
    clean.add_argument("--all", action="store_true", help="also where the newer was never loaded")
    clean.set_defaults(action="clean")
