"""Brings a model of the user's own into the cache: a directory, a bundle or an archive."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from tui.cache.bundle import is_archive, is_bundle_directory, unpack, verify_bundle
from tui.cache.folder_check import check_folder
from tui.cache.mending import Mended, mend
from tui.formats import format_bytes
from tui.foundry.backend import Backend, ProgressCallback
from tui.foundry.errors import InvalidModelFolder
from tui.foundry.on_disk.local_models import delete_tree, folder_size
from tui.foundry.types import ImportOptions, Progress

Way = Literal["link", "copy", "register"]
WAYS: Mapping[Way, str] = {
    "link": "links: no more space, keep the directory",
    "copy": "copies: as much space again",
    "register": "hard links: no more space, same disk",
}
"""How a directory joins the cache, and what that means."""
_CHUNK = 8 * 1024 * 1024
_ARRIVING = ".arriving-"
_ROOM = "Free some space, or link it instead: --link."


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that joined the cache."""

    variant_id: str
    mended: tuple[str, ...] = ()
    """What was written beside its files, a sentence each."""


async def import_from(
    backend: Backend,
    source: Path,
    name: str,
    unpacked_dir: Path,
    *,
    way: Way = "link",
    mend_as: str | None = None,
    report: ProgressCallback = lambda _: None,
) -> Imported:
    """Import a model; nothing is left behind where that fails or is cancelled.

    Args:
        backend: Whose cache it joins.
        source: A directory, a bundle of ours, or a tar or zip of a model directory.
        name: What to call it.
        unpacked_dir: Where archives are unpacked; what lies there goes with its model.
        way: Of a directory; an archive is unpacked in any case.
        mend_as: Mend what can be mended, with this family of chat templates ('': as it seems);
            None to import only what is whole. The source is not written.
        report: Told how far a copy has come.

    Raises:
        InvalidModelFolder, BundleError: It cannot be used; says what to change.
    """
    if await asyncio.to_thread(source.is_dir):
        if await asyncio.to_thread(is_bundle_directory, source):
            await asyncio.to_thread(verify_bundle, source)
        mended = await asyncio.to_thread(checked, source, mend_as)
        if way == "copy":
            variant_id = await _import_copy(backend, source, name, mended.files, report)
        else:
            variant_id = await taken_in(backend, source, name, ImportOptions(way, mended.files))
        return Imported(variant_id, mended.said)
    if not await asyncio.to_thread(source.is_file) or not is_archive(source):
        raise InvalidModelFolder(
            f"{source} is neither a directory nor a .tar or .zip file.",
            "Name the directory of the model, or a bundle made with `cache export`.",
        )
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", name)[:40]
    place = unpacked_dir / f"{safe}-{secrets.token_hex(4)}"
    report(Progress(message="unpacking"))
    unpacking = asyncio.create_task(asyncio.to_thread(unpack, source, place))
    try:
        folder = await asyncio.shield(unpacking)
        mended = await asyncio.to_thread(checked, folder, mend_as)
        variant_id = await taken_in(backend, folder, name, ImportOptions("link", mended.files))
    except BaseException:
        # The thread cannot be stopped: what it still writes would stay.
        await asyncio.wait((unpacking,))
        await asyncio.to_thread(delete_tree, place)
        raise
    return Imported(variant_id, mended.said)


def checked(folder: Path, mend_as: str | None) -> Mended:
    """Return what mends a directory that can be imported. Raises `InvalidModelFolder`."""
    mended = Mended() if mend_as is None else mend(folder, mend_as)
    errors = [one for one in check_folder(folder, mended.files) if one.severity == "error"]
    if not errors:
        return mended
    hints = [f"{one.what}: {one.mend}" if len(errors) > 1 else one.mend for one in errors]
    if all(one.mendable for one in errors):
        hints.append("--mend writes that beside the files, and leaves the directory as it is.")
    raise InvalidModelFolder(
        f"'{folder.name}' cannot be imported: {'; '.join(one.what for one in errors)}.",
        "\n".join(hints),
    )


async def taken_in(backend: Backend, folder: Path, name: str, options: ImportOptions) -> str:
    """Let the backend import; where that is cancelled, the model is taken out again.

    What runs in the backend's process or thread goes on after a cancel, and takes milliseconds.
    """
    importing = asyncio.create_task(backend.import_model(folder, name, options))
    try:
        return await asyncio.shield(importing)
    except asyncio.CancelledError:
        await asyncio.wait((importing,))
        if not importing.cancelled() and importing.exception() is None:
            await backend.remove(importing.result())
        raise


async def _import_copy(
    backend: Backend, source: Path, name: str, files: Mapping[str, str], report: ProgressCallback
) -> str:
    """Copy beside the models, and let the backend take the copy for its own."""
    root = (await backend.cache()).location / "Local"
    place = await asyncio.to_thread(make_arriving, root, secrets.token_hex(4))
    try:
        loop = asyncio.get_running_loop()
        stopped = threading.Event()

        def tell(done: int, total: int) -> None:
            if stopped.is_set():
                raise InvalidModelFolder("Stopped.")
            part = done / total if total else 1.0
            loop.call_soon_threadsafe(report, Progress(part, done, total, "copying"))

        copying = asyncio.create_task(asyncio.to_thread(_copy, source, place / "model", tell))
        try:
            await asyncio.shield(copying)
        except BaseException:
            stopped.set()
            await asyncio.wait((copying,))
            raise
        return await taken_in(backend, place / "model", name, ImportOptions("move", files))
    finally:
        await asyncio.to_thread(delete_tree, place)


def arriving_place(root: Path, label: str) -> Path:
    """Return the directory that `make_arriving` makes."""
    return root / f"{_ARRIVING}{os.getpid()}-{label}"


def make_arriving(root: Path, label: str) -> Path:
    """Make a directory in which a model is put together, on the disk of the models.

    Its name begins with a dot: neither we nor the runtime take it for a model. Those that a
    program left which was killed are deleted.

    Args:
        root: The directory of local models.
        label: Tells it from others of this program.

    Raises:
        InvalidModelFolder: It cannot be made, or is there.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        for old in root.glob(f"{_ARRIVING}*"):
            owner = old.name.removeprefix(_ARRIVING).partition("-")[0]
            if owner.isdecimal() and not psutil.pid_exists(int(owner)):
                with contextlib.suppress(OSError):
                    delete_tree(old)
        place = arriving_place(root, label)
        place.mkdir()
    except FileExistsError as error:
        raise InvalidModelFolder(
            f"'{label}' is being made already.", "Wait for it, or take another name."
        ) from error
    except OSError as error:
        raise InvalidModelFolder(
            f"The cache cannot be written: {error.strerror or error}.",
            f"Check the rights of, and the space in, {root.parent}.",
        ) from error
    return place


def _copy(source: Path, target: Path, tell: Callable[[int, int], None]) -> None:
    """Copy a directory file by file; `tell` may raise to stop it."""
    try:
        total = folder_size(source)
        free = shutil.disk_usage(target.parent).free
        if free < total:
            raise InvalidModelFolder(
                f"{format_bytes(total)} are needed, {format_bytes(free)} are free in the cache.",
                _ROOM,
            )
        done = 0
        for parent, folders, names in os.walk(source):
            folders[:] = [name for name in folders if not name.startswith(".")]
            place = target / Path(parent).relative_to(source)
            place.mkdir(parents=True)
            # A link to nothing is no file of the model: one that is needed was missed before.
            for name in (one for one in names if one[0] != "." and Path(parent, one).exists()):
                with open(Path(parent, name), "rb") as read, open(place / name, "wb") as write:
                    while chunk := read.read(_CHUNK):
                        write.write(chunk)
                        done += len(chunk)
                        tell(done, total)
    except OSError as error:
        raise InvalidModelFolder(
            f"It could not be copied: {error.strerror or error}.", _ROOM
        ) from error
