"""`models`, and the verbs for one model."""

from __future__ import annotations

from typing import Any

from tui.cli.grammar.parts import Add, actions_of, positive

SORT_KEYS = (
    "state", "name", "size", "context", "needs", "fit", "speed", "device", "ep", "task", "license",
    "publisher", "tools", "registry",
)  # fmt: skip


def add_models(add: Add) -> None:
    """Add `models`; `model` is how `foundry` spells it, with its verbs for one model."""
    for name in ("models", "model"):
        parser = add(name, "models", "list the models, or tell about one")
        actions = actions_of(parser)
        for word in ("list", "ls"):
            listing = add(word, "models", "list the models", actions)
            listing.add_argument(
                "query",
                nargs="*",
                metavar="WORD",
                help="as in the search: qwen device:gpu",
            )
            listing.add_argument("--sort", choices=SORT_KEYS, default="state", help="the order")
            listing.add_argument("--reverse", action="store_true", help="turn the order round")
            listing.add_argument(
                "--context", type=positive, metavar="N", help="tokens that the fit plans for"
            )
            listing.set_defaults(action="list")
        versus = add("compare", "models", "show models side by side", actions)
        versus.add_argument("models", metavar="X", nargs="+", help="two or more")
        versus.set_defaults(action="compare")
        info = add("info", "models", "tell all that is known about one model", actions)
        info.add_argument("model", metavar="X", help="alias or variant id")
        info.set_defaults(action="info")
        probe = add("probe", "models", "find how long a context a model really takes", actions)
        probe.add_argument("model", metavar="X", help="alias or variant id; it is loaded first")
        probe.set_defaults(action="probe")
        if name == "model":
            add_one_model(add, actions)


def add_one_model(add: Add, on: Any = None) -> None:
    """Add the verbs for one model, to the top or to `model`."""
    where = () if on is None else (on,)
    run = add("run", "run", "download if needed, load, and serve until ctrl+c", *where)
    run.add_argument("model", metavar="X", help="alias or variant id")
    run.add_argument("--once", action="store_true", help="load, report, and leave")
    run.add_argument("--verbose", action="store_true", help="print what the tool behind it says")
    for verb, text in (
        ("download", "fetch a model into the cache"),
        ("load", "bring a model into the memory of a service that stays"),
        ("unload", "drop a model from the memory of a service that stays"),
    ):
        parser = add(verb, verb, text, *where)
        parser.add_argument("model", metavar="X", help="alias or variant id")
