"""`run` in the command line's sense: download if needed, load, be ready to answer."""

from __future__ import annotations

from tui.foundry.backend import Backend, ProgressCallback, RunsModels
from tui.foundry.types import Capability, LoadResult, Progress, Variant


async def make_ready(
    backend: Backend, variant: Variant, on_progress: ProgressCallback
) -> LoadResult:
    """Bring a variant into memory, from wherever it is now.

    Args:
        backend: Where the model comes from.
        variant: What to run, with its cached and loaded marks as last seen.
        on_progress: Called while downloading and before loading, and with each line that a tool
            prints while it does so.

    Returns:
        What the load cost; nothing for a backend that serves its models by itself.

    Raises:
        FoundryError: As `Backend.download` and `Backend.load` raise them.
    """
    if not backend.info.supports(Capability.LOAD):
        return LoadResult(variant.id, 0.0, None, already_loaded=True)
    if isinstance(backend, RunsModels):
        return await backend.run(variant.id, on_progress)
    if not variant.cached and not variant.loaded:
        await backend.download(variant.id, on_progress)
    on_progress(Progress(message="loading"))
    return await backend.load(variant.id)
