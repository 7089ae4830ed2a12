"""Carries model directories to another place, so that every step can be taken back."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Literal

from tui.cache.threads import Tell, part_of
from tui.foundry.errors import FoundryError
from tui.foundry.on_disk.local_models import MARKER, delete_tree
from tui.foundry.on_disk.model_folder import read_json

CHUNK_BYTES = 4 * 1024 * 1024
Way = Literal["leave", "move", "link"]


class MoveError(FoundryError):
    """The models cannot be carried to another directory; all is where it was."""

    code = "move_failed"


@dataclass(frozen=True, slots=True)
class Piece:
    """One model directory."""

    variant_id: str
    source: Path
    relative: PurePath
    """Where it lies below the cache."""
    size_bytes: int
    unfinished: bool = False


class Carrier:
    """Moves, copies or links directories. All calls block.

    After `carry` follows either `finish`, once the backend looks into the new place, or `undo`.

    Args:
        pieces: What to carry.
        place: The new cache directory.
        way: How.
    """

    def __init__(self, pieces: Sequence[Piece], place: Path, way: Way) -> None:
        self._pieces = pieces
        self._place = place
        self._way = way
        self._undo: list[Callable[[], object]] = []
        self._sources: list[Path] = []
        """To be deleted at the end: they were copied."""

    def carry(self, tell: Tell) -> None:
        """Bring all pieces to the new place.

        Args:
            tell: Told how far it is; what it raises ends the work, and `undo` has to follow.

        Raises:
            MoveError: The disk refuses.
        """
        total, done = sum(piece.size_bytes for piece in self._pieces), 0
        for piece in self._pieces:
            tell(done, total)
            try:
                self._carry_one(piece, part_of(tell, done, total))
            except OSError as error:
                raise _refused(piece, error) from error
            done += piece.size_bytes
        if self._way == "move":
            for piece in self._pieces:
                try:
                    self._repoint(self._place / piece.relative)
                except OSError as error:
                    raise _refused(piece, error) from error
        tell(total, total)

    def finish(self) -> list[str]:
        """Delete what was copied; returns what could not be deleted, as sentences."""
        left: list[str] = []
        for source in self._sources:
            try:
                delete_tree(source)
            except OSError as error:
                left.append(f"{source} could not be deleted: {error.strerror or error}.")
        for source in {piece.source.parent for piece in self._pieces if self._way == "move"}:
            _delete_empty(source)
        self._undo.clear()
        return left

    def undo(self) -> None:
        """Take everything back; what cannot be taken back stays in the new place as well."""
        while self._undo:
            with contextlib.suppress(OSError):
                self._undo.pop()()

    def _carry_one(self, piece: Piece, tell: Tell) -> None:
        target = self._place / piece.relative
        self._make(target.parent)
        if self._way == "link":
            self._undo.append(lambda: delete_tree(target))
            _link_tree(piece.source, target)
            return
        try:
            os.rename(piece.source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            self._undo.append(lambda: os.rename(target, piece.source))
            return
        part = target.with_name(f".{target.name}.part")
        self._undo.append(lambda: delete_tree(target))
        self._undo.append(lambda: delete_tree(part))
        delete_tree(part)
        _copy_tree(piece.source, part, tell)
        os.rename(part, target)
        self._sources.append(piece.source)

    def _repoint(self, folder: Path) -> None:
        """Let links to models that were moved along point to where these are now."""
        for path, _ in _walk(folder):
            if not path.is_symlink():
                if path.name == MARKER:
                    self._repoint_marker(path)
                continue
            target = os.readlink(path)
            if (moved := self._moved(target)) is not None:
                self._undo.append(partial(_link_anew, path, target))
                _link_anew(path, moved)

    def _repoint_marker(self, path: Path) -> None:
        values = read_json(path) or {}
        model = values.get("model")
        source = model.get("source") if isinstance(model, dict) else None
        if isinstance(source, str) and (moved := self._moved(source)) is not None:
            self._undo.append(partial(path.write_bytes, path.read_bytes()))
            assert isinstance(model, dict)
            text = json.dumps({**values, "model": {**model, "source": moved}}, indent=1)
            path.write_text(text, encoding="utf-8")

    def _moved(self, target: str) -> str | None:
        """Return where something is now that lay in a model which was moved."""
        for piece in self._pieces:
            if Path(target).is_relative_to(piece.source):
                inner = Path(target).relative_to(piece.source)
                return str(self._place / piece.relative / inner)
        return None

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(exist_ok=True)
        self._undo.append(lambda: _delete_empty(folder))


def _refused(piece: Piece, error: OSError) -> MoveError:
    return MoveError(
        f"{piece.source} cannot be carried over: {error.strerror or error}.",
        "Nothing was changed. Check rights and free space of both directories.",
    )


def _link_anew(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _copy_tree(source: Path, target: Path, tell: Tell) -> None:
    """Copy a directory onto another disk, links as links, and see that all of it has arrived."""
    done = 0
    for path, relative in _walk(source):
        place = target / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            os.symlink(os.readlink(path), place)
            continue
        with path.open("rb") as reading, place.open("wb") as writing:
            while chunk := reading.read(CHUNK_BYTES):
                writing.write(chunk)
                done += len(chunk)
                tell(done, 0)
            writing.flush()
            os.fsync(writing.fileno())
        shutil.copystat(path, place)
        if place.stat().st_size != path.stat().st_size:
            raise OSError(errno.EIO, f"{relative} did not arrive whole")
    target.mkdir(parents=True, exist_ok=True)


def _link_tree(source: Path, target: Path) -> None:
    """Make a directory of links: the runtime does not follow links to directories."""
    for path, relative in _walk(source):
        place = target / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.symlink_to(path.resolve())
        except (OSError, NotImplementedError):
            if os.name == "posix":
                raise
            os.link(path, place)  # Windows: symbolic links need rights that most people lack


def _walk(folder: Path) -> Iterator[tuple[Path, Path]]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            yield path, path.relative_to(folder)


def _delete_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
