"""Compiles a model: runs the builder, checks what came out, and imports it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tui.cache.compiling.child import Line, run_child
from tui.cache.compiling.failures import explain
from tui.cache.compiling.phases import PhaseReader, is_noise
from tui.cache.compiling.plan import Plan, refuse
from tui.cache.compiling.recipe import CompileFailed, hide_secrets, shown
from tui.cache.compiling.toolchain import child_environment, secrets
from tui.cache.importing import checked, make_arriving, taken_in
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import FoundryError, InvalidModelFolder
from tui.foundry.on_disk.local_models import delete_tree, folder_size
from tui.foundry.types import ImportOptions, Progress

SILENCE_LIMIT_S = 1800.0
"""A large layer takes minutes without a word, a slow disk more."""
_KEPT_LINES = 60


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model that was compiled and joined the cache."""

    variant_id: str
    size_bytes: int
    took_s: float
    """Of the builder alone."""
    mended: tuple[str, ...] = ()
    """What was written beside its files, a sentence each."""


async def compile_model(
    plan: Plan, backend: Backend, report: ProgressCallback, log_file: Path, kept_dir: Path
) -> Compiled:
    """Run the builder by a plan, and import what it makes; what is half done is deleted.

    Args:
        plan: Just made: nothing is looked at again.
        backend: Whose cache the model joins.
        report: Told phase, part of the whole, and each line.
        log_file: Gets all lines; written anew.
        kept_dir: Where a finished model is put that could not be imported.

    Raises:
        CompileFailed, InvalidModelFolder: Says why, and what to do.
    """
    refuse(plan)
    recipe = plan.recipe
    made = recipe.output or plan.folder.parent
    was_there = await asyncio.to_thread(made.exists)
    if recipe.output is None:
        # Sweeps away what killed programs left, and fails where the same is going on.
        await asyncio.to_thread(make_arriving, plan.folder.parents[1], recipe.name)
    try:
        began = time.monotonic()
        await _build(plan, report, log_file)
        took_s = time.monotonic() - began
        report(Progress(0.99, message="checking"))
        size_bytes = await asyncio.to_thread(folder_size, plan.folder)
        try:
            mended = await asyncio.to_thread(checked, plan.folder, "")
        except InvalidModelFolder as error:
            raise CompileFailed(
                f"What the builder made cannot be used. {error.message}", error.hint
            ) from error
        report(Progress(0.99, message="importing"))
        options = ImportOptions("move" if recipe.output is None else "link", mended.files)
        try:
            variant_id = await taken_in(backend, plan.folder, recipe.name, options)
        except FoundryError as error:
            raise await asyncio.to_thread(_kept, plan, kept_dir, error) from error
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_put_back, made, was_there))
        raise
    if recipe.output is None:
        await asyncio.to_thread(delete_tree, made)
    return Compiled(variant_id, size_bytes, took_s, mended.said)


async def _build(plan: Plan, report: ProgressCallback, log_file: Path) -> None:
    """Run the builder to its end. Raises `CompileFailed`."""
    follower = _Follower(PhaseReader(plan.checkpoint.layers if plan.checkpoint else None), report)
    with _log(log_file) as log:
        follower.log = log
        follower.take(Line(f"$ {shown(plan.command)}", False))
        try:
            exit_code: int | None = await run_child(
                plan.command,
                child_environment(plan.toolchain.python),
                follower.take,
                silence_s=SILENCE_LIMIT_S,
            )
        except OSError as error:
            raise CompileFailed(
                f"The builder cannot be started: {error.strerror or error}.",
                "Look at the interpreter: --python, or compile_python in the settings.",
            ) from error
    if exit_code != 0:
        raise explain(list(follower.last), exit_code, plan.recipe.source.text, str(log_file))


@dataclass(slots=True)
class _Follower:
    """Takes the builder's lines, and tells of them what a person can use."""

    reader: PhaseReader
    report: ProgressCallback
    log: IO[str] | None = None
    hidden: tuple[str, ...] = field(default_factory=secrets)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))

    def take(self, line: Line) -> None:
        text = hide_secrets(line.text, self.hidden)
        self._write(text)
        if is_noise(text):
            return
        self.last.append(text)
        moved = self.reader.read(text)
        stage = self.reader.stage
        if line.again or stage.phase in ("quantising", "saving"):
            self.report(Progress(stage.fraction, message=stage.message, line=text))
            return
        if moved:
            self.report(Progress(stage.fraction, message=stage.message))
        self.report(Progress(line=text, message=stage.message))

    def _write(self, text: str) -> None:
        if self.log is not None:
            try:
                self.log.write(f"{text}\n")
            except OSError:  # a full disk: the builder will say so itself
                self.log = None


@contextmanager
def _log(path: Path) -> Iterator[IO[str] | None]:
    """Open the log; without one, compiling goes on."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8", errors="replace", buffering=1)
    except OSError:
        yield None
        return
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):
            file.close()


def _put_back(made: Path, was_there: bool) -> None:
    delete_tree(made)
    if was_there:
        made.mkdir()


def _kept(plan: Plan, kept_dir: Path, error: FoundryError) -> CompileFailed:
    """Put a finished model where it stays: it took long, and only the import failed."""
    place, name = kept_dir / plan.recipe.name, plan.recipe.name
    try:
        delete_tree(place)
        kept_dir.mkdir(parents=True, exist_ok=True)
        shutil.move(plan.folder, place)
    except OSError:
        return CompileFailed(f"It was compiled, but not imported. {error.message}", error.hint)
    return CompileFailed(
        f"It was compiled, but not imported. {error.message}",
        f"{error.hint}\nIt is kept: foundry-tui import {place} --name {name} --copy".strip(),
    )
