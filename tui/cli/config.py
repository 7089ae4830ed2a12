"""`config path`, `config print`."""

from __future__ import annotations

from typing import Any

from tui.cli.execute import Context
from tui.config import load_config


async def run(context: Context) -> int:
    """Say where the settings are, or print those in force; needs no backend."""
    path = context.session.config_file
    values: dict[str, Any] = {"path": str(path), "exists": path.exists()}
    if context.arguments.action == "path":
        context.output.result(values, str(path))
        return 0
    import tomli_w

    config = load_config(path)
    settings = config.as_dict()
    values |= {"settings": settings, "problems": list(config.problems)}
    context.output.result(values, tomli_w.dumps(_without_none(settings)))
    return 0


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if value is not None
    }
