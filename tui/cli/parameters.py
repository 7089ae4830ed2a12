"""Parameters on the command line: checked, and put over those that hold already."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import Any

from tui.chat.parameters import MOST_STOPS, Parameters
from tui.chat.presets import PresetStore
from tui.cli.output import UsageError
from tui.database import Database
from tui.foundry.errors import NotFound
from tui.foundry.text import clean_text


def check_parameters(arguments: Namespace) -> None:
    """Refuse what no server takes. Raises `UsageError`."""
    if arguments.temperature is not None and not 0 <= arguments.temperature <= 2:
        raise UsageError("The temperature is not between 0 and 2.", "Take 0 for the likeliest.")
    if arguments.top_p is not None and not 0 < arguments.top_p <= 1:
        raise UsageError("top_p is not above 0 and at most 1.", "Leave it out for the usual.")
    if len(arguments.stop or ()) > MOST_STOPS:
        raise UsageError(f"More than {MOST_STOPS} texts to stop at.", "Servers take no more.")


def with_arguments(parameters: Parameters, arguments: Namespace) -> Parameters:
    """Return the parameters with what the command line says."""
    given: dict[str, Any] = {
        "system_prompt": arguments.system,
        "temperature": arguments.temperature,
        "top_p": arguments.top_p,
        "max_tokens": arguments.max_tokens,
        "seed": arguments.seed,
        "stop": None if arguments.stop is None else tuple(arguments.stop),
    }
    return replace(parameters, **{name: one for name, one in given.items() if one is not None})


def preset(database: Database, name: str) -> Parameters:
    """Return the preset of that name. Raises `NotFound`."""
    presets = PresetStore(database).all()
    if name not in presets:
        known = ", ".join(f"'{clean_text(one, False)}'" for one in presets)
        raise NotFound(f"There is no preset '{clean_text(name, False)}'.", f"There are: {known}.")
    return presets[name]
