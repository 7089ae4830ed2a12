"""`doctor` and `config`: this machine, this installation."""

from __future__ import annotations

from tui.cli.grammar.parts import Add, actions_of


def add_machine(add: Add) -> None:
    """Add `doctor` and `config`."""
    doctor = add("doctor", "doctor", "check this machine and this installation")
    doctor.add_argument(
        "--probe", action="store_true", help="let a loaded model answer with one token"
    )
    config = add("config", "config", "say where the settings are, or print them")
    actions = actions_of(config)
    config.set_defaults(action="print")
    add("path", "config", "say where the settings are", actions).set_defaults(action="path")
    add("print", "config", "print the settings in force", actions).set_defaults(action="print")
