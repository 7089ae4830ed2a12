"""Keeping the models in another directory: what that means, and doing it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tui.cache.carrier import Carrier, MoveError, Piece, Way
from tui.cache.notes import CacheNotebook
from tui.cache.threads import in_thread
from tui.database import DatabaseError
from tui.formats import format_bytes
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import FoundryError, Unsupported
from tui.foundry.types import CacheEntry, CacheInfo, Capability, Progress
from tui.paths import typed_path

SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disk beside a copy."""


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What changing the directory means."""

    old: Path
    new: Path
    pieces: tuple[Piece, ...]
    """Models that can be carried over."""
    there: tuple[str, ...]
    """Variants that lie in the new place already."""
    same_disk: bool
    free_bytes: int
    """At the new place."""

    @property
    def total_bytes(self) -> int:
        """Of all pieces."""
        return sum(piece.size_bytes for piece in self.pieces)

    @property
    def need_bytes(self) -> int:
        """What moving takes at the new place."""
        return 0 if self.same_disk else self.total_bytes + SPARE_BYTES

    @property
    def fits(self) -> bool:
        """Whether moving has the room it needs."""
        return self.need_bytes <= self.free_bytes

    def ways(self) -> tuple[tuple[Way, str], ...]:
        """Return what can be done with the models, each with a sentence."""
        count, size = len(self.pieces), format_bytes(self.total_bytes)
        models = f"{count} model{'' if count == 1 else 's'}"
        if self.same_disk:
            move = f"{models}, {size}: at once, on the same disk"
        elif self.fits:
            move = f"{models}, {size}: copied to the other disk, then deleted here"
        else:
            move = f"not enough room: {size} needed, {format_bytes(self.free_bytes)} free"
        return (
            ("move", move),
            ("link", f"{models} left in the old directory, and listed in the new one by links"),
            ("leave", f"{models} left in the old directory, and no longer in view"),
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done."""

    plan: MovePlan
    way: Way
    problems: tuple[str, ...]
    """What is not as it should be all the same, as sentences."""

    def sentence(self) -> str:
        """Say what was done, and what that means for the models of the old place."""
        plan = self.plan
        ids = [piece.variant_id for piece in plan.pieces]
        text = f"The models are kept in {plan.new} now."
        if ids and self.way == "leave":
            text += (
                f"\n{len(ids)} in {plan.old} ({format_bytes(plan.total_bytes)}) "
                f"{'is' if len(ids) == 1 else 'are'} no longer listed: {', '.join(ids[:4])}"
                f"{' …' if len(ids) > 4 else ''}."
            )
        elif ids:
            text += f"\n{len(ids)} {'moved' if self.way == 'move' else 'linked'}."
        return "\n".join([text, *self.problems])


def plan_move(cache: CacheInfo, place: Path) -> MovePlan:
    """Look at both directories. Blocks.

    Raises:
        MoveError: The new place cannot be one.
    """
    old, new = cache.location.absolute(), typed_path(str(place))
    if new.resolve() == old.resolve():
        raise MoveError(f"The models are kept in {old} already.", "Name another directory.")
    if _is_inside(new, old) or _is_inside(old, new):
        raise MoveError(
            f"{new} and {old} lie in each other.",
            "The models of one would be taken for parts of the other: name another directory.",
        )
    if new.exists() and not new.is_dir():
        raise MoveError(f"{new} is a file.", "Name a directory.")
    there = _nearest(new)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        same_disk = old.exists() and there.stat().st_dev == old.stat().st_dev
        free = shutil.disk_usage(there).free
    except OSError as error:
        raise MoveError(
            f"{there} cannot be written: {error.strerror or error}.", "Check its rights."
        ) from error
    found = [piece for entry in cache.entries if (piece := _piece(entry, old))]
    pieces = tuple(piece for piece in found if not (new / piece.relative).exists())
    already = tuple(piece.variant_id for piece in found if piece not in pieces)
    return MovePlan(old, new, pieces, already, same_disk, free)


async def change_place(
    backend: Backend,
    plan: MovePlan,
    way: Way,
    notebook: CacheNotebook,
    on_progress: ProgressCallback,
    loaded: Collection[str] = (),
) -> Moved:
    """Keep the models in another directory. All is as before where anything fails.

    Args:
        backend: Whose models.
        plan: From `plan_move`.
        way: What becomes of the models in the old directory.
        notebook: Remembers where they were.
        on_progress: Told how far it is.
        loaded: Ids in memory; they are unloaded first.

    Raises:
        MoveError: There is no room, or a disk refuses.
        Unsupported: The backend keeps its models where it likes.
    """
    if not backend.info.supports(Capability.MOVE_CACHE):
        raise Unsupported(backend.info.unavailable[Capability.MOVE_CACHE])
    if way == "move" and not plan.fits:
        raise MoveError(
            f"{format_bytes(plan.need_bytes)} are needed at {plan.new}, "
            f"{format_bytes(plan.free_bytes)} are free.",
            "Free some space there, link the models, or leave them.",
        )
    for variant_id in loaded:
        await backend.unload(variant_id)
    # Nothing may be written through a link: a download goes on where it began.
    carried = [
        one for one in plan.pieces if way == "move" or (way == "link" and not one.unfinished)
    ]
    carrier = Carrier(carried, plan.new, way)
    made = not plan.new.is_dir()
    try:
        await asyncio.to_thread(_make, plan.new)
        await in_thread(carrier.carry, on_progress, "moving" if way == "move" else "linking")
        on_progress(Progress(message="changing over"))
        await _change_over(backend, plan.new)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_take_back, carrier, plan.new if made else None))
        raise
    problems = await asyncio.to_thread(carrier.finish)
    with contextlib.suppress(DatabaseError):  # without it one cannot go back by `-`, no more
        await asyncio.to_thread(notebook.note_place, backend.info.kind, plan.old)
        for piece in plan.pieces if way == "move" else ():
            target = plan.new / piece.relative
            await asyncio.to_thread(notebook.rename_folder, piece.source, target)
    return Moved(plan, way, tuple(problems))


async def _change_over(backend: Backend, place: Path) -> None:
    """Tell the backend, and do not leave off in the middle of that.

    A backend that did it and failed to say so is believed by where it looks.
    """
    moving = asyncio.ensure_future(backend.move_cache(place))
    while not moving.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({moving})
    try:
        moving.result()
    except FoundryError:
        with contextlib.suppress(FoundryError):
            if (await backend.cache()).location == place:
                return
        raise


def _piece(entry: CacheEntry, old: Path) -> Piece | None:
    """Return what can be carried of an entry: none of what comes by itself or lies elsewhere."""
    if entry.origin == "demo" or not entry.variant_id or entry.state == "orphan":
        return None
    source, partial = entry.path, entry.state == "partial"
    for root in (old, old.resolve()):
        if source != root and source.is_relative_to(root) and source.is_dir():
            return Piece(
                entry.variant_id, source, source.relative_to(root), entry.size_bytes, partial
            )
    return None


def _make(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MoveError(
            f"{place} cannot be made: {error.strerror or error}.", "Check the rights."
        ) from error


def _take_back(carrier: Carrier, made: Path | None) -> None:
    carrier.undo()
    if made is not None:
        with contextlib.suppress(OSError):
            made.rmdir()


def _is_inside(one: Path, other: Path) -> bool:
    return one.resolve().is_relative_to(other.resolve())


def _nearest(place: Path) -> Path:
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
