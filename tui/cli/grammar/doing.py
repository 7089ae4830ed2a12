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
    importing.add_argument("--name", required=True, help="what to call the model")
    for name in ("service", "server"):
        service = add(name, "service", "start, stop or look at the service of foundry")
        actions = actions_of(service)
        service.set_defaults(action="status")
        for action in ("status", "start", "stop", "restart", "logs"):
            add(action, "service", f"{action} of the service", actions).set_defaults(action=action)
