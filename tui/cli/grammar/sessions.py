"""`sessions`: the conversations that were kept."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of, positive

ANY_ID = "an id, the beginning of one, or 'last'"


def add_sessions(add: Add) -> None:
    """Add `sessions`."""
    parser = add("sessions", "sessions", "list, search, show, rename, delete or export chats")
    actions = actions_of(parser)
    for word in ("list", "ls"):
        listing = add(word, "sessions", "list the newest", actions)
        listing.add_argument("--limit", type=positive, metavar="N", default=50, help="how many")
        listing.set_defaults(action="list")
    search = add("search", "sessions", "find what was said", actions)
    search.add_argument("words", nargs="+", metavar="WORD", help="all of them, in one turn")
    search.add_argument("--limit", type=positive, metavar="N", default=50, help="how many")
    search.set_defaults(action="search")
    show = add("show", "sessions", "print a conversation as Markdown", actions)
    show.add_argument("session", metavar="ID", help=ANY_ID)
    show.set_defaults(action="show")
    rename = add("rename", "sessions", "give a conversation a name", actions)
    rename.add_argument("session", metavar="ID", help=ANY_ID)
    rename.add_argument("title", metavar="TITLE", help="'' for its first question")
    rename.set_defaults(action="rename")
    for word in ("rm", "delete"):
        remove = add(word, "sessions", "delete conversations; `restore` undoes it", actions)
        remove.add_argument("sessions", nargs="+", metavar="ID", help=ANY_ID)
        remove.add_argument("--for-good", action="store_true", help="at once; cannot be undone")
        remove.set_defaults(action="rm")
    restore = add("restore", "sessions", "bring deleted conversations back", actions)
    restore.add_argument("sessions", nargs="+", metavar="ID", help=ANY_ID)
    restore.set_defaults(action="restore")
    export = add("export", "sessions", "write a conversation into a file", actions)
    export.add_argument("session", metavar="ID", help=ANY_ID)
    export.add_argument("--format", choices=("md", "json"), help="by default Markdown")
    export.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help="by default named after the title"
    )
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    export.set_defaults(action="export")
