"""`cache cd DIR|- [--models leave|move|link]`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tui.cache.carrier import Way
from tui.cache.moving import MovePlan, change_place, plan_move
from tui.cache.notes import CacheNotebook
from tui.cli.asking import ask, somebody_is_there
from tui.cli.cache_versions import read_notes
from tui.cli.execute import Context
from tui.database import Database
from tui.foundry.backend import Backend
from tui.foundry.errors import NotFound, Unsupported
from tui.foundry.types import Capability


async def run(context: Context) -> int:
    """Keep the models in another directory."""
    async with context.backend() as backend:
        if not backend.info.supports(Capability.MOVE_CACHE):
            raise Unsupported(backend.info.unavailable[Capability.MOVE_CACHE])
        place = await _place(context, backend)
        plan = await asyncio.to_thread(plan_move, await backend.cache(), place)
        way = await _way(context, plan)
        loaded = [
            one.id for model in await backend.models() for one in model.variants if one.loaded
        ]
        notebook = CacheNotebook(Database(context.session.paths.database))
        show = context.on_progress("cache", people_only=True)
        moved = await change_place(backend, plan, way, notebook, show, loaded)
        if backend.info.kind == "runtime":
            problem = context.session.save_setting("model_cache", str(plan.new))
            if problem:
                context.output.warning(f"{problem} It holds for this command alone.")
        ids = [piece.variant_id for piece in plan.pieces]
        values = {
            "location": str(plan.new),
            "previous": str(plan.old),
            "models": way,
            "variants": ids,
            "total_bytes": plan.total_bytes,
            "free_bytes": plan.free_bytes,
            "problems": list(moved.problems),
        }
        context.output.result(values, moved.sentence())
        if ids and way == "leave":
            context.output.hint("They are listed again after: foundry-tui cache cd -")
    return 0


async def _place(context: Context, backend: Backend) -> Path:
    folder: Path = context.arguments.folder
    if str(folder) != "-":
        return folder
    previous = (await read_notes(context, backend)).previous
    if previous is None:
        raise NotFound("No earlier directory is known.", "Name one: foundry-tui cache cd DIR")
    return previous


async def _way(context: Context, plan: MovePlan) -> Way:
    """Return what becomes of the models; asks where that matters and somebody is there."""
    named: Way | None = context.arguments.models
    if named is not None or not plan.pieces or context.output.as_json or not somebody_is_there():
        return named or "leave"
    ways = dict(plan.ways())
    for way, what in ways.items():
        context.output.note(f"{way:<6} {what}")
    while True:
        answer = await ask("What becomes of the models? move, link, or leave (enter): ")
        fitting: list[Way] = [way for way in ways if way.startswith(answer.casefold())]
        if len(fitting) == 1 or not answer:
            return fitting[0] if answer else "leave"
