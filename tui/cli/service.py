"""`service [status|start|stop|restart|logs]`."""

from __future__ import annotations

from tui.cli.describe import backend_values
from tui.cli.execute import Context


async def run(context: Context) -> int:
    """Do something with the service behind the backend, and print how it does then."""
    action = context.arguments.action
    async with context.backend(start_service=False) as backend:
        text = await backend.service(action)
        values = {"action": action, "text": text, "backend": backend_values(backend.info)}
        context.output.result(values, text)
    return 0
