"""Models as one file, for a machine without a network: written, verified, unpacked.

A bundle is an uncompressed tar (weights do not get smaller) whose first member is a manifest with
the size and SHA-256 of every file. Plain tar and zip archives of a model directory can be unpacked
too; they just prove nothing about themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tui.formats import format_bytes
from tui.foundry.errors import FoundryError, NotFound
from tui.foundry.ids import same_variant
from tui.foundry.on_disk.local_models import MARKER, OWNED, delete_tree
from tui.foundry.types import CacheEntry, CacheInfo

MANIFEST = "foundry-tui-bundle.json"
SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")
CHUNK = 1024 * 1024
MANIFEST_LIMIT_BYTES = 16 * 1024 * 1024
Tell = Callable[[int, int], None]
"""Told bytes done and bytes in all."""


class BundleError(FoundryError):
    """A bundle cannot be written, or is not what it says it is."""

    code = "bundle_broken"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says about itself."""

    variant_id: str
    created_at: str
    files: Mapping[str, tuple[int, str]]
    """Size and SHA-256 by path inside the bundle."""

    @property
    def size_bytes(self) -> int:
        """Sum over all files."""
        return sum(size for size, _ in self.files.values())


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file may be unpacked as a model."""
    return path.name.lower().endswith(SUFFIXES)


def entry_of(cache: CacheInfo, variant_id: str) -> CacheEntry:
    """Return the entry of a variant that is whole on disk. Raises `NotFound`."""
    for entry in cache.entries:
        if entry.state == "complete" and same_variant(entry.variant_id, variant_id):
            return entry
    raise NotFound(f"'{variant_id}' is not on disk.", "Download it first.")


def export_bundle(folder: Path, variant_id: str, target: Path, tell: Tell) -> Manifest:
    """Write a model's directory into a bundle, in one step.

    Args:
        folder: The directory; links in it are followed.
        variant_id: Whose it is.
        target: The file to write, or a directory for it; an existing file is not replaced.
        tell: Told how far it is; an exception from it ends the work, and nothing stays.

    Raises:
        BundleError: There is no room, no right, or nothing to write.
    """
    if target.is_dir():
        target = target / f"{variant_id.replace(':', '-')}.tar"
    if target.exists():
        raise BundleError(f"There is a file {target} already.", "Name another one, or delete it.")
    files = dict(_files(folder))
    if not files:
        raise BundleError(f"{folder} holds no files.", "Download the model first.")
    part = target.with_name(f"{target.name}.part")
    try:
        total = sum(path.stat().st_size for path in files.values())
        _check_room(target.parent, total)
        hashed = {name: _hashed(path) for name, path in files.items()}
        manifest = Manifest(variant_id, datetime.now(UTC).isoformat(timespec="seconds"), hashed)
        with tarfile.open(part, "w", dereference=True) as tar:
            _add_bytes(tar, MANIFEST, _manifest_bytes(manifest))
            done = 0
            for name, path in files.items():
                tell(done, total)
                tar.add(path, name, recursive=False)
                done += hashed[name][0]
        os.replace(part, target)
        tell(total, total)
    except OSError as error:
        raise BundleError(
            f"{target} cannot be written: {error.strerror or error}.",
            "Check the directory, its rights and its free space.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return manifest


def verify_bundle(path: Path) -> Manifest:
    """Read a bundle whole, and compare it with its manifest. Raises `BundleError`."""
    with _opened(path) as archive:
        manifest = archive.manifest
        if manifest is None:
            raise BundleError(
                f"{path.name} has no manifest: it cannot be verified.",
                "It may still be imported: foundry-tui import FILE --name NAME",
            )
        seen: set[str] = set()
        for name, file in archive.members():
            _copy(file, None, manifest, name)
            seen.add(name)
        _check_all(manifest, seen)
        return manifest


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a bundle or an archive into a new directory, and verify what can be verified.

    Args:
        path: The file.
        folder: Where to; it must not exist. On an error it is deleted again.

    Returns:
        The directory inside it that holds the model.

    Raises:
        BundleError: It is damaged, holds no model, or would write outside of the directory.
    """
    try:
        folder.mkdir(parents=True)
        (folder / OWNED).write_text("Unpacked by Foundry TUI; deleted with its model.\n")
        with _opened(path) as archive:
            _check_room(folder, archive.size_bytes)
            seen: set[str] = set()
            for name, file in archive.members():
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as output:
                    _copy(file, output, archive.manifest, name)
                seen.add(name)
            if archive.manifest is not None:
                _check_all(archive.manifest, seen)
        models = sorted(folder.rglob("genai_config.json"), key=lambda one: len(one.parts))
        if not models:
            raise BundleError(
                f"{path.name} holds no genai_config.json: it is no model.",
                "Pack the directory that holds it.",
            )
        return models[0].parent
    except OSError as error:
        delete_tree(folder)
        raise BundleError(
            f"{path.name} cannot be unpacked: {error.strerror or error}.",
            f"Check the rights of, and the space in, {folder.parent}.",
        ) from error
    except BaseException:
        delete_tree(folder)
        raise


class _Archive:
    """Reads a tar or zip file by file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest: Manifest | None = None
        self.size_bytes = path.stat().st_size
        self._tar = tarfile.open(path) if tarfile.is_tarfile(path) else None  # noqa: SIM115
        self._zip = zipfile.ZipFile(path) if self._tar is None else None

    def read_manifest(self) -> None:
        """Read the manifest, where the first member is one."""
        with contextlib.closing(self._raw()) as files:
            name, file = next(files, ("", io.BytesIO()))
            if name == MANIFEST:
                self.manifest = _read_manifest(file.read(MANIFEST_LIMIT_BYTES), self._path.name)

    def members(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield name and content of each file but the manifest."""
        yield from ((name, file) for name, file in self._raw() if name != MANIFEST)

    def _raw(self) -> Generator[tuple[str, IO[bytes]], None, None]:
        if self._tar is not None:
            for member in self._tar.getmembers():
                if member.isdir():
                    continue
                if not member.isreg():
                    raise BundleError(
                        f"{self._path.name} holds '{member.name[:80]}', which is no plain file.",
                        "Pack the files themselves, without links.",
                    )
                file = self._tar.extractfile(member)
                assert file is not None
                yield _safe(member.name, self._path.name), file
        elif self._zip is not None:
            for info in self._zip.infolist():
                if not info.is_dir():
                    with self._zip.open(info) as content:
                        yield _safe(info.filename, self._path.name), content

    def close(self) -> None:
        for archive in (self._tar, self._zip):
            if archive is not None:
                archive.close()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_Archive]:
    broken = (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError)
    try:
        archive = _Archive(path)
        try:
            archive.read_manifest()
            yield archive
        finally:
            archive.close()
    except broken as error:
        raise BundleError(
            f"{path.name} is no archive that can be read: {error}.", "Copy it again."
        ) from error


def _safe(name: str, archive: str) -> str:
    """Return a path that stays inside; raises for any other."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or not path.parts:
        raise BundleError(
            f"{archive} would write outside of its directory.", "Do not use it; pack it anew."
        )
    return str(path)


def _copy(file: IO[bytes], output: IO[bytes] | None, manifest: Manifest | None, name: str) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if output is not None:
            output.write(chunk)
    if manifest is not None and manifest.files.get(name) != (size, digest.hexdigest()):
        raise BundleError(f"'{name}' is damaged, or not the one that was packed.", "Copy it again.")


def _check_all(manifest: Manifest, seen: set[str]) -> None:
    if missing := sorted(set(manifest.files) - seen):
        raise BundleError(f"'{missing[0]}' is missing from the bundle.", "Copy it again.")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for parent, _, names in os.walk(folder, followlinks=True):
        for name in sorted(names):
            path = Path(parent, name)
            if name not in (MARKER, OWNED) and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _hashed(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _check_room(folder: Path, need: int) -> None:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < need:
        raise BundleError(
            f"{format_bytes(need)} are needed, {format_bytes(free)} are free at {folder}.",
            "Free some space, or take another directory.",
        )


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _manifest_bytes(manifest: Manifest) -> bytes:
    values = {
        "schema": 1,
        "variant": manifest.variant_id,
        "created_at": manifest.created_at,
        "files": [
            {"path": name, "size_bytes": size, "sha256": digest}
            for name, (size, digest) in manifest.files.items()
        ],
    }
    return json.dumps(values, indent=1).encode()


def _read_manifest(data: bytes, name: str) -> Manifest:
    try:
        values: dict[str, Any] = json.loads(data)
        files = {
            _safe(str(one["path"]), name): (int(one["size_bytes"]), str(one["sha256"]))
            for one in values["files"]
        }
        return Manifest(str(values["variant"]), str(values["created_at"]), files)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The manifest of {name} cannot be read.", "Copy it again.") from error
