"""Models as one file or directory, for a machine without a network: written, verified, unpacked.

A bundle is an uncompressed tar (weights do not get smaller) whose first member is a manifest with
the size and SHA-256 of every file; or a directory with such a manifest in it. Plain tar and zip
archives of a model directory can be unpacked too; they just prove nothing about themselves.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from tui.cache.archive import opened
from tui.cache.manifest import LIMIT_BYTES, MANIFEST, BundleError, Manifest, read_manifest
from tui.cache.notes import FileSum, FileSums
from tui.cache.threads import Tell
from tui.formats import format_bytes
from tui.foundry.errors import NotFound
from tui.foundry.ids import same_variant
from tui.foundry.on_disk.local_models import MARKER, OWNED, delete_tree
from tui.foundry.types import CacheEntry, CacheInfo

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")
CHUNK = 1024 * 1024
Form = Literal["file", "directory"]
_NO_DIGEST = "0" * 64
_OLD_DISK = (
    "The disk takes no file of that size: FAT32, as on many USB sticks, ends at 4.3 GB. "
    "Format it as exFAT, or take another."
)


def is_archive(path: Path) -> bool:
    """Tell by its name whether a file may be unpacked as a model."""
    return path.name.lower().endswith(SUFFIXES)


def is_bundle_directory(path: Path) -> bool:
    """Tell whether a directory is a bundle."""
    return (path / MANIFEST).is_file()


def entry_of(cache: CacheInfo, variant_id: str) -> CacheEntry:
    """Return the entry of a variant that is whole on disk. Raises `NotFound`."""
    for entry in cache.entries:
        if entry.state == "complete" and same_variant(entry.variant_id, variant_id):
            return entry
    raise NotFound(f"'{variant_id}' is not on disk.", "Download it first.")


def export_bundle(
    folder: Path,
    variant_id: str,
    target: Path,
    tell: Tell,
    *,
    form: Form = "file",
    known: FileSums | None = None,
) -> tuple[Path, Manifest]:
    """Write a model's directory into a bundle, in one step.

    Args:
        folder: The directory; links in it are followed.
        variant_id: Whose it is.
        target: What to write, or a directory for it; what exists is not replaced.
        tell: Told how far it is; an exception from it ends the work, and nothing stays.
        form: One file, or a directory.
        known: Checksums that were taken earlier: what differs from them is not carried on.

    Returns:
        What was written, and its manifest.

    Raises:
        BundleError: There is no room, no right, nothing to write, or it is damaged.
    """
    label = variant_id.replace(":", "-")
    if target.is_dir():
        target = target / (label if form == "directory" else f"{label}.tar")
    if target.exists():
        raise BundleError(f"There is {target} already.", "Name another one, or delete it.")
    root = _model_root(folder) if form == "directory" else folder
    files = dict(_files(root))
    if not files:
        raise BundleError(f"{folder} holds no files.", "Download the model first.")
    sizes = {name: path.stat().st_size for name, path in files.items()}
    part = target.with_name(f"{target.name}.part")
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    reader = _Reader(files, sizes, tell)
    try:
        _check_room(target.parent, sum(sizes.values()))
        blank = Manifest(variant_id, created_at, {one: (sizes[one], _NO_DIGEST) for one in sizes})
        if form == "directory":
            _write_directory(part, reader)
        else:
            _write_tar(part, reader, blank)
        manifest = Manifest(variant_id, created_at, reader.digests)
        _compare(manifest, known, root.relative_to(folder).as_posix())
        _write_manifest(part, manifest, form)
        os.replace(part, target)
    except OSError as error:
        raise BundleError(
            f"{target} cannot be written: {error.strerror or error}.",
            _OLD_DISK
            if error.errno == errno.EFBIG
            else "Check the directory, its rights and its free space.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            delete_tree(part) if part.is_dir() else part.unlink(missing_ok=True)
    return target, manifest


def sums_of(folder: Path, manifest: Manifest) -> FileSums:
    """Return the checksums of the directory that a bundle was written from."""
    sums: dict[str, FileSum] = {}
    for name, (size, digest) in manifest.files.items():
        sums[name] = (size, (folder / name).stat().st_mtime_ns, digest)
    return sums


def holds_checksums(path: Path) -> bool:
    """Tell whether an archive is a bundle of ours. Raises `BundleError`."""
    with opened(path) as archive:
        return archive.manifest is not None


def verify_bundle(path: Path, tell: Tell = lambda _done, _total: None) -> Manifest:
    """Read a bundle whole, and compare it with its manifest. Raises `BundleError`.

    Args:
        path: A file, or a directory.
        tell: Told how far it is; an exception from it ends the work.
    """
    if path.is_dir():
        return _verify_directory(path, tell)
    with opened(path) as archive:
        manifest = archive.manifest
        if manifest is None:
            raise BundleError(
                f"{path.name} has no manifest: it cannot be verified.",
                "It may still be imported: foundry-tui import FILE --name NAME",
            )
        seen: set[str] = set()
        done = 0
        for name, file in archive.members():
            done = _copy(file, None, manifest, name, tell, done)
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
        with opened(path) as archive:
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


class _Reader:
    """Hands out the files to be packed, and takes their checksums on the way."""

    def __init__(self, files: dict[str, Path], sizes: dict[str, int], tell: Tell) -> None:
        self.sizes = sizes
        self.digests: dict[str, tuple[int, str]] = {}
        self._files = files
        self._tell = tell
        self._done, self._total = 0, sum(sizes.values())

    def items(self) -> Iterator[tuple[str, _Told]]:
        """Yield name and content of each file; the content has to be read whole."""
        for name, path in self._files.items():
            with path.open("rb") as file:
                told = _Told(file, self._read)
                yield name, told
            if told.size != self.sizes[name]:
                raise BundleError(f"{path} changed while it was read.", "Try again.")
            self.digests[name] = (told.size, told.digest.hexdigest())

    def _read(self, count: int) -> None:
        self._done += count
        self._tell(self._done, self._total)


class _Told:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], read: Callable[[int], None]) -> None:
        self._file = file
        self._told = read
        self.size = 0
        self.digest = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        """Read on."""
        data = self._file.read(size)
        self.size += len(data)
        self.digest.update(data)
        self._told(len(data))
        return data


def _write_tar(part: Path, reader: _Reader, blank: Manifest) -> None:
    """Write the archive; the manifest's place in it is filled when all has been read."""
    with part.open("wb") as raw, tarfile.open(fileobj=raw, mode="w") as tar:
        _add(tar, MANIFEST, io.BytesIO(blank.to_bytes()), len(blank.to_bytes()))
        for name, content in reader.items():
            _add(tar, name, content, reader.sizes[name])


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes] | _Told, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    tar.addfile(info, content)


def _write_directory(part: Path, reader: _Reader) -> None:
    for name, content in reader.items():
        place = part / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as output:
            while data := content.read():
                output.write(data)
            output.flush()
            os.fsync(output.fileno())


def _write_manifest(part: Path, manifest: Manifest, form: Form) -> None:
    """Write it, and see that all is on the disk: sticks are pulled."""
    path = part / MANIFEST if form == "directory" else part
    data = manifest.to_bytes()
    with path.open("wb" if form == "directory" else "r+b") as file:
        # Sizes were known and checksums are of one length: it fits where the blank one stands.
        file.seek(0 if form == "directory" else tarfile.BLOCKSIZE)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _compare(manifest: Manifest, known: FileSums | None, prefix: str) -> None:
    for name, (_, _, digest) in (known or {}).items():
        inner = name.removeprefix(f"{prefix}/")
        if inner in manifest.files and manifest.files[inner][1] != digest:
            raise BundleError(
                f"'{name}' is not as it was when its checksum was taken.",
                "See `foundry-tui cache doctor --checksums`: accept it, or get the model again.",
            )


def _verify_directory(path: Path, tell: Tell) -> Manifest:
    try:
        with (path / MANIFEST).open("rb") as file:
            manifest = read_manifest(file.read(LIMIT_BYTES), path.name)
        done = 0
        for name in manifest.files:
            with (path / name).open("rb") as content:
                done = _copy(content, None, manifest, name, tell, done)
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        if missing == MANIFEST:
            raise BundleError(f"{path.name} is no bundle: it has no {MANIFEST}.") from error
        raise BundleError(f"'{missing}' is missing from the bundle.", "Copy it again.") from error
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read: {error.strerror or error}.", "Copy it again."
        ) from error
    return manifest


def _copy(
    file: IO[bytes],
    output: IO[bytes] | None,
    manifest: Manifest | None,
    name: str,
    tell: Tell = lambda _done, _total: None,
    before: int = 0,
) -> int:
    """Read a file, write it where that is wanted, compare it; returns the bytes read so far."""
    digest, size = hashlib.sha256(), 0
    total = manifest.size_bytes if manifest else 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        tell(before + size, total)
        if output is not None:
            output.write(chunk)
    if manifest is not None and manifest.files.get(name) != (size, digest.hexdigest()):
        raise BundleError(f"'{name}' is damaged, or not the one that was packed.", "Copy it again.")
    return before + size


def _check_all(manifest: Manifest, seen: set[str]) -> None:
    if missing := sorted(set(manifest.files) - seen):
        raise BundleError(f"'{missing[0]}' is missing from the bundle.", "Copy it again.")


def _model_root(folder: Path) -> Path:
    """Return the directory inside that can be imported as it is."""
    configs = sorted(folder.rglob("genai_config.json"), key=lambda path: len(path.parts))
    return configs[0].parent if configs else folder


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for parent, _, names in os.walk(folder, followlinks=True):
        for name in sorted(names):
            path = Path(parent, name)
            if name not in (MARKER, OWNED, MANIFEST) and path.is_file():
                yield path.relative_to(folder).as_posix(), path


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
