"""`import`, `service`: bringing models in, and what serves them."""

from __future__ import annotations

from pathlib import Path

from tui.cli.grammar.parts import Add, actions_of


def add_doing(add: Add) -> None:
    """Add `import` and `service`."""
    importing = add("import", "importing", "add your own model directory")
    importing.add_argument(
        "folder", metavar="DIR|FILE", type=Path, help="holds genai_config.json; or a bundle of it"
    )
    importing.add_argument("--name", help="what to call the model")
    importing.add_argument(
        "--check", action="store_true", help="say what is missing, and change nothing"
    )
    ways = importing.add_mutually_exclusive_group()
    for way, text in (
        ("link", "links to its files (default): no space, the directory must stay"),
        ("copy", "a copy of its own in the cache"),
        ("register", "hard links: no space, it may be moved or deleted; same disk only"),
    ):
        ways.add_argument(f"--{way}", dest="way", action="store_const", const=way, help=text)
    importing.set_defaults(way="link")
    importing.add_argument(
        "--mend", action="store_true", help="write what is missing beside the files"
    )
    importing.add_argument(
        "--chat-template",
        choices=("chatml", "llama-3", "phi", "gemma", "mistral", "plain"),
        help="where there is none, this family; else as the tokenizer looks (with --mend)",
    )
    for name in ("service", "server"):
        service = add(name, "service", "start, stop or look at the service of foundry")
        actions = actions_of(service)
        service.set_defaults(action="status")
        for action in ("status", "start", "stop", "restart", "logs"):
            add(action, "service", f"{action} of the service", actions).set_defaults(action=action)
